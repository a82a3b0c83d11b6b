// Which records are folded up, and that the node knows the same afterwards.
#include "node-agent/transaction/compaction.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "node-agent/transaction/checkpoint.h"
#include "node-agent/transaction/forget.h"
#include "node-agent/transaction/machine.h"
#include "node-agent/transaction/undo.h"
#include "tests/support/random_journal.h"

namespace belay {
namespace {

using Records = std::vector<v1::Record>;

constexpr std::size_t kHuge = std::size_t{1} << 40;
// Compacts whatever may be compacted.
constexpr CompactionLimits kAll = {0, kHuge, 1, kHuge, kHuge};

Records Apply(const Records& records, const Compaction& compaction) {
  Records left = {compaction.checkpoint};
  left.insert(left.end(), records.begin() + static_cast<std::ptrdiff_t>(compaction.dropped),
              records.end());
  return left;
}

// Through bytes, as it comes from the disk.
Records Reread(Records records) {
  for (v1::Record& record : records) {
    const std::string bytes = record.SerializeAsString();
    EXPECT_TRUE(record.ParseFromString(bytes));
  }
  return records;
}

TEST(Compaction, TheFoldOfACompactedJournalIsThatOfTheWholeOne) {
  const char* const given = std::getenv("BELAY_PROPERTY_SEED");
  const unsigned first = given == nullptr ? 1 : static_cast<unsigned>(std::atoi(given));
  int compacted = 0;
  int again = 0;
  for (unsigned seed = first; seed < first + 60; ++seed) {
    SCOPED_TRACE(absl::StrCat("BELAY_PROPERTY_SEED=", seed));
    std::mt19937 random(seed);
    // Some so long that not all steps can be undone any more.
    Records whole = RandomJournal(random, seed % 10 == 0 ? 900 : 20 + random() % 300);
    const std::string wanted = StateText(*Fold(whole));
    std::uint64_t acknowledged = random() % (whole.size() + 1);
    CompactionLimits limits = kAll;
    limits.keep_records = random() % 50;
    if (seed % 2 == 0) {  // as much as there is
      acknowledged = whole.size();
      limits.keep_records = 0;
    }
    Records records = whole;
    for (int round = 0; round < 2; ++round) {  // the second over a journal that begins with one
      const std::uint64_t held = round == 0 ? acknowledged : whole.size();
      const auto found = FindCompaction(records, held, limits);
      ASSERT_TRUE(found.ok()) << found.status();
      if (!*found) continue;
      ++(round == 0 ? compacted : again);
      EXPECT_LE((*found)->checkpoint.seq(), held) << "one that nobody else has is gone";
      EXPECT_EQ((*found)->checkpoint.seq(), records[(*found)->dropped - 1].seq());
      records = Reread(Apply(records, **found));
      EXPECT_GE(records.size() - 1, limits.keep_records) << "the newest stay";
      const auto state = Fold(records);
      ASSERT_TRUE(state.ok()) << state.status();
      ASSERT_EQ(StateText(*state), wanted);
    }
  }
  EXPECT_GT(compacted, 40);
  EXPECT_GT(again, 15);
}

// What can follow must be the same too: every later record is taken or refused alike.
TEST(Compaction, WhatComesLaterIsTakenOrRefusedAlike) {
  for (unsigned seed = 1; seed < 15; ++seed) {
    std::mt19937 random(seed);
    const Records whole = RandomJournal(random, 300);
    const std::size_t half = 150;
    const auto found = FindCompaction({whole.begin(), whole.begin() + half}, whole.size(), kAll);
    ASSERT_TRUE(found.ok() && *found) << seed;
    Records records = Apply({whole.begin(), whole.begin() + half}, **found);
    records.insert(records.end(), whole.begin() + half, whole.end());
    EXPECT_EQ(StateText(*Fold(records)), StateText(*Fold(whole))) << seed;
    // Runs that have ended before are still known: none begins a second time.
    for (const v1::Record& record : whole) {
      if (!record.has_run_accepted()) continue;
      v1::Record repeated = record;
      repeated.set_seq(whole.size() + 1);
      repeated.mutable_run_accepted()->set_epoch(1000);
      EXPECT_FALSE(Advance(*Fold(records), repeated).ok()) << seed;
    }
  }
}

Records Journal(std::size_t count) {
  Records records(1);
  records[0].set_seq(1);
  records[0].mutable_journal_created()->set_journal_id("j");
  while (records.size() < count) {
    v1::Record record;
    record.set_seq(records.size() + 1);
    record.mutable_run()->set_rollout_id(absl::StrCat("r", record.seq()));
    record.mutable_run_refused()->set_reason("no");
    records.push_back(record);
  }
  return records;
}

std::size_t Dropped(const Records& records, std::uint64_t acknowledged,
                    const CompactionLimits& limits) {
  const auto found = FindCompaction(records, acknowledged, limits);
  EXPECT_TRUE(found.ok()) << found.status();
  return found.ok() && *found ? (*found)->dropped : 0;
}

TEST(Compaction, ItWaitsUntilItIsWorthIt) {
  const CompactionLimits limits;
  EXPECT_EQ(Dropped(Journal(1999), 5000, limits), 0U);
  EXPECT_EQ(Dropped(Journal(2000), 5000, limits), 1000U);
  EXPECT_EQ(Dropped(Journal(2500), 5000, limits), 1500U);
  // One that was made already counts for nothing.
  Records records = Journal(2000);
  records = Apply(records, **FindCompaction(records, 5000, limits));
  EXPECT_EQ(Dropped(records, 5000, limits), 0U);
  CompactionLimits few = limits;
  few.keep_records = 10;
  few.drop_bytes = 5000;
  records = Apply(records, **FindCompaction(records, 5000, few));
  ASSERT_GT(records[0].ByteSizeLong(), few.drop_bytes);
  EXPECT_EQ(Dropped(records, 5000, few), 0U);
}

TEST(Compaction, ManyBytesInFewRecordsAreCompactedToo) {
  Records records = Journal(40);
  for (std::size_t i = 1; i < records.size(); ++i) {
    records[i].mutable_run_refused()->set_reason(std::string(512 << 10, 'x'));
  }
  CompactionLimits limits;
  limits.most_checkpoint_bytes = kHuge;
  const std::size_t dropped = Dropped(records, 5000, limits);
  EXPECT_GT(dropped, 20U);
  std::size_t kept = 0;
  for (std::size_t i = dropped; i < records.size(); ++i) kept += records[i].ByteSizeLong();
  EXPECT_LE(kept, limits.keep_bytes);
  // A checkpoint that is too large goes without the words of those verdicts.
  const auto found = FindCompaction(records, 5000, CompactionLimits());
  ASSERT_TRUE(found.ok() && *found) << found.status();
  EXPECT_EQ((*found)->dropped, dropped);
  EXPECT_TRUE((*found)->forgotten);
  EXPECT_LT((*found)->checkpoint.ByteSizeLong(), std::size_t{1} << 20);
}

// Of whatever a checkpoint lets go, nothing is needed so that no run begins a second time.
void ExpectOnlyOldThingsForgotten(const NodeState& was, const NodeState& is) {
  EXPECT_TRUE(SameButForForgotten(was, is));
  ASSERT_EQ(was.finished_runs.size(), is.finished_runs.size());
  for (const auto& [name, run] : was.finished_runs) {
    ASSERT_TRUE(is.finished_runs.contains(name));
    EXPECT_EQ(is.finished_runs.at(name).outcome.verdict(), run.outcome.verdict());
  }
  EXPECT_EQ(was.finished_runs.at(was.last_finished).outcome.reason(),
            is.finished_runs.at(is.last_finished).outcome.reason());
  // What can still be undone is what was done last; the rest is told as beyond it.
  ASSERT_LE(is.committed_steps.size(), was.committed_steps.size());
  const std::size_t gone = was.committed_steps.size() - is.committed_steps.size();
  for (std::size_t i = 0; i < was.committed_steps.size(); ++i) {
    const CommittedStep& step = was.committed_steps[i];
    if (i >= gone) {
      EXPECT_EQ(is.committed_steps[i - gone].prepared_seq, step.prepared_seq);
    } else {
      const std::string& rollout = step.run.rollout_id();
      EXPECT_TRUE(is.beyond_undoing.contains(UndoName(rollout, step.run.phase())));
      EXPECT_TRUE(absl::IsFailedPrecondition(FindUndoes(is, rollout, step.run.phase()).status()));
    }
  }
  for (const std::string& rollout : was.beyond_undoing) {
    EXPECT_TRUE(is.beyond_undoing.contains(rollout));
  }
}

TEST(Compaction, ACheckpointThatIsTooLargeForgetsTheOldestStepsAndSaysSo) {
  int forgotten = 0;
  int some_left = 0;
  for (unsigned seed = 1; seed < 13; ++seed) {
    std::mt19937 random(seed);
    const Records whole = RandomJournal(random, 250);
    const auto plain = FindCompaction(whole, kOwedToNobody, kAll);
    ASSERT_TRUE(plain.ok() && *plain) << plain.status();
    EXPECT_FALSE((*plain)->forgotten);
    const NodeState was = *StateOf((*plain)->checkpoint);
    const std::size_t bytes = (*plain)->checkpoint.ByteSizeLong();
    for (const std::size_t part : {2U, 3U, 10U}) {
      CompactionLimits limits = kAll;
      limits.most_checkpoint_bytes = bytes - bytes / part;
      const auto found = FindCompaction(whole, kOwedToNobody, limits);
      ASSERT_TRUE(found.ok() && *found) << found.status();
      const NodeState is = *Fold(Reread({(*found)->checkpoint}));
      ExpectOnlyOldThingsForgotten(was, is);
      if (!(*found)->forgotten) continue;
      ++forgotten;
      some_left += is.committed_steps.empty() ? 0 : 1;
      const bool all_gone = is.committed_steps.empty() && is.kept_steps.empty();
      EXPECT_TRUE(all_gone || (*found)->checkpoint.ByteSizeLong() <= limits.most_checkpoint_bytes);
    }
  }
  EXPECT_GT(forgotten, 15);
  EXPECT_GT(some_left, 5);
}

TEST(Compaction, WhatCannotBeMadeSmallEnoughIsSaid) {
  CompactionLimits limits;
  limits.most_checkpoint_bytes = 1000;
  EXPECT_EQ(Dropped(Journal(3000), kOwedToNobody, limits), 2000U)
      << "a larger one is better than none where nothing is left to forget";
  limits.most_checkpoint_bytes_at_all = 5000;
  const auto found = FindCompaction(Journal(3000), kOwedToNobody, limits);
  ASSERT_TRUE(absl::IsResourceExhausted(found.status())) << found.status();
  EXPECT_NE(found.status().message().find("it stays as it is"), std::string::npos);
}

TEST(Compaction, ARunThatIsLargerThanAllThatIsKeptIsFoldedUpToo) {
  Records records = Journal(40);
  for (std::size_t i = 1; i < records.size(); ++i) {
    records[i].mutable_run_refused()->set_reason(std::string(512 << 10, 'x'));
  }
  CompactionLimits limits;
  limits.most_left_bytes = std::size_t{4} << 20;  // less than is kept
  EXPECT_EQ(Dropped(records, kOwedToNobody, limits), records.size());
  EXPECT_EQ(Dropped(records, 30, limits), 30U) << "but nothing that somebody is owed";
}

TEST(Compaction, ANodeThatOwesNobodyCompactsAlike) {
  EXPECT_EQ(Dropped(Journal(1999), kOwedToNobody, {}), 0U);
  EXPECT_EQ(Dropped(Journal(3000), kOwedToNobody, {}), 2000U);
}

TEST(Compaction, WhatTheCoordinatorDoesNotHoldStays) {
  EXPECT_EQ(Dropped(Journal(3000), 0, {}), 0U);
  EXPECT_EQ(Dropped(Journal(3000), 999, {}), 0U);
  EXPECT_EQ(Dropped(Journal(3000), 1200, {}), 1200U);
}

TEST(Compaction, AnEmergencyStaysReadableUntilItIsCleared) {
  for (unsigned seed = 1; seed < 40; ++seed) {
    std::mt19937 random(seed);
    Records records = RandomJournal(random, 200);
    while (!records.empty() && !Fold(records)->emergency) records.pop_back();
    if (records.empty()) continue;
    const auto found = FindCompaction(records, records.size(), kAll);
    ASSERT_TRUE(found.ok());
    if (!*found) continue;
    int stops = 0;
    for (const v1::Record& record : Apply(records, **found)) stops += record.has_emergency_stop();
    EXPECT_GE(stops, 1) << "the commands to restore by hand are gone; seed " << seed;
  }
}

TEST(Compaction, ACheckpointElsewhereOrWithoutAnIdIsDamage) {
  Records records = Journal(5);
  const Records left = Apply(records, **FindCompaction(records, 3, kAll));
  Records wrong = {records[0], left[0]};
  EXPECT_TRUE(absl::IsDataLoss(Fold(wrong).status()));
  v1::Record unnamed = left[0];
  unnamed.mutable_checkpoint()->clear_journal_id();
  EXPECT_TRUE(absl::IsDataLoss(Fold({unnamed}).status()));
  unnamed = left[0];
  unnamed.set_seq(0);
  EXPECT_TRUE(absl::IsDataLoss(Fold({unnamed}).status()));
}

}  // namespace
}  // namespace belay
