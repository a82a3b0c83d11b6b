// The journal of a node where only `belay-agent apply` runs: it stays readable however often that
// is, and nothing that a coordinator is owed is folded up.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

#include "tests/unit/local_apply_fixture.h"

namespace belay {
namespace {

constexpr std::size_t kFull = std::size_t{800} << 10;  // a run needs more than 512 KiB of it free

class LocalRetentionTest : public ApplyingTest {
 protected:
  LocalRetentionTest() {
    full_journal_bytes = kFull;
    plan.set_description(std::string(10'000, 'd'));
    // Each run leaves the manifest as it was before the first one.
    gate.before = [this] {
      gate.forward = gate.backward = GateResult::Kind::Passed;
      if (falls) gate.forward = GateResult::Kind::Failed;
    };
  }

  absl::StatusOr<int> Apply() {
    LocalApply apply;
    apply.acknowledged = acknowledged;
    apply.compaction.keep_records = 20;
    apply.compaction.keep_bytes = std::size_t{50} << 10;
    apply.compaction.drop_records = 10;
    apply.compaction.most_left_bytes = std::size_t{100} << 10;
    absl::StatusOr<int> code = ApplyWith(std::move(apply));
    largest = std::max(largest, disk.Read("/state/journal")->bytes.size());
    return code;
  }

  bool falls = false;
  std::uint64_t acknowledged = 0;
  std::size_t largest = 0;
};

TEST_F(LocalRetentionTest, WithoutACoordinatorItIsFoldedUpAndNoRunIsEverRefusedForIt) {
  acknowledged = kOwedToNobody;
  for (int i = 0; i < 120; ++i) {
    falls = i % 3 == 1;
    const auto code = Apply();
    ASSERT_TRUE(code.ok()) << code.status();
    ASSERT_EQ(*code, falls ? kFellBack : kApplied) << i << ": " << said;
    if (i % 10 == 0) disk.PutFile(kManifest, "0", {});
  }
  EXPECT_LT(largest, kFull);
  Open();
  EXPECT_TRUE(executor->records().front().has_checkpoint());
  EXPECT_EQ(executor->state().finished_runs.size(), 120U) << "every run is remembered";
}

TEST_F(LocalRetentionTest, WhatACoordinatorIsOwedStaysAndThenNothingIsBegun) {
  absl::StatusOr<int> code = kApplied;
  for (int i = 0; i < 200 && code.ok() && *code != kNotApplied; ++i) {
    disk.PutFile(kManifest, "0", {});
    falls = i % 2 == 1;  // also on the last run that begins
    code = Apply();
    ASSERT_TRUE(code.ok()) << code.status();
    if (*code == kNotApplied) break;
    ASSERT_EQ(*code, falls ? kFellBack : kApplied) << "what has begun gets its verdict: " << said;
  }
  ASSERT_EQ(*code, kNotApplied);
  EXPECT_NE(said.find("too large to be read"), std::string::npos) << said;
  EXPECT_NE(said.find("start the agent and let it connect"), std::string::npos) << said;
  EXPECT_NE(said.find("nothing was changed"), std::string::npos) << said;
  EXPECT_LT(largest, kFull);
  EXPECT_EQ(executor->records().front().seq(), 1U);
  EXPECT_TRUE(executor->records().front().has_journal_created()) << "nothing was folded up";

  acknowledged = executor->state().last_seq;  // as the agent does when it was connected
  falls = false;
  ASSERT_EQ(*Apply(), kApplied) << said;
  EXPECT_TRUE(executor->records().front().has_checkpoint());
}

// Between two steps nothing can be folded up: the second one is not begun, the first one stays.
TEST_F(LocalRetentionTest, WhereTheJournalCouldGetTooLargeInARunItIsRefusedBetweenTwoSteps) {
  Start();
  executor.reset();
  const SimDisk fresh = disk;
  const std::size_t size = disk.Read("/state/journal")->bytes.size();
  int refused_between = 0;
  int code = kNotApplied;
  for (std::size_t more = 10'000; code == kNotApplied && more < 20'000; more += 50) {
    runner.reset();
    executor.reset();
    disk = fresh;
    full_journal_bytes = size + kVerdictBytes + more;
    const auto applied = Apply();
    ASSERT_TRUE(applied.ok()) << applied.status();
    code = *applied;
    EXPECT_FALSE(executor->state().current);
    if (code == kApplied) break;
    ASSERT_EQ(code, kNotApplied) << said;
    EXPECT_NE(said.find("too large to be read"), std::string::npos) << said;
    ASSERT_TRUE(Manifest() == "0" || Manifest() == "0 step-1") << Manifest();
    refused_between += Manifest() == "0" ? 0 : 1;
  }
  EXPECT_EQ(code, kApplied);
  EXPECT_GT(refused_between, 0);
}

}  // namespace
}  // namespace belay
