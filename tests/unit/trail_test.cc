// The chain of the audit trail, and what is counted instead of recorded.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/trail/chain.h"
#include "server/audit/summary.h"

namespace belay {
namespace {

using Entries = std::vector<v1::AuditEntry>;

Entries Trail(int count) {
  Entries entries;
  std::string head = TrailBeginning();
  for (int i = 1; i <= count; ++i) {
    v1::AuditRecord record;
    record.set_number(static_cast<std::uint64_t>(i));
    record.set_identity("spiffe://belay/operator/ada");
    record.set_method("m");
    v1::AuditEntry& entry = entries.emplace_back();
    entry.set_record(record.SerializeAsString());
    head = ChainHash(head, entry.record());
    entry.set_hash(head);
  }
  return entries;
}

absl::Status Read(const Entries& entries, TrailReader* reader) {
  for (const v1::AuditEntry& entry : entries) {
    if (absl::Status taken = reader->Take(entry); !taken.ok()) return taken;
  }
  return absl::OkStatus();
}
bool IsWhole(const Entries& entries) {
  TrailReader reader;
  return Read(entries, &reader).ok();
}

TEST(TrailChain, AWholeOneIsReadToItsHead) {
  const Entries entries = Trail(5);
  TrailReader reader;
  ASSERT_TRUE(Read(entries, &reader).ok());
  EXPECT_EQ(reader.last(), 5u);
  EXPECT_EQ(reader.head(), entries[4].hash());
  EXPECT_TRUE(reader.Passed(entries[2].hash()));
  EXPECT_FALSE(reader.Passed(ChainHash("", "")));
  EXPECT_EQ(reader.head().size(), 32u);
}

TEST(TrailChain, EveryFlippedBitShows) {
  const Entries entries = Trail(4);
  int flipped = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    for (const bool of_hash : {false, true}) {
      const std::string bytes = of_hash ? entries[i].hash() : entries[i].record();
      for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        Entries changed = entries;
        std::string other = bytes;
        other[bit / 8] =
            static_cast<char>(static_cast<unsigned char>(other[bit / 8]) ^ (1U << (bit % 8)));
        (of_hash ? *changed[i].mutable_hash() : *changed[i].mutable_record()) = other;
        EXPECT_FALSE(IsWhole(changed)) << "bit " << bit << " of record " << i + 1;
        ++flipped;
      }
    }
  }
  EXPECT_GT(flipped, 2000);
}

TEST(TrailChain, WhatIsLeftOutDoubledOrMovedShowsAndIsNamed) {
  const Entries entries = Trail(6);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    Entries changed = entries;
    changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_EQ(IsWhole(changed), i + 1 == entries.size()) << "the end needs a head that was kept";
    changed = entries;
    changed.insert(changed.begin() + static_cast<std::ptrdiff_t>(i), entries[i]);
    EXPECT_FALSE(IsWhole(changed));
    for (std::size_t j = i + 1; j < entries.size(); ++j) {
      changed = entries;
      std::swap(changed[i], changed[j]);
      EXPECT_FALSE(IsWhole(changed));
    }
  }
  TrailReader reader;
  Entries changed = entries;
  changed.erase(changed.begin() + 3);
  const absl::Status broken = Read(changed, &reader);
  EXPECT_TRUE(absl::IsDataLoss(broken));
  EXPECT_NE(broken.message().find("behind record 3 comes one that calls itself 5"),
            std::string::npos)
      << broken;
}

TEST(TrailChain, ARecordThatIsRewrittenWithAHashOfItsOwnBreaksTheNextOne) {
  Entries entries = Trail(4);
  v1::AuditRecord record;
  record.set_number(2);
  record.set_method("something else");
  entries[1].set_record(record.SerializeAsString());
  entries[1].set_hash(ChainHash(entries[0].hash(), entries[1].record()));
  TrailReader reader;
  EXPECT_TRUE(absl::IsDataLoss(Read(entries, &reader)));
  EXPECT_EQ(reader.last(), 2u) << "the third does not follow from it";
}

TEST(TrailChain, AnEndThatWasCutOffShowsByAKeptHead) {
  const Entries entries = Trail(6);
  TrailReader reader;
  ASSERT_TRUE(Read({entries.begin(), entries.begin() + 4}, &reader).ok());
  EXPECT_FALSE(reader.Passed(entries[5].hash()));
  EXPECT_TRUE(reader.Passed(entries[3].hash()));
}

v1::AuditRecord Call(const std::string& who, v1::AuditRecord::Decision decision) {
  v1::AuditRecord record;
  record.set_identity(who);
  record.set_method("m");
  record.set_decision(decision);
  record.set_request_sha256("of one of them");
  return record;
}

TEST(TrailSummary, WhatChangesSomethingIsNeverCounted) {
  audit::Summary summary;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(summary.Take(Call("ada", v1::AuditRecord::ALLOWED), audit::Kind::Each, 1));
  }
  EXPECT_TRUE(summary.Due(1, true).empty());
}

