// `belay-agent apply` of a plan with phases: nobody but the operator knows of the other nodes, so
// he always says which phase is due.
#include "node-agent/driver/local_phases.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "tests/unit/local_apply_fixture.h"

namespace belay {
namespace {

class LocalPhasesTest : public ApplyingTest {
 protected:
  LocalPhasesTest() {
    plan.add_phases()->set_name("first");
    plan.mutable_phases(0)->set_steps(1);
    plan.add_phases()->set_name("second");
    plan.mutable_phases(1)->set_steps(1);
  }
  // As a process of its own.
  absl::StatusOr<int> Apply(const std::string& phase) {
    LocalApply apply;
    apply.phase = phase;
    return ApplyWith(std::move(apply));
  }
  void ExpectNothingBegun(const std::string& phase, const std::string& why) {
    const std::string before = Manifest();
    const auto code = Apply(phase);
    ASSERT_FALSE(code.ok()) << phase;
    EXPECT_NE(code.status().message().find(why), std::string::npos) << code.status();
    EXPECT_EQ(Manifest(), before);
    EXPECT_FALSE(executor->state().current);
  }
};

TEST_F(LocalPhasesTest, WithoutAWordAboutThePhaseNothingIsBegun) {
  ExpectNothingBegun("", "It has the phases \"first\", \"second\"");
  ExpectNothingBegun("third", "no phase \"third\"");
  plan.clear_phases();
  ExpectNothingBegun("first", "has no phases");
}

TEST_F(LocalPhasesTest, OnePhaseAfterTheOtherIsOneRollout) {
  ExpectNothingBegun("second", "First: --phase first");
  ASSERT_EQ(Apply("first").value(), kApplied);
  EXPECT_EQ(Manifest(), "0 step-1");
  EXPECT_NE(said.find("--phase second"), std::string::npos) << said;
  ASSERT_EQ(Apply("second").value(), kApplied);
  EXPECT_EQ(Manifest(), "0 step-1 step-2");
  EXPECT_EQ(executor->state().committed_steps.at(0).run.rollout_id(),
            executor->state().committed_steps.at(1).run.rollout_id());
}

TEST_F(LocalPhasesTest, OnTheOnlyNodeAllOfThemInOrder) {
  ASSERT_EQ(Apply("all").value(), kApplied);
  EXPECT_EQ(Manifest(), "0 step-1 step-2");
}

TEST_F(LocalPhasesTest, AFallEndsItBeforeTheNextPhase) {
  gate.forward = GateResult::Kind::Failed;
  ASSERT_EQ(Apply("all").value(), kFellBack);
  EXPECT_EQ(Manifest(), "0");
  EXPECT_EQ(gate.runs, 2);
  gate.forward = GateResult::Kind::Passed;
  ExpectNothingBegun("second", "First: --phase first");
}

TEST_F(LocalPhasesTest, APhaseThatFellIsTriedAgainWithANewRun) {
  ASSERT_EQ(Apply("first").value(), kApplied);
  gate.forward = GateResult::Kind::Failed;
  ASSERT_EQ(Apply("second").value(), kFellBack);
  gate.forward = GateResult::Kind::Passed;
  ASSERT_EQ(Apply("second").value(), kApplied);
  EXPECT_EQ(Manifest(), "0 step-1 step-2");
}

// Cut between two steps of a phase, the same command goes on with it, and another phase does not.
TEST_F(LocalPhasesTest, ARunWithStepsLeftIsFinishedFirst) {
  plan.mutable_phases(0)->set_steps(2);
  plan.mutable_phases(1)->set_steps(1);
  *plan.add_steps() = plan.steps(0);
  plan.mutable_steps(2)->set_name("step-3");
  gate.before = [this] { stopping = true; };
  ASSERT_TRUE(absl::IsCancelled(Apply("first").status()));
  ASSERT_EQ(Manifest(), "0 step-1");
  gate.before = nullptr;
  stopping = false;
  const auto other = Apply("second");
  EXPECT_NE(other.status().message().find("Finish it first: --phase first"), std::string::npos)
      << other.status();
  ASSERT_EQ(Apply("all").value(), kApplied);
  EXPECT_NE(said.find("goes on with run local-run1 after 1 of 2 steps"), std::string::npos) << said;
  EXPECT_EQ(Manifest(), "0 step-1 step-2 step-3");
}

}  // namespace
}  // namespace belay
