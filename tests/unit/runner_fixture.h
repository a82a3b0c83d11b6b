// A node whose plan appends to one manifest, step by step, under a gate that answers as the test
// says.
#pragma once
#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "common/plan/sign.h"
#include "node-agent/driver/runner.h"
#include "node-agent/transaction/file_image.h"
#include "tests/support/sim_clock.h"
#include "tests/support/sim_disk.h"

namespace belay {

inline constexpr const char* kManifest = "/etc/kubernetes/manifests/kube-apiserver.yaml";
inline constexpr std::int64_t kPermitNs = 15'000'000'000;

struct RunnerGate : Gatekeeper {
  GateResult Run(const GateRequest& request,
                 const std::function<void(const std::string&)>&) override {
    ++runs;
    if (before) before();
    GateResult result;
    result.kind = request.direction == GateDirection::Backward ? backward : forward;
    result.reason = "as the test says";
    return result;
  }
  GateResult::Kind forward = GateResult::Kind::Passed;
  GateResult::Kind backward = GateResult::Kind::Passed;
  int runs = 0;
  std::function<void()> before;  // each run
};

inline Ed25519PrivateKey NewRunnerKey() { return *Ed25519PrivateKey::Generate(); }

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
    Open();
    ASSERT_TRUE(executor->Recover().ok());
  }
  void Open() {
    runner.reset();
    executor.reset();
    ExecutorOptions options{.host = disk,
                            .state = disk,
                            .clock = clock,
                            .gatekeeper = gate,
                            .state_dir = "/state",
                            .new_journal_id = "j",
                            .full_journal_bytes = full_journal_bytes,
                            .on_record = on_record};
    absl::StatusOr<std::unique_ptr<Executor>> opened = Executor::Open(std::move(options));
    ASSERT_TRUE(opened.ok()) << opened.status();
    executor = *std::move(opened);
    RunnerOptions with;
    with.trust.keys = {{key.Public()}};
    with.policy = {"/etc/kubernetes/manifests", {"/etc/kubernetes/"}, {"/etc/kubernetes/"}, {}};
    with.prepare = [this](const v1::Step& step) { return Prepare(step); };
    with.prepare_undoing = [this](const v1::Prepared& done,
                                  const std::map<std::string, std::string>& before) {
      return PrepareUndoing(done, before);
    };
    with.may_revert = may_revert;
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

  // As Preparer::PrepareUndoing, for one manifest.
  absl::StatusOr<StepPlan> PrepareUndoing(const v1::Prepared& done,
                                          const std::map<std::string, std::string>& before) {
    clock.Pass(preparing_takes_ns);
    const v1::FileChange& was = done.changes(0);
    const absl::StatusOr<v1::FileImage> now = ReadImage(disk, was.path());
    if (!now.ok()) return now.status();
    if (!SameImage(*now, was.after())) return absl::FailedPreconditionError("somebody else");
    StepPlan out;
    *out.prepared.mutable_gate() = done.gate();
    *out.prepared.mutable_components() = done.components();
    v1::FileChange& change = *out.prepared.add_changes();
    change.set_path(was.path());
    change.set_is_manifest(true);
    *change.mutable_before() = was.after();
    *change.mutable_after() = was.before();
    out.after_bytes = before;
    return out;
  }

  v1::Revert RevertOf(const v1::Execute& done, const std::string& rollout = "v1") {
    v1::Revert command;
    *command.mutable_run() = done.run();
    command.mutable_run()->set_rollout_id(rollout);
    command.set_undoes(done.run().rollout_id());
    command.set_epoch(5);
    command.set_boot_id(clock.BootId());
    command.set_permit_until_boottime_ns(clock.BootNowNs() + kPermitNs);
    return command;
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
  v1::RunFinished Outcome(const v1::Execute& command) { return OutcomeOf(command.run()); }
  v1::RunFinished OutcomeOf(const v1::RunKey& of) {
    const auto run = executor->state().finished_runs.find(RunKeyText(of));
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

  // `act` cut at every call of the disk, in four ways; `after` looks at the next life, after the
  // cut at call `k`.  How many cuts there were.
  int CutEverywhere(const std::function<void()>& act, const std::function<void(int k)>& after) {
    using Cut = SimDisk::Cut;
    const SimDisk begun = disk;
    int cuts = 0;
    for (const Cut cut : {Cut::Kill, Cut::Lose, Cut::Keep, Cut::Torn}) {
      for (int k = 0;; ++k) {
        disk = begun;
        Start();
        disk.CrashAt(k, cut == Cut::Torn);
        bool crashed = false;
        try {
          act();
        } catch (const Crash&) {
          crashed = true;
        }
        if (!crashed) break;
        ++cuts;
        std::mt19937 random(static_cast<unsigned>(k));
        disk.Disarm();
        disk.Apply(cut, random);
        if (cut != Cut::Kill) clock.Reboot();
        Start();
        after(k);
      }
    }
    return cuts;
  }

  SimDisk disk;
  SimClock clock;
  RunnerGate gate;
  Ed25519PrivateKey key = NewRunnerKey();
  v1::RemediationPlan plan;
  absl::Status ready;
  bool stopping = false;
  bool may_revert = true;  // before Start
  std::size_t full_journal_bytes = kFullJournalBytes;
  bool foreign_write = false;  // right after the manifest was read
  std::int64_t preparing_takes_ns = 0;
  bool stopped_while_preparing = false;
  std::string refused_step;
  std::function<void(const v1::Record&)> on_record;
  std::unique_ptr<Executor> executor;
  std::unique_ptr<Runner> runner;
};

}  // namespace belay
