// The disk gets full at any moment of a transaction, and the agent is cut while it is full: either
// nothing was changed and the node says what to free, or there is the verdict that there would be
// with all the space in the world.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/support/transaction_world.h"

namespace belay {
namespace {

using Cut = SimDisk::Cut;

bool NothingChanged(const TransactionWorld& world) {
  for (const WorldFile& file : world.files) {
    const auto now = world.disk.Read(file.path);
    if (file.before ? !now.ok() || now->bytes != file.before->bytes
                    : !absl::IsNotFound(now.status())) {
      return false;
    }
  }
  return !world.disk.List(kWorldPolicyFolder).ok();
}

// A good edit may fall when there is no space to publish it, a bad one must.
void CheckVerdict(TransactionWorld* world, v1::Verdict verdict) {
  world->VerifyEnd(verdict, world->health == Health::Good);
  const bool right = verdict == v1::VERDICT_ROLLED_BACK ||
                     (world->health == Health::Good && verdict == v1::VERDICT_COMMITTED);
  if (!right) world->Violation(absl::StrCat("wrong verdict ", v1::Verdict_Name(verdict)));
}

struct Tally {
  int refused = 0;
  int verdicts = 0;
};

// Lives on a full disk until there is a verdict, or a refusal before anything changed.
void CheckEnd(TransactionWorld world, const std::string& schedule, Tally* tally) {
  const absl::StatusOr<v1::Verdict> verdict = world.Live();
  if (verdict.ok()) {
    ++tally->verdicts;
    CheckVerdict(&world, *verdict);
  } else {
    ++tally->refused;
    EXPECT_TRUE(absl::IsResourceExhausted(verdict.status()) ||
                absl::IsFailedPrecondition(verdict.status()))
        << verdict.status() << schedule;
    EXPECT_TRUE(NothingChanged(world)) << verdict.status() << schedule;
    EXPECT_FALSE(world.HasTemporary()) << verdict.status() << schedule;
    world.disk.MakeRoom();
    const absl::StatusOr<v1::Verdict> later = world.Live();
    ASSERT_TRUE(later.ok()) << later.status() << schedule;
    CheckVerdict(&world, *later);
  }
  EXPECT_EQ(world.violation, "") << schedule;
}

struct Kind {
  Health health;
  bool reserves;  // the file system
};

class FullDisk : public testing::TestWithParam<Kind> {
 protected:
  static TransactionWorld World(Scenario scenario = Scenario::PolicyAndManifest) {
    TransactionWorld world(scenario);
    world.health = GetParam().health;
    world.disk.reserves = GetParam().reserves;
    return world;
  }
};

TEST_P(FullDisk, FromAnyCallOnTheVerdictIsReached) {
  Tally tally;
  for (const Scenario scenario : {Scenario::PolicyAndManifest, Scenario::EveryKind}) {
    TransactionWorld uncut = World(scenario);
    ASSERT_TRUE(uncut.Live().ok());
    for (int k = 0; k <= uncut.disk.calls(); ++k) {
      TransactionWorld world = World(scenario);
      world.disk.FillAt(k);
      CheckEnd(std::move(world), absl::StrCat(" full from call ", k), &tally);
      if (HasFailure()) return;
    }
  }
  std::printf("%d verdicts, %d refusals\n", tally.verdicts, tally.refused);
  EXPECT_GT(tally.verdicts, 70);
  EXPECT_GT(tally.refused, 20);
}

// A life that is cut while the disk is full is followed by one on a disk that is still full.  (An
// append that is torn gives its space back when it is cut off: docs/transaction.md.)
TEST_P(FullDisk, TheSameWhenTheAgentIsCutAsWell) {
  Tally tally;
  for (const Cut cut : {Cut::Kill, Cut::Lose, Cut::Keep}) {
    // Half a megabyte of filling is copied at every call.
    if (!GetParam().reserves && cut != Cut::Lose) continue;
    for (int k = 0;; ++k) {
      bool any = false;
      for (int cut_at = k;; ++cut_at) {
        TransactionWorld world = World();
        world.disk.CrashAt(cut_at, false);
        world.disk.FillAt(k);
        static_cast<void>(world.Live());
        if (!world.disk.triggered()) break;
        any = true;
        std::mt19937 random(static_cast<unsigned>(k));
        world.Cut(cut, random);
        CheckEnd(std::move(world), absl::StrCat(" full from ", k, ", cut at ", cut_at), &tally);
        if (HasFailure()) return;
      }
      if (!any) break;
    }
  }
  std::printf("%d verdicts, %d refusals\n", tally.verdicts, tally.refused);
  EXPECT_GT(tally.verdicts, GetParam().reserves ? 1000 : 300);
}

TEST(FullDiskRefusal, SaysWhatToFreeAndLeavesTheAgentAlive) {
  int named = 0;
  for (int k = 0; k < 60; ++k) {
    TransactionWorld full;
    full.disk.FillAt(k);
    const absl::Status status = full.Live().status();
    if (!absl::IsResourceExhausted(status)) continue;
    if (!absl::StartsWith(status.message(), "prepare step")) continue;
    ++named;
    EXPECT_TRUE(absl::StrContains(status.message(), "nothing was changed. Free "))
        << status.message();
    EXPECT_TRUE(absl::StrContains(status.message(), "/etc/kubernetes/manifests"))
        << status.message();
    EXPECT_TRUE(absl::StrContains(status.message(), kWorldStateDir)) << status.message();
  }
  EXPECT_GT(named, 5);
}

INSTANTIATE_TEST_SUITE_P(Health, FullDisk,
                         testing::Values(Kind{Health::Good, true}, Kind{Health::Bad, true},
                                         Kind{Health::Good, false}, Kind{Health::Bad, false}),
                         [](const auto& param) {
                           return absl::StrCat(
                               param.param.health == Health::Good ? "Good" : "Bad",
                               param.param.reserves ? "" : "WhereNothingIsReserved");
                         });

}  // namespace
}  // namespace belay
