// What each component's gate asks, believes and refuses: endpoints from arguments and mounts,
// etcd's facts, kubelet's probes, expectations of a changed manifest.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "node-agent/health/ask.h"
#include "node-agent/health/endpoint.h"

namespace belay {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

ContainerFacts Container(const std::vector<std::string>& argv) {
  ContainerFacts container;
  container.name = argv[0];
  container.command = argv;
  container.mounts = {{"/etc/kubernetes/pki", "/srv/pki"}, {"/etc/kubernetes/pki/own", ""}};
  return container;
}

TEST(ComponentEndpoints, ControllersAreAskedOnLoopbackByTheOwnerOfTheirListener) {
  const auto manager = HealthEndpointOf("kube-controller-manager",
                                        Container({"kube-controller-manager", "--port=0"}));
  ASSERT_TRUE(manager.ok()) << manager.status();
  EXPECT_EQ(manager->port(), 10257U);
  EXPECT_EQ(manager->dial_address(), "127.0.0.1");
  EXPECT_EQ(manager->kind(), v1::HealthEndpoint::OWNER);
  EXPECT_EQ(manager->path(), "/healthz");
  EXPECT_EQ(manager->certificate_file(), "");
  EXPECT_TRUE(manager->anonymous());
  const auto scheduler = HealthEndpointOf(
      "kube-scheduler", Container({"kube-scheduler", "--bind-address=10.0.0.1",
                                   "--tls-cert-file=/etc/kubernetes/pki/scheduler.crt"}));
  ASSERT_TRUE(scheduler.ok());
  EXPECT_EQ(scheduler->port(), 10259U);
  EXPECT_EQ(scheduler->dial_address(), "10.0.0.1");
  EXPECT_EQ(scheduler->certificate_file(), "/srv/pki/scheduler.crt");
}

TEST(ComponentEndpoints, HealthThatNobodyMayAskIsRefused) {
  const std::string name = "kube-scheduler";
  for (const char* flag : {"--authorization-always-allow-paths=/readyz", "--secure-port=0"}) {
    EXPECT_FALSE(HealthEndpointOf(name, Container({name, flag})).ok()) << flag;
  }
  const char* open = "--authorization-always-allow-paths=/readyz,/healthz";
  EXPECT_TRUE(HealthEndpointOf(name, Container({name, open})).ok());
  EXPECT_FALSE(HealthEndpointOf("kube-proxy", Container({"kube-proxy"})).ok());
}

TEST(ComponentEndpoints, EtcdIsAskedAsItsClientsAskIt) {
  const std::vector<std::string> argv = {
      "etcd",
      "--listen-client-urls=https://10.0.0.1:2379,https://127.0.0.1:2379",
      "--client-cert-auth=true",
      "--trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt",
      "--cert-file=/etc/kubernetes/pki/etcd/server.crt",
      "--key-file=/etc/kubernetes/pki/etcd/server.key",
  };
  const auto own = HealthEndpointOf("etcd", Container(argv));
  ASSERT_TRUE(own.ok()) << own.status();
  EXPECT_EQ(own->dial_address(), "127.0.0.1");
  EXPECT_EQ(own->port(), 2379U);
  EXPECT_FALSE(own->anonymous());
  EXPECT_EQ(own->ca_file(), "/srv/pki/etcd/ca.crt");
  EXPECT_EQ(own->client_certificate_file(), "/srv/pki/etcd/server.crt");
  EXPECT_EQ(own->client_key_file(), "/srv/pki/etcd/server.key");
  std::vector<std::string> peers = argv;
  for (const char* flag : {"--peer-trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt",
                           "--peer-cert-file=/etc/kubernetes/pki/etcd/peer.crt",
                           "--peer-key-file=/etc/kubernetes/pki/etcd/peer.key"}) {
    peers.push_back(flag);
  }
  const auto peer = HealthEndpointOf("etcd", Container(peers));
  ASSERT_TRUE(peer.ok());
  EXPECT_EQ(peer->client_certificate_file(), "/srv/pki/etcd/peer.crt");
  EXPECT_EQ(peer->client_key_file(), "/srv/pki/etcd/peer.key");
  EXPECT_EQ(TargetOf(*peer).trust, ProbeTarget::Trust::Files);
  EXPECT_EQ(TargetOf(*peer).path, "/health");
  const auto plain = HealthEndpointOf("etcd", Container({"etcd"}));
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(TargetOf(*plain).trust, ProbeTarget::Trust::Plain);
}

TEST(ComponentEndpoints, EtcdThatCannotBeVerifiedIsRefused) {
  const std::vector<std::vector<std::string>> table = {
      {"--listen-client-urls=http://10.0.0.1:2379"},  // no proof of who answers
      {"--listen-client-urls=unix://x"},
      {"--listen-client-urls=https://127.0.0.1:2379"},
      {"--listen-client-urls=https://127.0.0.1:2379", "--trusted-ca-file=/elsewhere/ca.crt"},
      {"--listen-client-urls=https://127.0.0.1:2379",
       "--trusted-ca-file=/etc/kubernetes/pki/own/ca.crt"},  // an emptyDir's
      {"--listen-client-urls=https://127.0.0.1:2379",
       "--trusted-ca-file=/etc/kubernetes/pki/ca.crt", "--client-cert-auth=true"},
  };
  for (std::vector<std::string> flags : table) {
    flags.insert(flags.begin(), "etcd");
    const auto endpoint = HealthEndpointOf("etcd", Container(flags));
    EXPECT_FALSE(endpoint.ok()) << flags.back();
  }
}

TEST(Mounts, TheLongestOneShowsTheFile) {
  ContainerFacts container = Container({"x"});
  EXPECT_EQ(HostPathOf(container, "/etc/kubernetes/pki/a"), "/srv/pki/a");
  EXPECT_EQ(HostPathOf(container, "/etc/kubernetes/pki"), "/srv/pki");
  EXPECT_EQ(HostPathOf(container, "/etc/kubernetes/pki2/a"), std::nullopt);
  EXPECT_EQ(HostPathOf(container, "/etc/kubernetes/pki/own/a"), std::nullopt);
  container.mounts.push_back({"/", "/"});
  EXPECT_EQ(HostPathOf(container, "/x/y"), "/x/y");
}

const EtcdFacts kWell = {true, false, 3, 100, 100};

TEST(EtcdWatch, ReadsWhatEtcdPublishes) {
  const EtcdFacts facts = ParseEtcdMetrics(
      "# TYPE etcd_server_has_leader gauge\netcd_server_has_leader 1\n"
      "etcd_server_is_learner 0\netcd_server_leader_changes_seen_total 2\n"
      "etcd_server_proposals_committed_total 1.234567e+06\n"
      "etcd_server_proposals_committed_total_x 5\n"
      "etcd_server_proposals_applied_total 1.234566e+06\n");
  EXPECT_EQ(facts.has_leader, true);
  EXPECT_EQ(facts.is_learner, false);
  EXPECT_EQ(facts.leader_changes, 2);
  EXPECT_EQ(facts.committed, 1'234'567);
  EXPECT_EQ(facts.applied, 1'234'566);
  EXPECT_FALSE(ParseEtcdMetrics("").has_leader.has_value());
}

TEST(EtcdWatch, ObjectsToAMemberThatOnlySaysItIsWell) {
  const auto first = [](const EtcdFacts& facts) { return EtcdWatch().Objection(facts, kSecond); };
  EXPECT_EQ(first(kWell), "");
  EXPECT_NE(first({}), "");
  EtcdFacts facts = kWell;
  facts.has_leader = false;
  EXPECT_EQ(first(facts), "it has no leader");
  facts = kWell;
  facts.is_learner = true;
  EXPECT_EQ(first(facts), "it is a learner and has no vote");
  facts = kWell;
  facts.committed = 5'000;
  EXPECT_EQ(first(facts), "it is 4900 entries behind");
  facts = kWell;
  facts.is_learner.reset();  // 3.3 has no learners
  EXPECT_EQ(first(facts), "");
}

TEST(EtcdWatch, ObjectsToANewLeaderAndToAStandstill) {
  EtcdWatch watch;
  EXPECT_EQ(watch.Objection(kWell, kSecond), "");
  EtcdFacts facts = kWell;
  facts.leader_changes = 4;
  EXPECT_EQ(watch.Objection(facts, 2 * kSecond), "its leader has changed");
  EXPECT_EQ(watch.Objection(facts, 3 * kSecond), "");
  EXPECT_EQ(watch.Objection(facts, 16 * kSecond), "");
  EXPECT_EQ(watch.Objection(facts, 17 * kSecond), "its raft index stands still");
  facts.applied = 101;
  EXPECT_EQ(watch.Objection(facts, 18 * kSecond), "");
}

class ScriptedProbe : public HealthProbe {
 public:
  ProbeResult Ask(const ProbeTarget& target) override {
    asked.push_back(target);
    return answer(target);
  }
  std::function<ProbeResult(const ProbeTarget&)> answer = [](const ProbeTarget&) {
    return ProbeResult{ProbeResult::Kind::Answered, 200, ""};
  };
  std::vector<ProbeTarget> asked;
};

TEST(Asking, EtcdsMetricsAreReadOnlyWhereItsHealthIsGood) {
  ScriptedProbe probe;
  v1::HealthEndpoint endpoint;
  endpoint.set_kind(v1::HealthEndpoint::ETCD);
  endpoint.set_path("/health");
  Asker asker;
  EXPECT_EQ(asker.Ask(probe, endpoint, 1).objection, "its metrics do not say how it is");
  ASSERT_EQ(probe.asked.size(), 2U);
  EXPECT_EQ(probe.asked[1].path, "/metrics");
  EXPECT_TRUE(probe.asked[1].keep_body);
  probe.asked.clear();
  probe.answer = [](const ProbeTarget&) {
    return ProbeResult{ProbeResult::Kind::Answered, 503, ""};
  };
  EXPECT_EQ(asker.Ask(probe, endpoint, 1).probe.status, 503);
  EXPECT_EQ(probe.asked.size(), 1U);
}

// H23: its client CA is not the cluster's, and strangers are told that all is well.
TEST(Asking, AnApiServerThatLetsNoClientInIsNotWell) {
  ScriptedProbe probe;
  int as_client = 401;
  probe.answer = [&](const ProbeTarget& target) {
    return ProbeResult{ProbeResult::Kind::Answered, target.anonymous ? 200 : as_client, ""};
  };
  v1::HealthEndpoint endpoint = *HealthEndpointFor({"kube-apiserver"});
  EXPECT_EQ(Asker().Ask(probe, endpoint, 1).objection, "")
      << "nobody has a certificate to ask with";
  endpoint.set_lets_client_in(true);
  const Asker::Reply reply = Asker().Ask(probe, endpoint, 1);
  EXPECT_EQ(reply.probe.status, 200);
  EXPECT_NE(reply.objection.find("401"), std::string::npos) << reply.objection;
  as_client = 200;
  EXPECT_EQ(Asker().Ask(probe, endpoint, 1).objection, "");
}

TEST(Asking, KubeletTakesTwoAndThreeHundredsWithoutCredentialsForSuccess) {
  ContainerFacts container = Container({"kube-apiserver"});
  HttpProbeFacts live{"livenessProbe", "/livez", false, "10.0.0.1", 6443, true, 10, 8};
  HttpProbeFacts ready = live;
  ready.which = "readinessProbe";
  HttpProbeFacts own = live;
  own.sends_authorization = true;
  HttpProbeFacts somewhere = live;
  somewhere.host = "";
  container.http_probes = {live, ready, own, somewhere};
  v1::ComponentExpectation component;
  for (const v1::KubeletProbe& each : KubeletProbesOf(container)) {
    *component.add_kubelet_probes_after() = each;
  }
  ASSERT_EQ(component.kubelet_probes_after_size(), 1);
  ScriptedProbe probe;
  for (const int status : {200, 204, 302, 399, 400, 401, 500, 199}) {
    probe.answer = [status](const ProbeTarget&) {
      return ProbeResult{ProbeResult::Kind::Answered, status, ""};
    };
    const auto answers = AskAsKubelet(probe, component.kubelet_probes_after());
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0].success, status >= 200 && status < 400) << status;
    EXPECT_EQ(answers[0].what, "livenessProbe on /livez");
    EXPECT_EQ(answers[0].patience_ns, 80 * kSecond);
  }
  *component.add_kubelet_probes_after() = component.kubelet_probes_after(0);
  component.mutable_kubelet_probes_after(1)->set_which("startupProbe");
  probe.asked.clear();
  EXPECT_EQ(AskAsKubelet(probe, component.kubelet_probes_after()).size(), 2U);
  ASSERT_EQ(probe.asked.size(), 1U);
  EXPECT_TRUE(probe.asked[0].anonymous);
  EXPECT_EQ(probe.asked[0].trust, ProbeTarget::Trust::Owner);
  EXPECT_EQ(probe.asked[0].dial_address, "10.0.0.1");
}

