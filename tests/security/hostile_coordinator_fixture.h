// A node whose coordinator is somebody else's: the agent's real runner, preparer and executor on a
// real file system, and every file of the node compared before and after each attack.
#pragma once
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/safe_text.h"
#include "common/os/posix_file_system.h"
#include "common/plan/sign.h"
#include "node-agent/driver/preparer.h"
#include "node-agent/driver/runner.h"
#include "tests/support/sim_clock.h"

namespace belay {

namespace fs = std::filesystem;

inline constexpr const char* kDirectory = "/etc/kubernetes/manifests";
inline constexpr const char* kPod =
    "apiVersion: v1\nkind: Pod\nmetadata: {name: kube-apiserver, namespace: kube-system}\nspec:\n"
    "  hostNetwork: true\n  containers:\n  - name: kube-apiserver\n    image: x\n    command:\n"
    "    - kube-apiserver\n    - --advertise-address=10.0.0.1\n    - --secure-port=6443\n"
    "    - --anonymous-auth=false\n    - --authorization-mode=Node,RBAC\n";
inline constexpr const char* kKubelet =
    "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
    "authentication: {anonymous: {enabled: false}}\n";

struct NoProcesses : ProcessTable {
  std::vector<Process> List(const std::string&) const override { return {}; }
  bool OwnsListener(std::int64_t, const std::string&, std::uint32_t) const override {
    return false;
  }
};

struct PassingGate : Gatekeeper {
  GateResult Run(const GateRequest&, const std::function<void(const std::string&)>&) override {
    GateResult result;
    result.kind = GateResult::Kind::Passed;
    return result;
  }
};

class HostileCoordinator : public testing::Test {
 protected:
  HostileCoordinator() {
    char name[] = "/tmp/belay_hostile_XXXXXX";
    base_ = ::mkdtemp(name);
    for (const char* each : {"/host/etc/kubernetes/manifests", "/host/etc/kubernetes/belay",
                             "/host/etc/cron.d", "/host/var/lib/kubelet", "/state"}) {
      fs::create_directories(base_ + each);
    }
    Put("/etc/kubernetes/manifests/kube-apiserver.yaml", kPod);
    Put("/etc/kubernetes/kubelet.yaml", kKubelet);
    Put("/etc/kubernetes/belay/agent.yaml", "own\n");
    Put("/etc/kubernetes/secret", "secret of the node\n");
    Put("/etc/shadow", "root:secret\n");
    fs::create_symlink("../shadow", Host("/etc/kubernetes/link"));
    fs::create_directory_symlink("../cron.d", Host("/etc/kubernetes/linked"));
    fs::create_hard_link(Host("/etc/shadow"), Host("/etc/kubernetes/twin"));
    trust_.keys = {{ops_.Public()}, {security_.Public(), "security"}, {old_.Public()}};
    trust_.keys[2].not_after_unix = Now() - 1;
    policy_ = {.manifest_dir = kDirectory,
               .allowed_paths = {"/etc/kubernetes/"},
               .allowed_mounts = {"/etc/kubernetes/"},
               .protected_paths = {"/etc/kubernetes/belay"},
               .cluster = "prod",
               .node = "cp1"};
    for (const std::string& rule : DefaultForbiddenValues()) {
      forbidden_.push_back(*ParseValueRule(rule));
    }
    Start();
  }
  ~HostileCoordinator() override { fs::remove_all(base_); }

  std::string Host(const std::string& path) const { return absl::StrCat(base_, "/host", path); }
  void Put(const std::string& path, const std::string& bytes) const {
    std::ofstream(Host(path)) << bytes;
    ::chmod(Host(path).c_str(), 0600);
  }
  std::int64_t Now() const { return clock_.WallNowUnixMs() / 1000; }

  void Start() {
    host_ = *PosixFileSystem::Open(absl::StrCat(base_, "/host"));
    state_ = *PosixFileSystem::Open("/");
    auto opened = Executor::Open({.host = *host_,
                                  .state = *state_,
                                  .clock = clock_,
                                  .gatekeeper = gate_,
                                  .state_dir = base_ + "/state",
                                  .new_journal_id = "j",
                                  .on_record = [this](const v1::Record& record) {
                                    if (record.has_run_finished()) finished_.push_back(record);
                                  }});
    ASSERT_TRUE(opened.ok()) << opened.status();
    executor_ = *std::move(opened);
    ASSERT_TRUE(executor_->Recover().ok());
    NodeServices services;
    services.forbidden = forbidden_;
    preparer_ = std::make_unique<Preparer>(*host_, processes_, kDirectory, services);
    RunnerOptions with;
    with.trust = trust_;
    with.policy = policy_;
    with.prepare = [this](const v1::Step& step) { return preparer_->Prepare(step); };
    with.prepare_undoing = [this](const v1::Prepared& done,
                                  const std::map<std::string, std::string>& before) {
      return preparer_->PrepareUndoing(done, before);
    };
    with.may_revert = may_revert_;
    with.check_ready = [] { return absl::OkStatus(); };
    with.stopping = [] { return false; };
    with.log = [this](const std::string& line) { said_ += SafeLine(line) + "\n"; };  // as run does
    runner_ = std::make_unique<Runner>(*executor_, clock_, std::move(with));
  }