TEST(TrailSummary, OneReadInTenMinutesIsRecordedAndTheOthersAreCounted) {
  audit::Summary summary;
  const auto read = Call("ada", v1::AuditRecord::ALLOWED);
  EXPECT_TRUE(summary.Take(read, audit::Kind::Reads, 0));
  EXPECT_TRUE(summary.Take(Call("bob", v1::AuditRecord::ALLOWED), audit::Kind::Reads, 0));
  for (int i = 1; i <= 7; ++i) EXPECT_FALSE(summary.Take(read, audit::Kind::Reads, i));
  EXPECT_TRUE(summary.Due(599'999, false).empty());
  const auto due = summary.Due(600'000, false);
  ASSERT_EQ(due.size(), 1u) << "bob's was recorded, and nothing was counted";
  EXPECT_EQ(due[0].more(), 7u);
  EXPECT_EQ(due[0].identity(), "ada");
  EXPECT_EQ(due[0].wall_unix_ms(), 600'000);
  EXPECT_EQ(due[0].request_sha256(), "");
  EXPECT_TRUE(summary.Take(read, audit::Kind::Reads, 600'001)) << "a new window";
}

TEST(TrailSummary, AStrangersNoiseIsTenRecordsAndItsNumber) {
  audit::Summary summary;
  int recorded = 0;
  for (int i = 0; i < 100'000; ++i) {
    recorded += summary.Take(Call("", v1::AuditRecord::DENIED), audit::Kind::Few, i / 2) ? 1 : 0;
  }
  EXPECT_EQ(recorded, 10);
  EXPECT_TRUE(summary.Take(Call("ada", v1::AuditRecord::DENIED), audit::Kind::Few, 50'000))
      << "others are not hidden in it";
  const auto due = summary.Due(50'000, true);
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].more(), 99'990u);
}

TEST(TrailSummary, WhoeverGoesOnAndOnIsANumberInEachWindowAndNoMore) {
  audit::Summary summary;
  const auto denied = Call("spiffe://belay/operator/vic", v1::AuditRecord::DENIED);
  std::size_t recorded = 0;
  std::uint64_t told = 0;
  constexpr std::int64_t kSecond = 1000;
  constexpr std::int64_t kDay = 86'400 * kSecond;
  for (std::int64_t now = 0; now < kDay; now += 5 * kSecond) {
    for (const v1::AuditRecord& each : summary.Due(now, false)) {
      ++recorded;
      told += each.more();
    }
    recorded += summary.Take(denied, audit::Kind::Few, now) ? 1 : 0;
  }
  EXPECT_EQ(recorded, 10u + 143u) << "a record for each ten minutes that have ended";
  for (const v1::AuditRecord& each : summary.Due(kDay, false)) told += each.more();
  EXPECT_EQ(told + 10, 86'400u / 5) << "and every call is told of";
  EXPECT_TRUE(summary.Due(kDay + 600 * kSecond, false).empty());
  EXPECT_TRUE(summary.Take(denied, audit::Kind::Few, kDay + 601 * kSecond))
      << "ten minutes of peace, and it begins anew";
}

TEST(TrailSummary, AWindowOfAClockThatWasAheadHasEnded) {
  audit::Summary summary;
  constexpr std::int64_t kAhead = 1'000'000'000'000;
  const auto read = Call("ada", v1::AuditRecord::ALLOWED);
  EXPECT_TRUE(summary.Take(read, audit::Kind::Reads, kAhead));
  EXPECT_TRUE(summary.Take(read, audit::Kind::Reads, 1)) << "nothing is counted for years";
  EXPECT_FALSE(summary.Take(read, audit::Kind::Reads, 2));
  EXPECT_TRUE(summary.Take(Call("bob", v1::AuditRecord::ALLOWED), audit::Kind::Reads, kAhead));
  EXPECT_FALSE(summary.Take(Call("bob", v1::AuditRecord::ALLOWED), audit::Kind::Reads, kAhead));
  const auto due = summary.Due(3, false);
  ASSERT_EQ(due.size(), 1u) << "ada's goes on";
  EXPECT_EQ(due[0].identity(), "bob");
}

TEST(TrailSummary, WhatATokenAllowsIsCountedByItsNode) {
  audit::Summary summary;
  auto enrol = Call("", v1::AuditRecord::ALLOWED);
  enrol.set_target("prod/cp1");
  int recorded = 0;
  for (int i = 0; i < 1000; ++i) recorded += summary.Take(enrol, audit::Kind::Few, 1) ? 1 : 0;
  EXPECT_EQ(recorded, 10);
  enrol.set_target("prod/cp2");
  EXPECT_TRUE(summary.Take(enrol, audit::Kind::Few, 1));
  auto denied = Call("", v1::AuditRecord::DENIED);
  for (int i = 0; i < 1000; ++i) {
    denied.set_target("whatever " + std::to_string(i));
    recorded += summary.Take(denied, audit::Kind::Few, 1) ? 1 : 0;
  }
  EXPECT_EQ(recorded, 20) << "a stranger chooses no names to be counted by";
}

}  // namespace
}  // namespace belay
