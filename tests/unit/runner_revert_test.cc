// Going back on one node: by its own journal, latest first, gated like the way there.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/runner_fixture.h"

namespace belay {
namespace {

class RunnerRevertTest : public RunnerTest {
 protected:
  v1::Execute Done(const std::string& rollout = "r1") {
    const v1::Execute command = Command(rollout);
    EXPECT_TRUE(runner->Execute(command).ok());
    gate.runs = 0;
    return command;
  }
  v1::RunFinished Back(const v1::Revert& command) {
    EXPECT_TRUE(runner->Revert(command).ok());
    return OutcomeOf(command.run());
  }
  void ExpectRefused(const v1::Revert& command, const std::string& reason,
                     const std::string& manifest) {
    const v1::RunFinished outcome = Back(command);
    EXPECT_EQ(outcome.verdict(), v1::VERDICT_REFUSED);
    EXPECT_NE(outcome.reason().find(reason), std::string::npos) << outcome.reason();
    EXPECT_FALSE(outcome.next().empty());
    EXPECT_EQ(Manifest(), manifest);
    EXPECT_EQ(gate.runs, 0);
  }
};

TEST_F(RunnerRevertTest, EveryStepIsPutBackLastFirstAndGated) {
  const v1::Execute done = Done();
  ASSERT_EQ(Manifest(), "0 step-1 step-2");
  EXPECT_EQ(Back(RevertOf(done)).verdict(), v1::VERDICT_COMMITTED);
  EXPECT_EQ(Manifest(), "0");
  EXPECT_EQ(gate.runs, 2);
  EXPECT_TRUE(executor->state().committed_steps.empty());
  v1::Undoes undoes;
  for (const v1::Record& record : executor->records()) {
    if (record.run_accepted().has_undoes()) undoes = record.run_accepted().undoes();
  }
  ASSERT_EQ(undoes.names_size(), 2);
  EXPECT_EQ(undoes.names(0), "step-2");
  EXPECT_EQ(undoes.names(1), "step-1");
}

TEST_F(RunnerRevertTest, TheSameCommandAgainPutsNothingBackAgain) {
  const v1::Execute done = Done();
  const v1::Revert back = RevertOf(done);
  Back(back);
  const std::size_t records = Records();
  Start();
  EXPECT_EQ(Back(back).verdict(), v1::VERDICT_COMMITTED);
  EXPECT_EQ(Records(), records);
}

TEST_F(RunnerRevertTest, WhatIsNotHealthyAsItWasStaysAsItIs) {
  const v1::Execute done = Done();
  gate.forward = GateResult::Kind::Failed;
  EXPECT_EQ(Back(RevertOf(done)).verdict(), v1::VERDICT_ROLLED_BACK);
  EXPECT_EQ(Manifest(), "0 step-1 step-2");
  gate.forward = GateResult::Kind::Passed;
  v1::Revert again = RevertOf(done);
  again.mutable_run()->set_attempt(2);
  EXPECT_EQ(Back(again).verdict(), v1::VERDICT_COMMITTED);
  EXPECT_EQ(Manifest(), "0");
}

TEST_F(RunnerRevertTest, AFileThatSomebodyElseHasChangedSinceIsLeftAlone) {
  const v1::Execute done = Done();
  disk.PutFile(kManifest, "mine", {});
  ExpectRefused(RevertOf(done), "somebody else", "mine");
}

TEST_F(RunnerRevertTest, WhatWasDoneAfterItComesOffFirst) {
  const v1::Execute first = Done("r1");
  const v1::Execute second = Done("r2");
  ExpectRefused(RevertOf(first, "v1"), "revert it first", "0 step-1 step-2 step-1 step-2");
  EXPECT_EQ(Back(RevertOf(second, "v2")).verdict(), v1::VERDICT_COMMITTED);
  EXPECT_EQ(Manifest(), "0 step-1 step-2");
  EXPECT_EQ(Back(RevertOf(first, "v3")).verdict(), v1::VERDICT_COMMITTED);
  EXPECT_EQ(Manifest(), "0");
}

TEST_F(RunnerRevertTest, ARolloutThisNodeKnowsNothingOfIsRefused) {
  v1::Revert command = RevertOf(Done());
  command.set_undoes("r9");
  ExpectRefused(command, "knows nothing of rollout r9", "0 step-1 step-2");
}

TEST_F(RunnerRevertTest, AnotherPlanThanTheOneNamedIsRefused) {
  v1::Revert command = RevertOf(Done());
  command.mutable_run()->set_plan_digest(std::string(64, 'a'));
  ExpectRefused(command, "another plan", "0 step-1 step-2");
}

TEST_F(RunnerRevertTest, WhereTheOwnerAllowsNoneThereIsNone) {
  const v1::Execute done = Done();
  may_revert = false;
  Start();
  ExpectRefused(RevertOf(done), "allows no revert", "0 step-1 step-2");
}

TEST_F(RunnerRevertTest, ARunThatChangedNothingIsUndoneByDoingNothing) {
  refused_step = "step-1";
  const v1::Execute done = Done();
  ASSERT_EQ(Outcome(done).verdict(), v1::VERDICT_REFUSED);
  EXPECT_EQ(Back(RevertOf(done)).verdict(), v1::VERDICT_COMMITTED);
  EXPECT_EQ(Manifest(), "0");
}

TEST_F(RunnerRevertTest, WhatFellKeepsItsEarlierStepsAndTheyComeBackToo) {
  refused_step = "step-2";
  const v1::Execute done = Done();
  ASSERT_EQ(Manifest(), "0 step-1");
  EXPECT_EQ(Back(RevertOf(done)).verdict(), v1::VERDICT_COMMITTED);
  EXPECT_EQ(Manifest(), "0");
}

TEST_F(RunnerRevertTest, ALateOrOldCommandIsAsIfItHadNeverCome) {
  const v1::Execute done = Done();
  v1::Revert old = RevertOf(done);
  old.set_epoch(4);
  const std::size_t before = Records();
  Back(old);
  v1::Revert late = RevertOf(done);
  clock.Pass(kPermitNs);
  Back(late);
  v1::Revert slow = RevertOf(done);
  preparing_takes_ns = kPermitNs;
  Back(slow);
  EXPECT_EQ(Records(), before);
  EXPECT_EQ(Manifest(), "0 step-1 step-2");
}

TEST_F(RunnerRevertTest, InEmergencyItIsRefused) {
  const v1::Execute done = Done();
  gate.forward = gate.backward = GateResult::Kind::Failed;
  Back(RevertOf(done));
  ASSERT_TRUE(executor->state().emergency);
  gate.runs = 0;
  ExpectRefused(RevertOf(done, "v2"), "emergency stop", "0 step-1 step-2");
}

TEST_F(RunnerRevertTest, AStepFromBeforeTheLastFiftyIsRefusedAndSaysSo) {
  const v1::Execute first = Done("r0");
  for (std::size_t i = 1; i < kStepsKept / 2 + 1; ++i) Done("r" + std::to_string(i));
  EXPECT_EQ(executor->state().committed_steps.size(), kStepsKept);
  ExpectRefused(RevertOf(first), "no longer kept", Manifest());
}

// Cut at every call of the disk, in four ways: the next lives lead to the same end.
TEST_F(RunnerRevertTest, CutAnywhereItIsWholeInTheEnd) {
  const v1::Execute done = Done();
  const int cuts = CutEverywhere(
      [&] { ASSERT_TRUE(runner->Revert(RevertOf(done)).ok()); },
      [&](int k) {
        const std::string manifest = Manifest();
        EXPECT_TRUE(manifest == "0" || manifest == "0 step-1" || manifest == "0 step-1 step-2")
            << manifest << " after a cut at " << k;
        EXPECT_EQ(Back(RevertOf(done)).verdict(), v1::VERDICT_COMMITTED) << "cut at " << k;
        EXPECT_EQ(Manifest(), "0");
        EXPECT_TRUE(executor->state().committed_steps.empty());
      });
  EXPECT_GT(cuts, 100);
}

}  // namespace
}  // namespace belay
