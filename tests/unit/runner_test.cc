#include "node-agent/driver/runner.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/plan/sign.h"
#include "node-agent/transaction/file_image.h"
#include "tests/support/sim_clock.h"
#include "tests/support/sim_disk.h"

namespace belay {
namespace {

constexpr const char* kManifest = "/etc/kubernetes/manifests/kube-apiserver.yaml";
constexpr std::int64_t kPermitNs = 15'000'000'000;

struct ScriptedGate : Gatekeeper {
  GateResult Run(const GateRequest& request,
                 const std::function<void(const std::string&)>&) override {
    ++runs;
    GateResult result;
    result.kind = request.direction == GateDirection::Backward ? backward : forward;
    result.reason = "as the test says";
    return result;
  }
  GateResult::Kind forward = GateResult::Kind::Passed;
  GateResult::Kind backward = GateResult::Kind::Passed;
  int runs = 0;
};

Ed25519PrivateKey NewKey() { return *Ed25519PrivateKey::Generate(); }

class RunnerTest : public testing::Test {
 protected:
  RunnerTest() {
    for (const char* directory :
         {"/etc", "/etc/kubernetes", "/etc/kubernetes/manifests", "/state"}) {
      disk.PutDirectory(directory);
    }
    disk.PutFile(kManifest, "0", {});
    for (int i = 1; i <= 2; ++i) {
      v1::Step& step = *plan.add_steps();
      step.set_name("step-" + std::to_string(i));
      v1::SetFlag& edit = *step.add_edits()->mutable_set_flag();
      edit.set_manifest("kube-apiserver");
      edit.set_flag("profiling");
      edit.set_value(i == 1 ? "false" : "true");
      v1::Gate& times = *step.mutable_gate();
      times.set_deadline_ms(60000);
      times.set_stable_ms(25000);
      times.set_interval_ms(200);
      times.set_rollback_deadline_ms(180000);
      times.add_probes("apiserver-readyz");
    }
    plan.set_name("p");
    plan.set_not_before_unix(clock.WallNowUnixMs() / 1000 - 10);
    plan.set_not_after_unix(clock.WallNowUnixMs() / 1000 + 3600);
    Start();
  }

  // One life of the agent.
  void Start() {
    runner.reset();
    executor.reset();
    ExecutorOptions options{.host = disk,
                            .state = disk,
                            .clock = clock,
                            .gatekeeper = gate,
                            .state_dir = "/state",
                            .new_journal_id = "j"};
    absl::StatusOr<std::unique_ptr<Executor>> opened = Executor::Open(std::move(options));
    ASSERT_TRUE(opened.ok()) << opened.status();
    executor = *std::move(opened);
    ASSERT_TRUE(executor->Recover().ok());
    RunnerOptions with;
    with.trusted_keys = {key.Public()};
    with.policy = {"/etc/kubernetes/manifests", {"/etc/kubernetes/"}, {"/etc/kubernetes/"}, {}};
    with.prepare = [this](const v1::Step& step) { return Prepare(step); };
    with.check_ready = [this] { return ready; };
    with.stopping = [this] { return stopping; };
    with.log = [](const std::string&) {};
    runner = std::make_unique<Runner>(*executor, clock, std::move(with));
  }

  // Appends the step's name to the manifest.
  absl::StatusOr<StepPlan> Prepare(const v1::Step& step) {
    clock.Pass(preparing_takes_ns);
    if (stopped_while_preparing) return absl::CancelledError("the agent is stopping");
    if (step.name() == refused_step) return absl::FailedPreconditionError("manifest is a symlink");
    absl::StatusOr<FileContent> before = disk.Read(kManifest);
    if (!before.ok()) return before.status();
    StepPlan out;
    *out.prepared.mutable_gate() = step.gate();
    out.prepared.add_components()->set_component("kube-apiserver");
    v1::FileChange& change = *out.prepared.add_changes();
    change.set_path(kManifest);
    change.set_is_manifest(true);
    *change.mutable_before() = ImageOf(before->bytes, before->attributes);
    const std::string after = before->bytes + " " + step.name();
    *change.mutable_after() = ImageOf(after, before->attributes);
    out.after_bytes[kManifest] = after;
    if (foreign_write) disk.PutFile(kManifest, "somebody else", {});
    return out;
  }

  v1::Execute Command(const std::string& rollout = "r1") {
    v1::Execute command;
    *command.mutable_plan() = SignPlan(plan, key);
    command.mutable_run()->set_rollout_id(rollout);
    command.mutable_run()->set_attempt(1);
    command.mutable_run()->set_plan_digest(PlanDigest(command.plan()));
    command.set_epoch(5);
    command.set_boot_id(clock.BootId());
    command.set_permit_until_boottime_ns(clock.BootNowNs() + kPermitNs);
    return command;
  }
  std::string Manifest() { return disk.Read(kManifest)->bytes; }
  std::size_t Records() { return executor->records().size(); }
  v1::RunFinished Outcome(const v1::Execute& command) {
    const auto run = executor->state().finished_runs.find(RunKeyText(command.run()));
    return run == executor->state().finished_runs.end() ? v1::RunFinished() : run->second.outcome;
  }
  void ExpectRefused(const v1::Execute& command, const std::string& reason) {
    ASSERT_TRUE(runner->Execute(command).ok());
    EXPECT_EQ(Outcome(command).verdict(), v1::VERDICT_REFUSED);
    EXPECT_NE(Outcome(command).reason().find(reason), std::string::npos)
        << Outcome(command).reason();
    EXPECT_FALSE(Outcome(command).next().empty());
    EXPECT_EQ(Manifest(), "0");
    EXPECT_EQ(gate.runs, 0);
  }
  void ExpectIgnored(const v1::Execute& command) {
    const std::size_t before = Records();
    ASSERT_TRUE(runner->Execute(command).ok());
    EXPECT_EQ(Records(), before);
    EXPECT_EQ(Manifest(), "0");
  }

  SimDisk disk;
  SimClock clock;
  ScriptedGate gate;
  Ed25519PrivateKey key = NewKey();
  v1::RemediationPlan plan;
  absl::Status ready;
  bool stopping = false;
  bool foreign_write = false;  // right after the manifest was read
  std::int64_t preparing_takes_ns = 0;
  bool stopped_while_preparing = false;
  std::string refused_step;
  std::unique_ptr<Executor> executor;
  std::unique_ptr<Runner> runner;
};

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
  const Ed25519PrivateKey other = NewKey();
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

TEST_F(RunnerTest, AJournalThatCannotBeWrittenEndsTheProgram) {
  disk.FailAt(0, absl::ResourceExhaustedError("disk full"));
  EXPECT_FALSE(runner->Execute(Command()).ok());
  EXPECT_EQ(Manifest(), "0");
}

}  // namespace
}  // namespace belay
