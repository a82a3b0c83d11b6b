// Somebody has the coordinator, its certificate and its key, and says whatever he likes to an
// agent.  After each attack every file of the node is what it was.  Prints one table: attack,
// result.
#include "absl/strings/match.h"
#include "node-agent/driver/plan_question.h"
#include "tests/security/hostile_coordinator_fixture.h"
#include "tests/unit/file_edits.h"
#include "tests/unit/manifest_edits.h"

namespace belay {
namespace {

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
