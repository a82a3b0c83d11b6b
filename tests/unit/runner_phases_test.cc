// One node and the phases of a plan: a run is of one phase, a later one begins only behind the one
// before it, whoever says so, and they come off again in the opposite order.
#include <gtest/gtest.h>

#include <string>

#include "node-agent/transaction/forget.h"
#include "node-agent/transaction/undo.h"
#include "tests/unit/runner_fixture.h"

namespace belay {
namespace {

class RunnerPhasesTest : public RunnerTest {
 protected:
  RunnerPhasesTest() {
    plan.add_phases()->set_name("first");
    plan.mutable_phases(0)->set_steps(1);
    plan.add_phases()->set_name("second");
    plan.mutable_phases(1)->set_steps(1);
  }
  v1::Execute Phase(std::uint32_t phase, const std::string& rollout = "r1") {
    v1::Execute command = Command(rollout);
    command.mutable_run()->set_phase(phase);
    return command;
  }
  v1::RunFinished Does(const v1::Execute& command) {
    EXPECT_TRUE(runner->Execute(command).ok());
    return Outcome(command);
  }
  v1::RunFinished Back(std::uint32_t phase, const std::string& rollout) {
    v1::Revert command = RevertOf(Phase(phase), rollout);
    EXPECT_TRUE(runner->Revert(command).ok());
    return OutcomeOf(command.run());
  }
  void ExpectNo(const v1::RunFinished& outcome, const std::string& reason) {
    EXPECT_EQ(outcome.verdict(), v1::VERDICT_REFUSED);
    EXPECT_NE(outcome.reason().find(reason), std::string::npos) << outcome.reason();
    EXPECT_FALSE(outcome.next().empty());
  }
};

TEST_F(RunnerPhasesTest, ARunIsOfOnePhaseAndItsKeyTellsWhich) {
  const v1::Execute first = Phase(1);
  EXPECT_EQ(Does(first).verdict(), v1::VERDICT_COMMITTED);
  EXPECT_EQ(Manifest(), "0 step-1");
  EXPECT_EQ(Does(first).verdict(), v1::VERDICT_COMMITTED) << "answered, not done again";
  EXPECT_EQ(Manifest(), "0 step-1");
  EXPECT_EQ(Does(Phase(2)).verdict(), v1::VERDICT_COMMITTED);
  EXPECT_EQ(Manifest(), "0 step-1 step-2");
  EXPECT_EQ(executor->state().committed_steps.at(1).step, 1U) << "counted over the whole plan";
  EXPECT_EQ(executor->state().committed_steps.at(1).name, "step-2");
}

TEST_F(RunnerPhasesTest, WhatTheCommandAndThePlanSayMustFit) {
  ExpectRefused(Phase(0), "does not say which");
  ExpectRefused(Phase(3, "r2"), "no phase 3");
  plan.clear_phases();
  ExpectRefused(Phase(1, "r3"), "no phase 1");
}

TEST_F(RunnerPhasesTest, ALaterPhaseNeedsTheOneBeforeOfTheSameRolloutInTheNodesOwnJournal) {
  ExpectRefused(Phase(2), "does not say that rollout r1 has committed phase 1");
  ASSERT_EQ(Does(Phase(1, "r2")).verdict(), v1::VERDICT_COMMITTED);
  const v1::Execute other = Phase(2, "r3");
  ExpectNo(Does(other), "rollout r3 has committed phase 1");
  plan.set_description("another plan");
  ExpectNo(Does(Phase(2, "r2")), "rollout r2 has committed phase 1");
  EXPECT_EQ(Manifest(), "0 step-1");
}

TEST_F(RunnerPhasesTest, APhaseThatFellIsNoneToGoOnFrom) {
  gate.forward = GateResult::Kind::Failed;
  EXPECT_EQ(Does(Phase(1)).verdict(), v1::VERDICT_ROLLED_BACK);
  gate.forward = GateResult::Kind::Passed;
  ExpectNo(Does(Phase(2)), "committed phase 1");
  v1::Execute again = Phase(1);
  again.mutable_run()->set_attempt(2);
  EXPECT_EQ(Does(again).verdict(), v1::VERDICT_COMMITTED);
  v1::Execute second = Phase(2);
  second.mutable_run()->set_attempt(2);
  EXPECT_EQ(Does(second).verdict(), v1::VERDICT_COMMITTED);
  EXPECT_EQ(Manifest(), "0 step-1 step-2");
}

TEST_F(RunnerPhasesTest, PhasesComeOffInTheOppositeOrder) {
  Does(Phase(1));
  Does(Phase(2));
  ExpectNo(Back(1, "v1"), "rollout r1/2 has changed this node after r1/1; revert it first");
  ExpectNo(Back(0, "v2"), "has phases here");
  EXPECT_EQ(Manifest(), "0 step-1 step-2");
  EXPECT_EQ(Back(2, "v3").verdict(), v1::VERDICT_COMMITTED);
  EXPECT_EQ(Manifest(), "0 step-1");
  EXPECT_EQ(Back(1, "v3").verdict(), v1::VERDICT_COMMITTED);
  EXPECT_EQ(Manifest(), "0");
}

TEST_F(RunnerPhasesTest, NoJournalUndoesAPhaseUnderTheNameOfAnother) {
  Does(Phase(1));
  Does(Phase(2));
  v1::RunKey run = Phase(1).run();
  run.set_rollout_id("v1");
  v1::Undoes second;
  second.set_rollout_id("r1");
  second.add_prepared_seqs(executor->state().committed_steps.at(1).prepared_seq);
  EXPECT_FALSE(executor->AcceptUndoing(run, 5, second).ok());
  run.set_phase(2);
  EXPECT_TRUE(executor->AcceptUndoing(run, 5, second).ok());
}

TEST_F(RunnerPhasesTest, APhaseThatNeverBeganHereIsPutBackByDoingNothing) {
  Does(Phase(1));
  EXPECT_EQ(Back(2, "v1").verdict(), v1::VERDICT_COMMITTED);
  EXPECT_EQ(Manifest(), "0 step-1");
}

TEST_F(RunnerPhasesTest, ARolloutThatWasPutBackInPartNeverGoesOn) {
  Does(Phase(1));
  Does(Phase(2));
  ASSERT_EQ(Back(2, "v1").verdict(), v1::VERDICT_COMMITTED);
  v1::Execute again = Phase(2);
  again.mutable_run()->set_attempt(2);
  ExpectNo(Does(again), "committed phase 1");
  EXPECT_EQ(Manifest(), "0 step-1");
}

TEST_F(RunnerPhasesTest, WhatIsFoldedUpIsStillKnown) {
  Does(Phase(1));
  const CompactionLimits everything = {0, 0, 1, 1, std::size_t{1} << 20};
  ASSERT_TRUE(executor->CompactJournal(executor->state().last_seq, everything).value());
  ASSERT_EQ(executor->records().size(), 1U);
  Start();
  EXPECT_EQ(Does(Phase(1)).verdict(), v1::VERDICT_COMMITTED);
  EXPECT_EQ(Manifest(), "0 step-1");
  EXPECT_EQ(Does(Phase(2)).verdict(), v1::VERDICT_COMMITTED);
  ASSERT_TRUE(executor->CompactJournal(executor->state().last_seq, everything).value());
  Start();
  ExpectNo(Back(1, "v1"), "revert it first");
  EXPECT_EQ(Back(2, "v2").verdict(), v1::VERDICT_COMMITTED);
  EXPECT_EQ(Back(1, "v2").verdict(), v1::VERDICT_COMMITTED);
  EXPECT_EQ(Manifest(), "0");
}

TEST_F(RunnerPhasesTest, APhaseWhoseStepsAreForgottenIsNotTakenForOneThatChangedNothing) {
  Does(Phase(1));
  Does(Phase(2));
  const absl::StatusOr<NodeState> small = ForgetToFit(executor->state(), 1, std::size_t{1} << 20);
  ASSERT_TRUE(small.ok()) << small.status();
  for (const std::uint32_t phase : {1U, 2U}) {
    EXPECT_TRUE(absl::IsFailedPrecondition(FindUndoes(*small, "r1", phase).status())) << phase;
  }
}

// Cut at every call of the disk in the second phase: the same command leads to the same end, and
// never to anything of the first one again.
TEST_F(RunnerPhasesTest, CutAnywhereThePhaseIsWholeInTheEnd) {
  Does(Phase(1));
  const int cuts = CutEverywhere(
      [&] { ASSERT_TRUE(runner->Execute(Phase(2)).ok()); },
      [&](int k) {
        EXPECT_TRUE(Manifest() == "0 step-1" || Manifest() == "0 step-1 step-2") << Manifest();
        EXPECT_EQ(Does(Phase(2)).verdict(), v1::VERDICT_COMMITTED) << "cut at " << k;
        EXPECT_EQ(Manifest(), "0 step-1 step-2");
      });
  EXPECT_GT(cuts, 50);
}

}  // namespace
}  // namespace belay
