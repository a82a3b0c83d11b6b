// The gate of a kubelet that a step restarts.  The restart was asked for at second 100.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "node-agent/health/ask.h"
#include "node-agent/health/kubelet_expectation.h"
#include "node-agent/health/kubelet_watch.h"
#include "tests/unit/gate_fixture.h"

namespace belay {
namespace {

const std::vector<std::string> kArgv = {"/usr/bin/kubelet",
                                        "--config=/var/lib/kubelet/config.yaml"};
const std::string kPod(32, 'a');

class KubeletGate : public GateTest {
 protected:
  static GateSpec KubeletSpec(GateDirection direction = GateDirection::Forward) {
    GateSpec spec = direction == GateDirection::Forward ? Spec() : BackwardSpec();
    v1::ComponentExpectation& component = spec.adoption.component;
    component.Clear();
    component.set_component("kubelet");
    component.set_reads_changed_files(true);
    component.mutable_service();
    for (const std::string& element : kArgv) {
      component.add_argv_before(element);
      component.add_argv_after(element);
    }
    return spec;
  }
};

TEST_F(KubeletGate, TheProcessOfTheRestartPasses) {
  Gate gate(KubeletSpec());
  EXPECT_EQ(Feed(gate, 101, 130, {Proc(8, 101, kArgv)}, {8}, Status(200)), GateVerdict::Passed);
}

TEST_F(KubeletGate, TheOldProcessProvesNothingThoughItsArgumentsAreTheSame) {
  Gate gate(KubeletSpec());
  EXPECT_EQ(Feed(gate, 100, 109, {Proc(7, 50, kArgv)}, {7}, Status(200)), GateVerdict::Pending);
  EXPECT_EQ(Feed(gate, 110, 112, {Proc(7, 50, kArgv)}, {7}, Status(200)), GateVerdict::Failed);
  EXPECT_NE(gate.reason().find("does not run with the new configuration"), std::string::npos);
}

TEST_F(KubeletGate, OtherArgumentsThanBeforeAreAnotherConfiguration) {
  Gate gate(KubeletSpec());
  Feed(gate, 101, 112, {Proc(8, 101, {"/usr/bin/kubelet", "--config=/etc/other.yaml"})}, {8},
       Status(200));
  EXPECT_EQ(gate.verdict(), GateVerdict::Failed);
}

TEST_F(KubeletGate, AProcessInAPodIsNotTheService) {
  Gate gate(KubeletSpec());
  Process inside = Proc(8, 101, kArgv);
  inside.pod_uid = kPod;
  EXPECT_EQ(Feed(gate, 101, 112, {inside}, {8}, Status(200)), GateVerdict::Failed);
}

TEST_F(KubeletGate, TheOutageLastsUntilItIsBelieved) {
  Gate gate(KubeletSpec());
  gate.Observe({Ns(100.1), {Proc(7, 50, kArgv)}, {7}, Status(200)});
  gate.Observe({Ns(100.5), {}, {}, Refused()});
  Observation early = {Ns(110), {Proc(8, 101, kArgv)}, {8}, Status(200)};
  early.objection = "it has not yet renewed the lease of its node";
  gate.Observe(early);
  EXPECT_EQ(Feed(gate, 110.2, 138, {Proc(8, 101, kArgv)}, {8}, Status(200)), GateVerdict::Passed);
  v1::StepReport report;
  gate.Report(&report);
  EXPECT_NEAR(report.outage().seconds(), 10.1, 0.01);
}

TEST_F(KubeletGate, ItsFirstExitFailsTheGate) {
  Gate gate(KubeletSpec());
  gate.Observe({Ns(101), {Proc(8, 100.5, kArgv)}, {}, Refused()});
  EXPECT_EQ(gate.Observe({Ns(101.2), {}, {}, Refused()}), GateVerdict::Failed);
  EXPECT_NE(gate.reason().find("has started with the new configuration and ended"),
            std::string::npos)
      << gate.reason();
}

TEST_F(KubeletGate, OneThatIsNeverSeenFailsLongBeforeTheDeadline) {
  Gate gate(KubeletSpec());
  EXPECT_EQ(Feed(gate, 100, 109, {}, {}, Refused()), GateVerdict::Pending);
  EXPECT_EQ(Feed(gate, 110, 111, {}, {}, Refused()), GateVerdict::Failed);
}

TEST_F(KubeletGate, ARestartThatTakesAFewSecondsIsWaitedFor) {
  Gate gate(KubeletSpec());
  EXPECT_EQ(Feed(gate, 100, 108, {}, {}, Refused()), GateVerdict::Pending);
  EXPECT_EQ(Feed(gate, 109, 140, {Proc(8, 108, kArgv)}, {8}, Status(200)), GateVerdict::Passed);
}

TEST_F(KubeletGate, ARollbackIsPatientWithExits) {
  Gate gate(KubeletSpec(GateDirection::Backward));
  gate.Observe({Ns(161), {Proc(8, 160.5, kArgv)}, {}, Refused()});
  Feed(gate, 162, 180, {}, {}, Refused());
  EXPECT_EQ(gate.verdict(), GateVerdict::Pending);
  EXPECT_EQ(Feed(gate, 181, 210, {Proc(9, 181, kArgv)}, {9}, Status(200)), GateVerdict::Passed);
}

TEST_F(KubeletGate, AfterARollbackTheProcessOfTheEditProvesNothing) {
  Gate between(KubeletSpec(GateDirection::Backward));
  EXPECT_EQ(Feed(between, 160, 341, {Proc(8, 120, kArgv)}, {8}, Status(200)), GateVerdict::Failed);
  Gate never_replaced(KubeletSpec(GateDirection::Backward));
  EXPECT_EQ(Feed(never_replaced, 160, 190, {Proc(7, 50, kArgv)}, {7}, Status(200)),
            GateVerdict::Passed);
}

std::string Node(const std::string& ready) {
  return absl::StrCat(R"({"status":{"conditions":[{"type":"MemoryPressure","status":"False"},)",
                      R"({"type":"Ready","status":")", ready,
                      R"(","reason":"KubeletNotReady","message":"PLEG"}]}})");
}
std::string Lease(const std::string& renewed) {
  return absl::StrCat(R"({"spec":{"holderIdentity":"cp1","renewTime":")", renewed, R"("}})");
}

