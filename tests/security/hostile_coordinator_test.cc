// Somebody has the coordinator, its certificate and its key, and says whatever he likes to an
// agent.  The agent's real runner, preparer and executor work on a real file system; after each
// attack every file of the node is what it was.  Prints one table: attack, result.
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
#include "node-agent/driver/plan_question.h"
#include "node-agent/driver/preparer.h"
#include "node-agent/driver/runner.h"
#include "tests/support/sim_clock.h"
#include "tests/unit/file_edits.h"
#include "tests/unit/manifest_edits.h"

namespace belay {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDirectory = "/etc/kubernetes/manifests";
constexpr const char* kPod =
    "apiVersion: v1\nkind: Pod\nmetadata: {name: kube-apiserver, namespace: kube-system}\nspec:\n"
    "  hostNetwork: true\n  containers:\n  - name: kube-apiserver\n    image: x\n    command:\n"
    "    - kube-apiserver\n    - --advertise-address=10.0.0.1\n    - --secure-port=6443\n"
    "    - --anonymous-auth=false\n    - --authorization-mode=Node,RBAC\n";
constexpr const char* kKubelet =
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

const v1::Edit kGoodEdit = PutEdit("/etc/kubernetes/new", "new\n", 0600);

TEST_F(HostileCoordinator, SignaturesAndWindows) {
  const v1::SignedPlan good = SignPlan(Plan({kGoodEdit}), ops_);
  v1::SignedPlan plan = good;
  plan.clear_signatures();
  Send("a plan without a signature", "lack signatures", Command(plan));
  Send("a plan signed by a key of the thief's", "lack signatures",
       Command(SignPlan(Plan({kGoodEdit}), *Ed25519PrivateKey::Generate())));
  plan = good;
  plan.mutable_plan()->back() ^= 1;
  Send("one bit of a signed plan turned", "lack signatures", Command(plan));
  plan = good;
  plan.mutable_signatures(0)->mutable_signature()->front() ^= 1;
  Send("one bit of the signature turned", "lack signatures", Command(plan));
  plan = good;
  *plan.mutable_plan() = SignPlan(Plan({PutEdit("/etc/kubernetes/x", "", 0600)}), ops_).plan();
  Send("the signature of one plan put to another", "lack signatures", Command(plan));
  plan = good;
  plan.mutable_signatures(0)->set_key_id(security_.Public().id());
  Send("a signature that names another trusted key", "lack signatures", Command(plan));
  Send("a plan signed by a key after its validity", "lack signatures",
       Command(SignPlan(Plan({kGoodEdit}), old_)));
  plan = good;
  for (int i = 0; i < 100; ++i) *plan.add_signatures() = plan.signatures(0);
  Send("101 signatures, to keep the node busy", "more than 100 signatures", Command(plan));
  plan = good;
  *plan.mutable_plan() = std::string(100000, '\xff');
  Send("garbage instead of a plan", "lack signatures", Command(plan));

  v1::RemediationPlan expired = Plan({kGoodEdit});
  expired.set_not_after_unix(Now() - 1);
  Send("a plan after its window", "valid from", Command(SignPlan(expired, ops_)));
  v1::RemediationPlan early = Plan({kGoodEdit});
  early.set_not_before_unix(Now() + 60);
  Send("a plan before its window", "valid from", Command(SignPlan(early, ops_)));
  v1::RemediationPlan newer = Plan({kGoodEdit});
  newer.GetReflection()->MutableUnknownFields(&newer)->AddVarint(99, 1);
  Send("a plan with a field that this version does not know", "does not understand",
       Command(SignPlan(newer, ops_)));
  v1::RemediationPlan wrong = Plan({kGoodEdit});
  wrong.clear_steps();
  Send("a plan that breaks the rules of plans", "at least one step",
       Command(SignPlan(wrong, ops_)));
}

TEST_F(HostileCoordinator, OneSignerIsNotEnoughWhereTheNodeAsksForTwo) {
  trust_.signatures = 2;
  trust_.roles = {{"security", 1}};
  Start();
  v1::SignedPlan plan = SignPlan(Plan({kGoodEdit}), ops_);
  Send("one signature where two are asked for", "2 by different trusted keys", Command(plan));
  *plan.add_signatures() = plan.signatures(0);
  Send("the same signature twice", "2 by different trusted keys", Command(plan));
  ASSERT_TRUE(AddSignature(plan, old_).ok());
  Send("a second signature by a key after its validity", "role 'security'", Command(plan));
  ASSERT_TRUE(AddSignature(plan, security_).ok());
  ASSERT_TRUE(runner_->Execute(Command(plan)).ok());
  EXPECT_TRUE(fs::exists(Host("/etc/kubernetes/new"))) << "and with both it is carried out";
}

TEST_F(HostileCoordinator, FencesAndSubstitution) {
  v1::RemediationPlan other = Plan({kGoodEdit});
  other.mutable_targets()->add_clusters("test");
  Send("a plan for another cluster", "this is cluster prod", Command(SignPlan(other, ops_)));
  other.mutable_targets()->set_clusters(0, "prod");
  other.mutable_targets()->add_nodes("cp2");
  Send("a plan for another node", "this is node cp1", Command(SignPlan(other, ops_)));

  v1::Execute command = Command({kGoodEdit});
  command.mutable_run()->set_plan_digest(std::string(64, 'a'));
  Send("a plan other than the one the run names", "its digest differs", command);
  command = Command({kGoodEdit});
  command.set_permit_until_boottime_ns(clock_.BootNowNs());
  Send("a command whose permit has passed", "permit has passed", command);
  command = Command({kGoodEdit});
  command.set_boot_id("another");
  Send("a command for an earlier boot", "earlier boot", command);
  command = Command({kGoodEdit});
  command.mutable_run()->clear_rollout_id();
  Send("a command that names no run", "does not name its run", command);
  command = Command({kGoodEdit});
  command.mutable_run()->set_rollout_id("r\n2026-11-26 all is well\x1b[2J");
  Send("a run named to write lines of its own into the log", "does not name its run", command);
  command = Command({kGoodEdit});
  command.mutable_run()->set_rollout_id("../../../../etc/cron.d/x");
  Send("a run named like a path", "does not name its run", command);
  command = Command({kGoodEdit});
  command.mutable_run()->set_phase(2);
  Send("a phase that the plan does not have", "no phase 2", command);

  const v1::Execute good = Command({kGoodEdit});
  ASSERT_TRUE(runner_->Execute(good).ok());
  ASSERT_TRUE(fs::exists(Host("/etc/kubernetes/new")));
  fs::remove(Host("/etc/kubernetes/new"));
  Send("a run that has ended, said again", "has ended before", good);
  command = Command({kGoodEdit});
  command.set_epoch(6);
  Send("a command of an older epoch", "epoch 6", command);
}

TEST_F(HostileCoordinator, PathsOfASignedPlan) {
  Send("a file into the static-pod directory", "where kubelet runs every file",
       {PutEdit("/etc/kubernetes/manifests/evil.yaml", kPod, 0600)});
  Send("a dot-file into the static-pod directory", "where kubelet runs every file",
       {PutEdit("/etc/kubernetes/manifests/.evil.yaml", kPod, 0600)});
  Send("a manifest removed", "where kubelet runs every file",
       {RemoveEdit("/etc/kubernetes/manifests/kube-apiserver.yaml")});
  Send("a path with ..", "..", {PutEdit("/etc/kubernetes/../cron.d/evil", "x", 0600)});
  Send("a path with //", "'//'", {PutEdit("/etc/kubernetes//x", "x", 0600)});
  Send("a relative path", "absolute path", {PutEdit("etc/kubernetes/x", "x", 0600)});
  Send("a path with a NUL byte", "", {PutEdit(std::string("/etc/kubernetes/x\0y", 18), "x", 0600)});
  Send("a file outside of the allowed paths", "not below an allowed path",
       {PutEdit("/etc/cron.d/evil", "x", 0600)});
  Send("a mode outside of the allowed paths", "not below an allowed path",
       {ModeEdit("/etc/shadow", 0644)});
  Send("the agent's own configuration", "belongs to the Belay agent",
       {PutEdit("/etc/kubernetes/belay/agent.yaml", "x", 0600)});
  Send("a set-user-id program", "", {PutEdit("/etc/kubernetes/sh", "x", 04755)});
  Send("a symbolic link to /etc/shadow as the file", "link",
       {PutEdit("/etc/kubernetes/link", "x", 0600)});
  Send("the mode of a symbolic link to /etc/shadow", "link",
       {ModeEdit("/etc/kubernetes/link", 0644)});
  Send("a symbolic link as a folder on the way", "link",
       {PutEdit("/etc/kubernetes/linked/evil", "x", 0600)});
  Send("a mount of the host's /", "root directory", {MountEdit("root", "/", false)});
  Send("a mount of the agent's own files", "own files",
       {MountEdit("own", "/etc/kubernetes/belay", true)});
  v1::Edit restart;
  restart.mutable_restart_service()->set_service("sshd");
  Send("a restart of sshd", "", {restart});
  Send("an edit of a kind that is not known", "", {v1::Edit()});
  Send("a manifest of somebody else's pod", "", {SetFlagEdit("x", "y", "../../cron.d/evil")});
}

TEST_F(HostileCoordinator, ValuesThatOpenAComponent) {
  Send("anonymous access to the API server", "forbidden_values",
       {SetFlagEdit("anonymous-auth", "true")});
  Send("the same as a bare word of Go's", "forbidden_values", {SetFlagEdit("anonymous-auth", "T")});
  Send("the flag taken away, its default is open", "forbidden_values",
       {UnsetFlagEdit("anonymous-auth")});
  Send("AlwaysAllow merged into the authorizers", "forbidden_values",
       {MergeEdit("authorization-mode", {"AlwaysAllow"})});
  Send("all authorizers merged away", "forbidden_values", {UnsetFlagEdit("authorization-mode")});
  Send("a file of static tokens", "forbidden_values",
       {SetFlagEdit("token-auth-file", "/etc/kubernetes/t")});
  Send(
      "kubelet's anonymous access with the whole file", "forbidden_values",
      {PutEdit("/etc/kubernetes/kubelet.yaml",
               "kind: KubeletConfiguration\nauthentication: {anonymous: {enabled: yes}}\n", 0600)});
}

TEST_F(HostileCoordinator, GoingBack) {
  v1::Revert revert;
  revert.set_undoes("r-unknown");
  revert.mutable_run()->set_rollout_id("v1");
  revert.mutable_run()->set_plan_digest("d");
  revert.set_epoch(7);
  revert.set_boot_id(clock_.BootId());
  revert.set_permit_until_boottime_ns(clock_.BootNowNs() + 15'000'000'000);
  Row("a revert of what never was", "knows nothing of rollout",
      [&] { ASSERT_TRUE(runner_->Revert(revert).ok()); });

  const v1::Execute good = Command({kGoodEdit});
  ASSERT_TRUE(runner_->Execute(good).ok());
  revert.set_undoes(good.run().rollout_id());
  revert.mutable_run()->set_rollout_id("v2");
  Row("a revert in the name of another plan", "has run another plan here",
      [&] { ASSERT_TRUE(runner_->Revert(revert).ok()); });
  revert.mutable_run()->set_rollout_id("v3");
  revert.mutable_run()->set_plan_digest(good.run().plan_digest());
  Put("/etc/kubernetes/new", "an admin's\n");
  Row("a revert over what an admin has changed since", "somebody else has changed it",
      [&] { ASSERT_TRUE(runner_->Revert(revert).ok()); });
  may_revert_ = false;
  Start();
  revert.mutable_run()->set_rollout_id("v4");
  Row("a revert where the owner allows none", "allows no revert",
      [&] { ASSERT_TRUE(runner_->Revert(revert).ok()); });
}

TEST_F(HostileCoordinator, QuestionsTellNothingThatIsNotForEverybody) {
  const PlanQuestionOptions options{trust_, policy_, forbidden_};
  const auto ask = [&](const v1::SignedPlan& plan) {
    return AnswerPlanQuestion(plan, options, *host_, clock_);
  };
  v1::SignedPlan plan = SignPlan(Plan({PutEdit("/etc/kubernetes/secret", "x", 0600)}), ops_);
  Row("a question about a signed plan, to read a secret file", "", [&] {
    EXPECT_FALSE(absl::StrContains(ask(plan).DebugString(), "secret of the node"));
    EXPECT_TRUE(ask(plan).steps(0).files(0).content_hidden());
  });
  plan.clear_signatures();
  Row("a question about an unsigned plan", "", [&] {
    EXPECT_TRUE(absl::StrContains(ask(plan).refused(), "lack signatures"));
    EXPECT_EQ(ask(plan).steps_size(), 0);
  });
}

// A hard link to another file is cut, never written through.
TEST_F(HostileCoordinator, AHardLinkIsNotWrittenThrough) {
  ASSERT_TRUE(runner_->Execute(Command({PutEdit("/etc/kubernetes/twin", "x", 0644)})).ok());
  std::ostringstream shadow;
  shadow << std::ifstream(Host("/etc/shadow")).rdbuf();
  EXPECT_EQ(shadow.str(), "root:secret\n");
  struct stat facts {};
  ASSERT_EQ(::lstat(Host("/etc/shadow").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600U);
  std::cout << "attack | a hard link to /etc/shadow as the file                             | "
               "/etc/shadow unchanged    | the name gets a new file\n";
}

}  // namespace
}  // namespace belay