  v1::RemediationPlan Plan(const std::vector<v1::Edit>& edits) const {
    v1::RemediationPlan plan;
    plan.set_name("p");
    plan.set_not_before_unix(Now() - 10);
    plan.set_not_after_unix(Now() + 3600);
    v1::Step& step = *plan.add_steps();
    step.set_name("s");
    bool pod = false;
    for (const v1::Edit& edit : edits) {
      *step.add_edits() = edit;
      pod |= edit.has_set_flag() || edit.has_unset_flag() || edit.has_merge_list_flag() ||
             edit.has_mount_path();
    }
    v1::Gate& times = *step.mutable_gate();
    times.set_deadline_ms(60000);
    times.set_stable_ms(25000);
    times.set_interval_ms(200);
    times.set_rollback_deadline_ms(180000);
    if (pod) times.add_probes("apiserver-readyz");
    if (!edits.empty() && edits[0].has_restart_service()) times.add_probes("kubelet-healthz");
    return plan;
  }
  v1::Execute Command(const v1::SignedPlan& plan) {
    v1::Execute command;
    *command.mutable_plan() = plan;
    command.mutable_run()->set_rollout_id(absl::StrCat("r", ++runs_));
    command.mutable_run()->set_plan_digest(PlanDigest(plan));
    command.set_epoch(7);
    command.set_boot_id(clock_.BootId());
    command.set_permit_until_boottime_ns(clock_.BootNowNs() + 15'000'000'000);
    return command;
  }
  v1::Execute Command(const std::vector<v1::Edit>& edits) {
    return Command(SignPlan(Plan(edits), ops_));
  }

  // Everything of the node but the agent's own state: kind, mode, size, inode, times and bytes.
  std::map<std::string, std::string> Snapshot() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(base_ + "/host")) {
      struct stat facts {};
      ::lstat(entry.path().c_str(), &facts);
      std::ostringstream text;
      text << facts.st_mode << ' ' << facts.st_ino << ' ' << facts.st_uid << ' '
           << facts.st_mtim.tv_sec << '.' << facts.st_mtim.tv_nsec;
      if (S_ISREG(facts.st_mode)) text << std::ifstream(entry.path()).rdbuf();
      all[entry.path()] = text.str();
    }
    return all;
  }

  // Nothing changed, and the node said why in these words (or took no notice at all).
  void Row(const std::string& attack, const std::string& why,
           const std::function<void()>& attempt) {
    const auto before = Snapshot();
    finished_.clear();
    said_.clear();
    attempt();
    const bool unchanged = Snapshot() == before;
    EXPECT_TRUE(unchanged) << attack;
    std::string reason = said_;
    for (const v1::Record& record : finished_) {
      EXPECT_EQ(record.run_finished().verdict(), v1::VERDICT_REFUSED) << attack;
      reason += record.run_finished().reason();
    }
    EXPECT_TRUE(absl::StrContains(reason, why)) << attack << ": " << reason;
    std::cout << "attack | " << attack
              << std::string(attack.size() < 66 ? 66 - attack.size() : 0, ' ') << " | "
              << (unchanged ? "refused, nothing changed" : "CHANGED") << " | " << why << "\n";
  }
  void Send(const std::string& attack, const std::string& why, const v1::Execute& command) {
    Row(attack, why, [&] { ASSERT_TRUE(runner_->Execute(command).ok()); });
  }
  void Send(const std::string& attack, const std::string& why, const std::vector<v1::Edit>& edits) {
    Send(attack, why, Command(edits));
  }

  std::string base_;
  SimClock clock_;
  const Ed25519PrivateKey ops_ = *Ed25519PrivateKey::Generate();
  const Ed25519PrivateKey security_ = *Ed25519PrivateKey::Generate();
  const Ed25519PrivateKey old_ = *Ed25519PrivateKey::Generate();
  Trust trust_;
  NodePolicy policy_;
  std::vector<ValueRule> forbidden_;
  bool may_revert_ = true;
  NoProcesses processes_;
  PassingGate gate_;
  std::unique_ptr<PosixFileSystem> host_, state_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<Preparer> preparer_;
  std::unique_ptr<Runner> runner_;
  std::vector<v1::Record> finished_;
  std::string said_;
  int runs_ = 0;
};

}  // namespace belay
