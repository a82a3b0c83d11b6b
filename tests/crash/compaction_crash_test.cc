// The compaction of the journal cut at every mutating call of the disk, the opening after it cut
// again at each of its own, and every call failing: the node knows the same in every case, and what
// is journalled afterwards stays.
#include <gtest/gtest.h>

#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "node-agent/transaction/journal.h"
#include "tests/support/random_journal.h"
#include "tests/support/sim_clock.h"
#include "tests/support/sim_disk.h"

namespace belay {
namespace {

using Cut = SimDisk::Cut;

constexpr const char* kPath = "/state/journal";
constexpr std::size_t kHuge = std::size_t{1} << 40;
constexpr CompactionLimits kLimits = {10, kHuge, 1, kHuge, kHuge};

absl::StatusOr<std::unique_ptr<Journal>> Open(SimDisk& disk, const SimClock& clock) {
  return Journal::Open(disk, clock, kPath, "another journal", nullptr);
}

v1::Record Refusal(const std::string& rollout) {
  v1::Record record;
  record.mutable_run()->set_rollout_id(rollout);
  record.mutable_run_refused()->set_reason("no");
  return record;
}

class CompactionCrash : public testing::Test {
 protected:
  CompactionCrash() {
    disk.PutDirectory("/state");
    std::mt19937 random(7);
    const std::unique_ptr<FramedLog> log = *FramedLog::Open(disk, kPath);
    for (const v1::Record& record : RandomJournal(random, 120)) {
      EXPECT_TRUE(log->Append(RecordBytes(record)).ok());
    }
    wanted = StateText((*Open(disk, clock))->state());
    whole = disk.Read(kPath)->bytes;
  }

  // A life that compacts.  Unknown: a crash ended it.
  absl::StatusOr<bool> Live(SimDisk& on, const CompactionLimits& limits = kLimits) {
    try {
      auto journal = Open(on, clock);
      if (!journal.ok()) return journal.status();
      return (*journal)->Compact(1000, limits);
    } catch (const Crash&) {
      return absl::UnknownError("crashed");
    }
  }

  // What must be there in the end, and stay.
  void Check(SimDisk on, const std::string& schedule) {
    on.Disarm();
    {
      const auto journal = Open(on, clock);
      ASSERT_TRUE(journal.ok()) << journal.status() << schedule;
      ASSERT_EQ(StateText((*journal)->state()), wanted) << schedule;
      ASSERT_TRUE((*journal)->Append(Refusal("later")).ok()) << schedule;
      EXPECT_TRUE(absl::IsNotFound(on.Read("/state/journal.new").status())) << schedule;
    }
    std::mt19937 unused;
    on.Apply(Cut::Lose, unused);
    const auto journal = Open(on, clock);
    ASSERT_TRUE(journal.ok()) << journal.status() << schedule;
    ASSERT_EQ((*journal)->records().back().run().rollout_id(), "later") << schedule;
  }