TEST(NodeFacts, AreReadFromTheApisAnswers) {
  NodeFacts facts = ParseNodeFacts(Node("True"), Lease("2026-01-01T00:00:00.000001Z"));
  EXPECT_EQ(facts.ready, std::optional<bool>(true));
  EXPECT_EQ(facts.renewed, std::optional<std::string>("2026-01-01T00:00:00.000001Z"));
  facts = ParseNodeFacts(Node("Unknown"), "{}");
  EXPECT_EQ(facts.ready, std::optional<bool>(false));
  EXPECT_EQ(facts.why, "KubeletNotReady: PLEG");
  EXPECT_EQ(facts.renewed, std::nullopt);
  for (const char* broken : {"", "[]", "{", R"({"status":1})", R"({"status":{"conditions":{}}})"}) {
    EXPECT_EQ(ParseNodeFacts(broken, broken).ready, std::nullopt) << broken;
  }
}

NodeFacts Facts(const std::string& renewed, bool ready = true) { return {ready, "", renewed}; }

TEST(KubeletWatch, OnlyARenewalUnderTheNewProcessIsASignOfLife) {
  KubeletWatch watch(KubeletWatch::Proof::SignsOfLife);
  EXPECT_NE(watch.Objection(Facts("1"), {}), "");
  EXPECT_NE(watch.Objection(Facts("2"), {}), "") << "none runs";
  EXPECT_NE(watch.Objection(Facts("2"), {8}), "") << "the old process has written this";
  EXPECT_EQ(watch.Objection(Facts("3"), {8}), "");
  EXPECT_EQ(watch.Objection(Facts("3"), {8}), "");
  EXPECT_NE(watch.Objection(Facts("3"), {9}), "") << "another process must say so for itself";
  EXPECT_EQ(watch.Objection(Facts("4"), {9}), "");
}

TEST(KubeletWatch, AFreshProcessThatRenewsAtOnceNeedNotDoItTwice) {
  KubeletWatch watch(KubeletWatch::Proof::SignsOfLife);
  watch.Objection(Facts("1"), {});
  EXPECT_EQ(watch.Objection(Facts("2"), {8}), "");
}

