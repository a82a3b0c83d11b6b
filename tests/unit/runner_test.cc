#include "node-agent/driver/runner.h"

#include <gtest/gtest.h>

#include <string>

#include "common/plan/sign.h"
#include "tests/unit/runner_fixture.h"

namespace belay {
namespace {

TEST_F(RunnerTest, APermittedPlanRunsEveryStepAndIsCommitted) {
  const v1::Execute command = Command();
  ASSERT_TRUE(runner->Execute(command).ok());
  EXPECT_EQ(Manifest(), "0 step-1 step-2");
  EXPECT_EQ(Outcome(command).verdict(), v1::VERDICT_COMMITTED);
}

TEST_F(RunnerTest, TheSameCommandAgainRunsNothingAgain) {
  ASSERT_TRUE(runner->Execute(Command()).ok());
  const std::size_t records = Records();
  ASSERT_TRUE(runner->Execute(Command()).ok());
  Start();
  ASSERT_TRUE(runner->Execute(Command()).ok());
  EXPECT_EQ(Records(), records);
  EXPECT_EQ(Manifest(), "0 step-1 step-2");
}

TEST_F(RunnerTest, AnUnknownKeyIsRefused) {
  const Ed25519PrivateKey other = NewRunnerKey();
  v1::Execute command = Command();
  *command.mutable_plan() = SignPlan(plan, other);
  ExpectRefused(command, "");
  EXPECT_NE(Outcome(command).next().find("trusted_keys"), std::string::npos);
}

TEST_F(RunnerTest, APlanOutsideItsWindowIsRefused) {
  plan.set_not_after_unix(clock.WallNowUnixMs() / 1000 - 5);
  ExpectRefused(Command(), "");
}

TEST_F(RunnerTest, ADifferentPlanThanTheOneNamedIsRefused) {
  v1::Execute command = Command();
  command.mutable_run()->set_plan_digest(std::string(64, 'a'));
  ExpectRefused(command, "digest differs");
}

TEST_F(RunnerTest, APathOutsideThePolicyIsRefused) {
  v1::PutFile& file = *plan.mutable_steps(1)->add_edits()->mutable_put_file();
  file.set_path("/root/.ssh/authorized_keys");
  file.set_mode(0600);
  file.set_owner("0:0");
  ExpectRefused(Command(), "/root/.ssh/authorized_keys");
}

TEST_F(RunnerTest, APermitThatPassesWhileTheNodeIsLookedAtBeginsNothing) {
  preparing_takes_ns = kPermitNs;
  ExpectIgnored(Command());
  EXPECT_FALSE(executor->state().current.has_value());
}

TEST_F(RunnerTest, AStopWhileTheNodeIsLookedAtIsNoRefusal) {
  stopped_while_preparing = true;
  const std::size_t before = Records();
  EXPECT_TRUE(absl::IsCancelled(runner->Execute(Command())));
  EXPECT_EQ(Records(), before);
}

TEST_F(RunnerTest, AnotherManifestIsRefused) {
  plan.mutable_steps(1)->mutable_edits(0)->mutable_set_flag()->set_manifest("kube-proxy");
  ExpectRefused(Command(), "kube-proxy");
}

TEST_F(RunnerTest, AnApiServerThatIsNotReadyIsNotTouched) {
  ready = absl::UnavailableError("500 [-]etcd");
  ExpectRefused(Command(), "[-]etcd");
}

TEST_F(RunnerTest, ARunLeavesTheBackupsOfRecentStepsAndNothingElse) {
  disk.PutFile("/state/images/0123", "of a step that nobody knows", {});
  ASSERT_TRUE(runner->Execute(Command()).ok());
  EXPECT_FALSE(disk.Read("/state/images/0123").ok());
  EXPECT_EQ(disk.List("/state/backups")->size(), 2U);
}

TEST_F(RunnerTest, WhatIsWrongWithTheStepIsSaidBeforeWhatIsWrongWithTheNode) {
  ready = absl::UnavailableError("500 [-]etcd");
  refused_step = "step-1";
  ExpectRefused(Command(), "manifest is a symlink");
}

TEST_F(RunnerTest, ARefusalOfTheFirstStepChangesNothing) {
  refused_step = "step-1";
  ExpectRefused(Command(), "symlink");
}

TEST_F(RunnerTest, ARefusalOfALaterStepSaysWhichStay) {
  refused_step = "step-2";
  const v1::Execute command = Command();
  ASSERT_TRUE(runner->Execute(command).ok());
  EXPECT_EQ(Outcome(command).verdict(), v1::VERDICT_REFUSED);
  EXPECT_NE(Outcome(command).reason().find("step 1 was committed before and stay"),
            std::string::npos)
      << Outcome(command).reason();
  EXPECT_EQ(Manifest(), "0 step-1");
}

TEST_F(RunnerTest, AnOldEpochIsAsIfItHadNeverCome) {
  ASSERT_TRUE(runner->Execute(Command("r0")).ok());
  disk.PutFile(kManifest, "0", {});
  v1::Execute command = Command();
  command.set_epoch(4);
  ExpectIgnored(command);
  command.set_epoch(5);
  ASSERT_TRUE(runner->Execute(command).ok());
  EXPECT_EQ(Outcome(command).verdict(), v1::VERDICT_COMMITTED);
}

TEST_F(RunnerTest, APassedPermitIsAsIfItHadNeverCome) {
  const v1::Execute command = Command();
  clock.Pass(kPermitNs);
  ExpectIgnored(command);
  ASSERT_TRUE(runner->Execute(Command()).ok());
  EXPECT_EQ(Outcome(command).verdict(), v1::VERDICT_COMMITTED);
}

TEST_F(RunnerTest, APermitOfAnEarlierBootIsWorthNothing) {
  const v1::Execute command = Command();
  clock.Reboot();  // the boot clock is far below the permit's again
  ExpectIgnored(command);
}

TEST_F(RunnerTest, ACommandThatNamesNoRunIsIgnored) {
  v1::Execute command = Command();
  command.clear_run();
  ExpectIgnored(command);
}

TEST_F(RunnerTest, AFallenStepEndsTheRunAndTheNextIsNotTried) {
  gate.forward = GateResult::Kind::Failed;
  const v1::Execute command = Command();
  ASSERT_TRUE(runner->Execute(command).ok());
  EXPECT_EQ(Outcome(command).verdict(), v1::VERDICT_ROLLED_BACK);
  EXPECT_EQ(Manifest(), "0");
  EXPECT_EQ(gate.runs, 2);
}

TEST_F(RunnerTest, InEmergencyEverythingIsRefusedUntilItIsCleared) {
  gate.forward = gate.backward = GateResult::Kind::Failed;
  ASSERT_TRUE(runner->Execute(Command("r0")).ok());
  ASSERT_TRUE(executor->state().emergency);
  gate.forward = gate.backward = GateResult::Kind::Passed;
  gate.runs = 0;
  Start();
  ExpectRefused(Command("r1"), "emergency stop");
  v1::ClearEmergency clear;
  clear.set_reason("looked at it");
  clear.set_operator_("alice");
  clear.set_request_id("q1");
  ASSERT_TRUE(runner->ClearEmergency(clear).ok());
  const v1::Execute command = Command("r2");
  ASSERT_TRUE(runner->Execute(command).ok());
  EXPECT_EQ(Outcome(command).verdict(), v1::VERDICT_COMMITTED);
}

TEST_F(RunnerTest, AnInterruptedGateDecidesNothingAndTheNextStartGoesOn) {
  gate.forward = GateResult::Kind::Interrupted;
  const v1::Execute command = Command();
  EXPECT_TRUE(absl::IsCancelled(runner->Execute(command)));
  gate.forward = GateResult::Kind::Passed;
  Start();
  EXPECT_EQ(Manifest(), "0 step-1");
  ASSERT_TRUE(runner->Execute(Command()).ok());  // only now the second step
  EXPECT_EQ(Manifest(), "0 step-1 step-2");
  EXPECT_EQ(Outcome(command).verdict(), v1::VERDICT_COMMITTED);
}

TEST_F(RunnerTest, AStopBetweenTwoStepsLeavesTheRunOpen) {
  stopping = true;
  EXPECT_TRUE(absl::IsCancelled(runner->Execute(Command())));
  EXPECT_EQ(Manifest(), "0");
}

TEST_F(RunnerTest, ANewerRolloutGivesALeftOneUp) {
  gate.forward = GateResult::Kind::Interrupted;
  const v1::Execute left = Command("r1");
  EXPECT_TRUE(absl::IsCancelled(runner->Execute(left)));
  gate.forward = GateResult::Kind::Passed;
  Start();
  const v1::Execute newer = Command("r2");
  ASSERT_TRUE(runner->Execute(newer).ok());
  EXPECT_EQ(Outcome(left).verdict(), v1::VERDICT_REFUSED);
  EXPECT_NE(Outcome(left).reason().find("step 1 was committed"), std::string::npos);
  EXPECT_EQ(Outcome(newer).verdict(), v1::VERDICT_COMMITTED);
}

TEST_F(RunnerTest, AnExpiredPlanIsNotGoneOnWithAfterARestart) {
  gate.forward = GateResult::Kind::Interrupted;
  EXPECT_TRUE(absl::IsCancelled(runner->Execute(Command())));
  gate.forward = GateResult::Kind::Passed;
  Start();
  clock.Pass(7200'000'000'000);
  const v1::Execute command = Command();
  ASSERT_TRUE(runner->Execute(command).ok());
  EXPECT_EQ(Outcome(command).verdict(), v1::VERDICT_REFUSED);
  EXPECT_EQ(Manifest(), "0 step-1");
}

TEST_F(RunnerTest, AFileChangedAfterItWasReadEndsTheRunUntouched) {
  v1::Execute command = Command();
  foreign_write = true;
  ASSERT_TRUE(runner->Execute(command).ok());
  EXPECT_EQ(Outcome(command).verdict(), v1::VERDICT_REFUSED);
  EXPECT_EQ(Manifest(), "somebody else");
}

TEST_F(RunnerTest, AFullDiskIsRefusedAndSaysWhatToFree) {
  disk.FillAt(-1);
  const v1::Execute command = Command();
  ASSERT_TRUE(runner->Execute(command).ok());
  EXPECT_EQ(Outcome(command).verdict(), v1::VERDICT_REFUSED);
  EXPECT_NE(Outcome(command).reason().find("Free some space where /state lies"), std::string::npos)
      << Outcome(command).reason();
  EXPECT_EQ(Manifest(), "0");
  disk.MakeRoom();
  const v1::Execute later = Command("r2");
  ASSERT_TRUE(runner->Execute(later).ok());
  EXPECT_EQ(Outcome(later).verdict(), v1::VERDICT_COMMITTED);
}

TEST_F(RunnerTest, AJournalThatCannotBeWrittenEndsTheProgram) {
  disk.FailAt(1, absl::ResourceExhaustedError("disk full"));  // behind the reserving of space
  EXPECT_FALSE(runner->Execute(Command()).ok());
  EXPECT_EQ(Manifest(), "0");
}

}  // namespace
}  // namespace belay