  SimDisk disk;
  SimClock clock;
  std::string wanted;
  std::string whole;
};

TEST_F(CompactionCrash, UncutItMakesTheFileSmallerAndSaysTheSame) {
  const auto done = Live(disk);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_TRUE(*done);
  EXPECT_LT(disk.Read(kPath)->bytes.size(), whole.size());
  EXPECT_EQ(disk.Read(kPath)->attributes.mode, 0600U);
  Check(disk, "");
  const auto again = Live(disk);
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(*again) << "there is nothing left to gain";
}

// What this very life appends to the new file is as safe as what it appended to the old one.
TEST_F(CompactionCrash, WhatIsAppendedAfterItSurvivesAPowerCut) {
  {
    const auto journal = Open(disk, clock);
    ASSERT_TRUE(*(*journal)->Compact(1000, kLimits));
    ASSERT_TRUE((*journal)->Append(Refusal("later")).ok());
  }
  std::mt19937 unused;
  disk.Apply(Cut::Lose, unused);
  EXPECT_EQ((*Open(disk, clock))->records().back().run().rollout_id(), "later");
}

TEST_F(CompactionCrash, CutAnywhereAndAgainWhileItIsOpenedNothingIsLost) {
  int schedules = 0;
  for (const Cut first : {Cut::Kill, Cut::Lose, Cut::Keep, Cut::Torn}) {
    for (unsigned seed = 0; seed < (first == Cut::Torn ? 8U : 1U); ++seed) {
      for (int k1 = 0;; ++k1) {
        SimDisk once = disk;
        once.CrashAt(k1, first == Cut::Kill || seed % 2 == 1);
        static_cast<void>(Live(once));
        if (!once.triggered()) break;
        std::mt19937 random(seed * 100 + static_cast<unsigned>(k1));
        once.Apply(first, random);
        Check(once, absl::StrCat(" cut ", static_cast<int>(first), " at ", k1));
        for (int k2 = 0;; ++k2) {  // the next life compacts as well
          SimDisk twice = once;
          twice.CrashAt(k2, seed % 2 == 0);
          static_cast<void>(Live(twice));
          const bool cut = twice.triggered();
          std::mt19937 second(seed * 1000 + static_cast<unsigned>(k2));
          twice.Apply(Cut::Torn, second);
          ++schedules;
          Check(twice, absl::StrCat(" cut ", static_cast<int>(first), " at ", k1, " and ", k2));
          if (HasFailure()) return;
          if (!cut) break;
        }
      }
    }
  }
  std::printf("%d schedules\n", schedules);
  EXPECT_GT(schedules, 300);
}

// A checkpoint that has to forget: the node knows all of it or all that is left, never a mixture,
// and folds up in the end.
TEST_F(CompactionCrash, OneThatForgetsLeavesTheOldOrTheNewWhole) {
  CompactionLimits limits = kLimits;
  limits.keep_records = 0;
  limits.most_checkpoint_bytes = 4000;
  SimDisk uncut = disk;
  ASSERT_TRUE(*Live(uncut, limits));
  const std::string forgot = StateText((*Open(uncut, clock))->state());
  ASSERT_NE(forgot, wanted);
  int schedules = 0;
  int old = 0;
  for (const Cut cut : {Cut::Kill, Cut::Lose, Cut::Keep, Cut::Torn}) {
    for (unsigned seed = 0; seed < (cut == Cut::Torn ? 8U : 1U); ++seed) {
      for (int k = 0;; ++k) {
        SimDisk on = disk;
        on.CrashAt(k, cut == Cut::Kill || seed % 2 == 1);
        static_cast<void>(Live(on, limits));
        if (!on.triggered()) break;
        std::mt19937 random(seed * 100 + static_cast<unsigned>(k));
        on.Apply(cut, random);
        const std::string schedule = absl::StrCat(" cut ", static_cast<int>(cut), " at ", k);
        const auto opened = Open(on, clock);
        ASSERT_TRUE(opened.ok()) << opened.status() << schedule;
        const std::string is = StateText((*opened)->state());
        ASSERT_TRUE(is == wanted || is == forgot) << schedule;
        old += is == wanted ? 1 : 0;
        ASSERT_TRUE(Live(on, limits).ok()) << schedule;
        ASSERT_EQ(StateText((*Open(on, clock))->state()), forgot) << schedule;
        ++schedules;
      }
    }
  }
  EXPECT_GT(schedules, 60);
  EXPECT_GT(old, 10);
  EXPECT_LT(old, schedules);
}

// A life after the failure that goes on with the same journal, as an agent does.
TEST_F(CompactionCrash, AnyCallFailingLeavesAJournalThatGoesOnOrSaysThatItCannot) {
  for (const absl::Status& error : {absl::ResourceExhaustedError("No space left on device"),
                                    absl::UnavailableError("Input/output error"),
                                    absl::PermissionDeniedError("Operation not permitted")}) {
    for (const Cut cut : {Cut::Kill, Cut::Lose, Cut::Keep, Cut::Torn}) {
      for (int k = 0;; ++k) {
        SimDisk on = disk;
        const auto opened = Open(on, clock);
        ASSERT_TRUE(opened.ok());
        Journal& journal = **opened;
        on.FailAt(k, error);
        const auto done = journal.Compact(1000, kLimits);
        if (!on.triggered()) {
          EXPECT_TRUE(done.ok());
          break;
        }
        ASSERT_EQ(StateText(journal.state()), wanted);
        const std::string schedule = absl::StrCat(" ", error.message(), " at ", k);
        const absl::Status appended = journal.Append(Refusal("next"));
        const bool dead = absl::IsFailedPrecondition(done.status());
        EXPECT_EQ(absl::IsFailedPrecondition(appended), dead) << schedule;
        EXPECT_TRUE(dead || appended.ok()) << appended << schedule;
        std::mt19937 random(static_cast<unsigned>(k));
        on.Apply(cut, random);
        const auto after = Open(on, clock);
        ASSERT_TRUE(after.ok()) << after.status() << schedule;
        const bool there = (*after)->records().back().run().rollout_id() == "next";
        EXPECT_EQ(there, appended.ok()) << schedule;
        EXPECT_TRUE(there || StateText((*after)->state()) == wanted) << schedule;
      }
    }
  }
}

}  // namespace
}  // namespace belay