TEST(KubeletWatch, ANodeThatIsNotReadyOrNotKnownIsNotHealthy) {
  KubeletWatch watch(KubeletWatch::Proof::ReadyNow);
  EXPECT_EQ(watch.Objection(Facts("1"), {8}), "");
  EXPECT_NE(watch.Objection(Facts("1", false), {8}), "");
  EXPECT_NE(watch.Objection({std::nullopt, "", "1"}, {8}), "");
  EXPECT_NE(watch.Objection({true, "", std::nullopt}, {8}), "");
}

class World : public ProcessTable, public HealthProbe {
 public:
  std::vector<Process> List(const std::string& component) const override {
    const auto found = processes.find(component);
    return found == processes.end() ? std::vector<Process>() : found->second;
  }
  bool OwnsListener(std::int64_t, const std::string&, std::uint32_t) const override { return true; }
  ProbeResult Ask(const ProbeTarget& target) override {
    asked.push_back(target);
    ProbeResult result{ProbeResult::Kind::Answered, status, "", ""};
    result.body = target.path == "/api/v1/nodes/cp1" ? Node("True") : Lease(renewed);
    return result;
  }
  std::map<std::string, std::vector<Process>> processes;
  std::vector<ProbeTarget> asked;
  std::string renewed = "1";
  int status = 200;
};

TEST(NodeAsker, AsksTheApiServerWithCredentialsAtMostOnceASecond) {
  World world;
  v1::Service service;
  service.set_node("cp1");
  service.mutable_api_server()->set_dial_address("127.0.0.1");
  service.mutable_api_server()->set_port(6443);
  NodeAsker asker(KubeletWatch::Proof::ReadyNow);
  EXPECT_EQ(asker.Objection(world, service, {8}, Ns(100)), "");
  ASSERT_EQ(world.asked.size(), 2U);
  EXPECT_FALSE(world.asked[0].anonymous);
  EXPECT_EQ(world.asked[1].path,
            "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/cp1");
  EXPECT_EQ(asker.Objection(world, service, {8}, Ns(100.9)), "");
  EXPECT_EQ(world.asked.size(), 2U);
  world.status = 403;
  EXPECT_NE(asker.Objection(world, service, {8}, Ns(101)), "");
  world.status = 200;
  EXPECT_NE(asker.Objection(world, service, {8}, Ns(101.5)), "");
  EXPECT_EQ(asker.Objection(world, service, {9}, Ns(101.5)), "") << "somebody else: asked anew";
}

TEST(LostPods, AreThoseWithoutAProcess) {
  World world;
  world.processes["etcd"] = {{3, 1, {"etcd"}, kPod}};
  google::protobuf::RepeatedPtrField<v1::KeptPod> kept;
  kept.Add()->set_component("etcd");
  kept.Mutable(0)->set_pod_uid(kPod);
  EXPECT_EQ(LostPods(world, kept), "");
  world.processes["etcd"][0].pod_uid = std::string(32, 'b');
  EXPECT_NE(LostPods(world, kept), "");
  world.processes["etcd"].clear();
  EXPECT_NE(LostPods(world, kept), "");
}

class KubeletExpectation : public testing::Test {
 protected:
  KubeletExpectation() {
    world_.processes["kubelet"] = {
        {7, 5, {"/usr/bin/kubelet", "--config=/c.yaml", "--hostname-override=CP1"}},
        {9, 6, {"tail", "-f", "/var/log/kubelet"}}};
    world_.processes["etcd"] = {{3, 1, {"etcd"}, kPod}};
    change_.path = "/c.yaml";
    change_.before = Config("");
    change_.after = Config("readOnlyPort: 0\n");
    change_.static_pods = {"etcd"};
    change_.will_exist = [](const std::string& path) { return path == "/ca.crt"; };
    change_.sysctl = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = sysctls_.find(name);
      if (found == sysctls_.end()) return std::nullopt;
      return found->second;
    };
  }
  static std::string Config(const std::string& more) {
    return absl::StrCat("apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n",
                        "staticPodPath: /etc/kubernetes/manifests\n", more);
  }
  absl::StatusOr<v1::ComponentExpectation> Expect() {
    const auto kubelet = FindKubelet(world_);
    if (!kubelet.ok()) return kubelet.status();
    return KubeletExpectationOf(change_, *kubelet, world_);
  }
  void ExpectRefused(const std::string& word) {
    const auto expectation = Expect();
    ASSERT_FALSE(expectation.ok()) << word;
    EXPECT_NE(expectation.status().message().find(word), std::string::npos) << expectation.status();
  }
  World world_;
  KubeletChange change_;
  std::map<std::string, std::string> sysctls_ = {{"vm.overcommit_memory", "1"},
                                                 {"vm.panic_on_oom", "0"},
                                                 {"kernel.panic", "10"},
                                                 {"kernel.panic_on_oops", "1"},
                                                 {"kernel.keys.root_maxkeys", "1000000"},
                                                 {"kernel.keys.root_maxbytes", "25000000"}};
};