TEST(Asking, ACompanionThatIsNotWellIsAnObjection) {
  ScriptedProbe probe;
  v1::ComponentExpectation component;
  EXPECT_EQ(AskCompanions(probe, component.companions()), "");
  v1::Companion& companion = *component.add_companions();
  companion.set_probe("apiserver-readyz");
  EXPECT_EQ(AskCompanions(probe, component.companions()), "");
  probe.answer = [](const ProbeTarget&) {
    return ProbeResult{ProbeResult::Kind::Answered, 500, "[-]etcd failed"};
  };
  EXPECT_EQ(AskCompanions(probe, component.companions()), "apiserver-readyz is 500 [-]etcd failed");
}

TEST(PodFactsOfProbes, AreReadAsKubeletReadsThem) {
  const auto pod = ReadPod(
      "apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\nspec:\n  containers:\n  - name: x\n"
      "    ports:\n    - containerPort: 6443\n      name: probe-port\n"
      "    livenessProbe:\n      failureThreshold: 8\n      periodSeconds: 5\n      httpGet:\n"
      "        host: 10.0.0.1\n        path: /livez\n        port: probe-port\n"
      "        scheme: HTTPS\n"
      "    startupProbe:\n      httpGet:\n        path: /health\n        port: 2381\n"
      "    volumeMounts:\n    - mountPath: /a\n      name: host\n    - mountPath: /b\n"
      "      name: empty\n    - mountPath: /c\n      name: host\n      subPath: d\n"
      "  volumes:\n  - name: host\n    hostPath:\n      path: /h\n  - name: empty\n"
      "    emptyDir: {}\n");
  ASSERT_TRUE(pod.ok()) << pod.status();
  const ContainerFacts& container = pod->containers.at(0);
  ASSERT_EQ(container.http_probes.size(), 2U);
  EXPECT_EQ(container.http_probes[0].port, 6443U);
  EXPECT_TRUE(container.http_probes[0].https);
  EXPECT_EQ(container.http_probes[0].period_seconds, 5U);
  EXPECT_EQ(container.http_probes[0].failure_threshold, 8U);
  EXPECT_EQ(container.http_probes[1].port, 2381U);
  EXPECT_FALSE(container.http_probes[1].https);
  EXPECT_EQ(container.http_probes[1].failure_threshold, 3U);
  EXPECT_EQ(HostPathOf(container, "/a/x"), "/h/x");
  EXPECT_EQ(HostPathOf(container, "/b/x"), std::nullopt);
  EXPECT_EQ(HostPathOf(container, "/c/x"), std::nullopt);
}

}  // namespace
}  // namespace belay
