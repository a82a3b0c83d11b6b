#include "node-agent/driver/local_apply.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "tests/unit/local_apply_fixture.h"

namespace belay {
namespace {

class LocalApplyTest : public ApplyingTest {
 protected:
  // `belay-agent apply` as a process of its own.
  absl::StatusOr<int> Apply(bool give_up = false) {
    LocalApply apply;
    apply.give_up_run = give_up;
    return ApplyWith(std::move(apply));
  }
  void CutInTheGateOfStep(int step) {
    int gates = 0;
    gate.before = [this, step, gates]() mutable {
      gate.forward = ++gates == step ? GateResult::Kind::Interrupted : GateResult::Kind::Passed;
    };
  }
  void CutNothing() {
    gate.before = nullptr;
    gate.forward = GateResult::Kind::Passed;
  }
};

TEST_F(LocalApplyTest, APlanIsAppliedWithARunOfTheNodesOwn) {
  const auto code = Apply();
  ASSERT_TRUE(code.ok()) << code.status();
  EXPECT_EQ(*code, kApplied);
  EXPECT_EQ(Manifest(), "0 step-1 step-2");
  EXPECT_TRUE(absl::StartsWith(executor->state().last_finished, "local-run1/1/"));
}

TEST_F(LocalApplyTest, TheSamePlanAgainIsANewWordOfTheOperator) {
  ASSERT_EQ(*Apply(), kApplied);
  ASSERT_EQ(*Apply(), kApplied);
  EXPECT_EQ(Manifest(), "0 step-1 step-2 step-1 step-2");
}

TEST_F(LocalApplyTest, APlanThatIsNotAllowedIsRefusedAndSaysSo) {
  plan.set_not_after_unix(clock.WallNowUnixMs() / 1000 - 5);
  ASSERT_EQ(*Apply(), kNotApplied);
  EXPECT_NE(said.find("refused: "), std::string::npos) << said;
  EXPECT_EQ(Manifest(), "0");
}

TEST_F(LocalApplyTest, AFallIsCaughtAndToldApartFromAnEmergency) {
  gate.forward = GateResult::Kind::Failed;
  ASSERT_EQ(*Apply(), kFellBack);
  EXPECT_EQ(Manifest(), "0");
  EXPECT_NE(said.find("rolled back: as the test says"), std::string::npos) << said;
  gate.backward = GateResult::Kind::Failed;
  ASSERT_EQ(*Apply(), kEmergency);
  EXPECT_NE(said.find("mv -f -- "), std::string::npos) << "the commands are shown: " << said;
  const std::size_t records = Records();
  ASSERT_EQ(*Apply(), kEmergency);
  EXPECT_EQ(Records(), records) << "a node in emergency stop begins nothing";
}

TEST_F(LocalApplyTest, AForeignWriteIsToldAsAFall) {
  gate.before = [this] { disk.PutFile(kManifest, "by somebody", {}); };
  ASSERT_EQ(*Apply(), kFellBack);
  EXPECT_NE(said.find("quarantined: "), std::string::npos) << said;
  EXPECT_EQ(Manifest(), "by somebody");
}

TEST_F(LocalApplyTest, AfterACutInAGateTheSameCommandEndsThatStepAndDoesTheRest) {
  CutInTheGateOfStep(1);
  EXPECT_TRUE(absl::IsCancelled(Apply().status()));
  EXPECT_EQ(Manifest(), "0 step-1");
  CutNothing();
  ASSERT_EQ(*Apply(), kApplied) << said;
  EXPECT_EQ(Manifest(), "0 step-1 step-2") << "no step is done twice";
  EXPECT_NE(said.find("was cut off (applied); it is ended first"), std::string::npos) << said;
  EXPECT_TRUE(absl::StartsWith(executor->state().last_finished, "local-run1/1/"));
}

TEST_F(LocalApplyTest, AStepThatFallsWhenItIsEndedIsTheVerdictAndNothingElseIsBegun) {
  CutInTheGateOfStep(1);
  EXPECT_TRUE(absl::IsCancelled(Apply().status()));
  gate.before = nullptr;
  gate.forward = GateResult::Kind::Failed;
  ASSERT_EQ(*Apply(), kFellBack);
  EXPECT_EQ(Manifest(), "0");
  EXPECT_EQ(executor->state().finished_runs.size(), 1U);
  gate.forward = GateResult::Kind::Passed;
  ASSERT_EQ(*Apply(), kApplied) << "now it was read, and said again";
}

TEST_F(LocalApplyTest, TheAgentEndsTheStepButTheRestWaitsForTheOperatorsWord) {
  CutInTheGateOfStep(1);
  EXPECT_TRUE(absl::IsCancelled(Apply().status()));
  CutNothing();
  Start();  // the agent: it recovers and has no coordinator's word
  EXPECT_EQ(Manifest(), "0 step-1");
  ASSERT_TRUE(executor->state().current);
  ASSERT_EQ(*Apply(), kApplied);
  EXPECT_EQ(Manifest(), "0 step-1 step-2");
}

TEST_F(LocalApplyTest, AnotherPlanGivesALocalRunUp) {
  CutInTheGateOfStep(1);
  EXPECT_TRUE(absl::IsCancelled(Apply().status()));
  CutNothing();
  plan.mutable_steps(0)->set_name("other");
  ASSERT_EQ(*Apply(), kApplied);
  EXPECT_EQ(Manifest(), "0 step-1 other step-2");
  const NodeState& state = executor->state();
  ASSERT_EQ(state.finished_runs.size(), 2U);
  EXPECT_EQ(state.finished_runs.begin()->second.outcome.verdict(), v1::VERDICT_REFUSED);
}

TEST_F(LocalApplyTest, ARunOfACoordinatorIsGivenUpOnlyWhenTheOperatorSaysSo) {
  CutInTheGateOfStep(1);
  const v1::Execute command = Command();
  EXPECT_TRUE(absl::IsCancelled(runner->Execute(command)));
  CutNothing();
  const auto refused = Apply();
  ASSERT_TRUE(absl::IsFailedPrecondition(refused.status())) << refused.status();
  EXPECT_NE(refused.status().message().find("1 of 2 steps"), std::string::npos);
  EXPECT_EQ(Manifest(), "0 step-1");
  ASSERT_EQ(*Apply(/*give_up=*/true), kApplied);
  EXPECT_EQ(Outcome(command).verdict(), v1::VERDICT_REFUSED) << "its rollout stops";
}

TEST_F(LocalApplyTest, ACoordinatorWhoseEpochWasSeenIsNotShutOutByIt) {
  ASSERT_EQ(*Apply(), kApplied);
  const v1::Execute command = Command();  // epoch 5
  ASSERT_TRUE(runner->Execute(command).ok());
  EXPECT_EQ(Outcome(command).verdict(), v1::VERDICT_COMMITTED);
  ASSERT_EQ(*Apply(), kApplied);
  EXPECT_EQ(executor->state().highest_epoch, 5U);
}

TEST_F(LocalApplyTest, WhatIsShownOfARecordHoldsTheDiffAndNoControlCharacters) {
  v1::Record record;
  v1::FileChange& change = *record.mutable_prepared()->add_changes();
  change.set_path(kManifest);
  change.mutable_before()->set_exists(true);
  change.mutable_after()->set_exists(true);
  change.set_diff("--- a\n+++ b\n-\x1b[31mred\n+blue");
  const std::string shown = ShownRecord(record);
  EXPECT_NE(shown.find("prepared: change /etc/kubernetes/manifests/kube-apiserver.yaml\n--- a\n"),
            std::string::npos)
      << shown;
  EXPECT_TRUE(absl::EndsWith(shown, "\n+blue")) << shown;
  EXPECT_EQ(shown.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace belay