TEST_F(KubeletExpectation, IsTheRunningProcessAnewWithItsNodeAndItsPods) {
  const auto expectation = Expect();
  ASSERT_TRUE(expectation.ok()) << expectation.status();
  EXPECT_EQ(expectation->argv_after(1), "--config=/c.yaml");
  EXPECT_EQ(expectation->service().node(), "cp1");
  EXPECT_EQ(expectation->service().config_file(), "/c.yaml");
  ASSERT_EQ(expectation->service().kept_pods_size(), 1);
  EXPECT_EQ(expectation->service().kept_pods(0).pod_uid(), kPod);
  EXPECT_EQ(expectation->health_after().port(), 10248U);
  EXPECT_EQ(expectation->health_after().dial_address(), "127.0.0.1");
  EXPECT_EQ(expectation->health_after().kind(), v1::HealthEndpoint::PLAIN);
  EXPECT_TRUE(expectation->reads_changed_files());
}

TEST_F(KubeletExpectation, AsksWhereTheConfigurationAndTheFlagsSay) {
  change_.after = Config("healthzPort: 10300\nhealthzBindAddress: 0.0.0.0\n");
  auto expectation = Expect();
  ASSERT_TRUE(expectation.ok()) << expectation.status();
  EXPECT_EQ(expectation->health_before().port(), 10248U);
  EXPECT_EQ(expectation->health_after().port(), 10300U);
  EXPECT_EQ(expectation->health_after().dial_address(), "127.0.0.1");
  world_.processes["kubelet"][0].argv.emplace_back("--healthz-port=10400");
  expectation = Expect();
  ASSERT_TRUE(expectation.ok()) << expectation.status();
  EXPECT_EQ(expectation->health_after().port(), 10400U);
  change_.after = Config("healthzPort: 0\n");
  world_.processes["kubelet"][0].argv.pop_back();
  ExpectRefused("healthzPort");
}

TEST_F(KubeletExpectation, WhatCannotBeProvedOrIsFatalIsRefused) {
  change_.after = Config("authentication: {x509: {clientCAFile: /none.crt}}\n");
  ExpectRefused("/none.crt");
  change_.after = Config("authentication: {x509: {clientCAFile: /ca.crt}}\n");
  EXPECT_TRUE(Expect().ok());
  change_.after = "kind: KubeletConfiguration\nstaticPodPath: /elsewhere\n";
  ExpectRefused("staticPodPath");
  change_.after = "kind: [";
  ExpectRefused("/c.yaml");
  change_.after = Config("protectKernelDefaults: true\n");
  EXPECT_TRUE(Expect().ok());
  sysctls_["kernel.panic"] = "0";
  ExpectRefused("kernel.panic is 0 and not 10");
  sysctls_.erase("kernel.panic");
  ExpectRefused("not readable");
  change_.after = Config("");
  world_.processes.erase("etcd");
  ExpectRefused("etcd has no process");
}

TEST_F(KubeletExpectation, ANodeWithoutOneKubeletOrItsFileIsRefused) {
  std::vector<Process>& kubelets = world_.processes["kubelet"];
  kubelets.push_back({10, 7, {"kubelet", "--config=/other.yaml"}});
  ExpectRefused("several kubelets");
  kubelets = {{10, 7, {"kubelet"}}};
  ExpectRefused("no --config");
  kubelets = {{9, 6, {"tail", "-f", "/var/log/kubelet"}}};
  ExpectRefused("no kubelet");
}

}  // namespace
}  // namespace belay
