// Where scanners that search the text of ps and of files are wrong, and where the truth is not to
// be had: each is a case that users of such scanners have complained of, or that would be a lie.
#include <string>

#include "node-agent/audit/component_state.h"
#include "node-agent/audit/judgement.h"
#include "node-agent/audit/settings.h"
#include "tests/unit/audit_world.h"

namespace belay::audit {
namespace {

constexpr const char* kApi = "kube-apiserver";

Process ProcessOf(std::vector<std::string> argv, std::int64_t pid = 9000) {
  Process process;
  process.pid = pid;
  process.argv = std::move(argv);
  return process;
}

TEST(AuditHonesty, WhoeverHasTheNameAmongItsArgumentsIsNotTheComponent) {
  World world;
  world.extra.by_name[kApi] = {ProcessOf({"grep", kApi, "--profiling=true"}),
                               ProcessOf({"vim", "/etc/kube-apiserver"}, 9001)};
  const v1::ControlResult result = world.Audit1("1.2.15");
  EXPECT_EQ(result.outcome(), v1::PASS) << result.ShortDebugString();
  EXPECT_EQ(result.evidence_size(), 2);  // manifest and the one process
  world.running.erase(kApi);
  EXPECT_EQ(world.Audit1("1.2.15").outcome(), v1::ERROR);
}

TEST(AuditHonesty, AnApiServerOfATenantsPodIsNotTheNodes) {
  World world;
  world.extra.by_name[kApi] = {ProcessOf({kApi, "--profiling=true", "--etcd-servers=x"})};
  EXPECT_EQ(world.Audit1("1.2.15").outcome(), v1::PASS);
  // But where none carries the manifest's command line, nobody can say which is meant.
  world.SetFlag(kApi, "profiling", {"--profiling=false"});
  world.running[kApi].push_back("--v=9");
  EXPECT_EQ(world.Audit1("1.2.15").outcome(), v1::FAIL);
}

TEST(AuditHonesty, ALongerFlagOrValueOfTheSameBeginningIsAnotherOne) {
  World world;
  world.SetFlag(kApi, "profiling", {"--profiling-port=false"});
  EXPECT_EQ(world.Audit1("1.2.15").outcome(), v1::FAIL);
  World other;
  other.SetFlag(kApi, "enable-admission-plugins",
                {"--enable-admission-plugins=NodeRestriction,AlwaysAdmitNothing"});
  EXPECT_EQ(other.Audit1("1.2.10").outcome(), v1::PASS);
}

TEST(AuditHonesty, WhatIsNotGivenHasItsDefault) {
  World world;
  world.SetFlag(kApi, "profiling", {});
  world.SetFlag("kube-controller-manager", "bind-address", {});
  world.SetFlag("kube-scheduler", "bind-address", {});
  world.kubelet.erase("rotateCertificates");
  for (const char* const id : {"1.2.15", "1.3.7", "1.4.2", "4.2.10"}) {
    EXPECT_EQ(world.Audit1(id).outcome(), v1::FAIL) << id;
  }
  EXPECT_TRUE(absl::StrContains(world.Audit1("1.3.7").reason(), "default: '0.0.0.0'"));
  EXPECT_EQ(world.Audit1("4.2.5").outcome(), v1::PASS);  // 4h
}

TEST(AuditHonesty, KubeletWithoutAFileHasOtherDefaults) {
  World world;
  world.running["kubelet"] = {"--kubeconfig=/etc/kubernetes/kubelet.conf"};
  for (const char* const id : {"4.2.1", "4.2.2", "4.2.4"}) {
    EXPECT_EQ(world.Audit1(id).outcome(), v1::FAIL) << id;
  }
  World with_file;
  with_file.kubelet.erase("authentication.anonymous.enabled");
  with_file.kubelet.erase("authorization.mode");
  for (const char* const id : {"4.2.1", "4.2.2", "4.2.4"}) {
    EXPECT_EQ(with_file.Audit1(id).outcome(), v1::PASS) << id;
  }
}

TEST(AuditHonesty, AConfigurationThatCannotBeReadIsNoDefault) {
  World world;
  world.files.Put("/var/lib/kubelet/config.yaml", "kind: [");
  EXPECT_EQ(world.Audit1("4.2.1").outcome(), v1::ERROR);
  world.files.files["/var/lib/kubelet/config.yaml"].broken = absl::PermissionDeniedError("no");
  EXPECT_EQ(world.Audit1("4.2.1").outcome(), v1::ERROR);
  EXPECT_EQ(world.Audit1("4.2.4").outcome(), v1::MANUAL);  // a person decides there anyhow
  // A flag decides without the file.
  world.SetFlag("kubelet", "anonymous-auth", {"--anonymous-auth=true"});
  EXPECT_EQ(world.Audit1("4.2.1").outcome(), v1::FAIL);
  World twice;
  twice.files.Put("/var/lib/kubelet/config.yaml",
                  "authentication: {anonymous: {enabled: false}}\n"
                  "authentication: {anonymous: {enabled: true}}\n");
  EXPECT_EQ(twice.Audit1("4.2.1").outcome(), v1::ERROR);
}

TEST(AuditHonesty, DropInsOfKubeletCount) {
  World world;
  world.SetFlag("kubelet", "config-dir", {"--config-dir=/etc/kubelet.d"});
  world.files.Put("/etc/kubelet.d/20-open.conf", "authentication: {anonymous: {enabled: true}}\n");
  EXPECT_EQ(world.Audit1("4.2.1").outcome(), v1::FAIL);
  EXPECT_EQ(world.Audit1("4.2.3").outcome(), v1::PASS);  // the rest of the map stays
  world.files.Put("/etc/kubelet.d/30-closed.conf", "authentication: {anonymous: {enabled: false}}");
  EXPECT_EQ(world.Audit1("4.2.1").outcome(), v1::PASS);
  world.files.Put("/etc/kubelet.d/40-broken.conf", "{");
  EXPECT_EQ(world.Audit1("4.2.1").outcome(), v1::ERROR);
}

TEST(AuditHonesty, ADefaultThatDependsOnAnUnknownVersionIsNotGuessed) {
  World world;
  EXPECT_EQ(world.Audit1("4.2.8").outcome(), v1::PASS);
  world.version = std::nullopt;
  const v1::ControlResult result = world.Audit1("4.2.8");
  EXPECT_EQ(result.outcome(), v1::MANUAL);
  EXPECT_TRUE(absl::StrContains(result.reason(), "differs by Kubernetes version"));
}

TEST(AuditHonesty, DurationsAndNumbersAreReadAsSuch) {
  World world;
  for (const char* const zero : {"0", "0s", "0m"}) {
    world.SetFlag("kubelet", "streaming-connection-idle-timeout",
                  {absl::StrCat("--streaming-connection-idle-timeout=", zero)});
    EXPECT_EQ(world.Audit1("4.2.5").outcome(), v1::FAIL) << zero;
  }
  world.SetFlag("kubelet", "streaming-connection-idle-timeout", {});
  world.kubelet["streamingConnectionIdleTimeout"] = "0s";  // in the file that is the default
  EXPECT_EQ(world.Audit1("4.2.5").outcome(), v1::PASS);
  world.SetFlag(kApi, "audit-log-maxage",
                {"--audit-log-maxage=100"});  // not "less than 30" as text
  EXPECT_EQ(world.Audit1("1.2.17").outcome(), v1::PASS);
  world.SetFlag(kApi, "audit-log-maxage", {"--audit-log-maxage=30d"});
  EXPECT_EQ(world.Audit1("1.2.17").outcome(), v1::FAIL);
}

TEST(AuditHonesty, EtcdIsToldByFlagEnvironmentOrFile) {
  World world;
  world.SetFlag("etcd", "client-cert-auth", {});
  EXPECT_EQ(world.Audit1("2.2").outcome(), v1::FAIL);
  world.environment = std::string("SECRET=x\0ETCD_CLIENT_CERT_AUTH=true\0", 37);
  v1::ControlResult result = world.Audit1("2.2");
  // The process has it; the manifest as it stands would not give it.
  EXPECT_EQ(result.evidence(1).outcome(), v1::PASS) << result.ShortDebugString();
  world.manifest.erase("etcd");
  result = world.Audit1("2.2");
  EXPECT_EQ(result.outcome(), v1::PASS);
  EXPECT_FALSE(absl::StrContains(result.ShortDebugString(), "SECRET"));
  world.SetFlag("etcd", "client-cert-auth", {"--client-cert-auth=false"});
  EXPECT_EQ(world.Audit1("2.2").outcome(), v1::FAIL);
  // With a file etcd reads nothing else.
  world.SetFlag("etcd", "config-file", {"--config-file=/etc/etcd.yaml"});
  EXPECT_EQ(world.Audit1("2.2").outcome(), v1::ERROR);
  world.files.Put("/etc/etcd.yaml", "client-transport-security: {client-cert-auth: true}\n");
  EXPECT_EQ(world.Audit1("2.2").outcome(), v1::PASS);
}

TEST(AuditHonesty, TheSchedulersFileBeatsItsFlag) {
  World world;
  world.SetFlag("kube-scheduler", "config", {"--config=/etc/kubernetes/scheduler.yaml"});
  EXPECT_EQ(world.Audit1("1.4.1").outcome(), v1::ERROR);  // the file cannot be read
  world.files.Put("/etc/kubernetes/scheduler.yaml", "kind: KubeSchedulerConfiguration\n");
  EXPECT_EQ(world.Audit1("1.4.1").outcome(), v1::FAIL);  // --profiling=false is ignored then
  world.files.Put("/etc/kubernetes/scheduler.yaml", "enableProfiling: false\n");
  EXPECT_EQ(world.Audit1("1.4.1").outcome(), v1::PASS);
}

TEST(AuditHonesty, AuthorizersMayStandInAFile) {
  World world;
  world.SetFlag(kApi, "authorization-mode", {});
  EXPECT_EQ(world.Audit1("1.2.6").outcome(), v1::FAIL);  // the default allows everything
  world.SetFlag(kApi, "authorization-config",
                {"--authorization-config=/etc/kubernetes/authz.yaml"});
  world.files.Put("/etc/kubernetes/authz.yaml",
                  "kind: AuthorizationConfiguration\nauthorizers: [{type: Node}, {type: RBAC}]\n");
  for (const char* const id : {"1.2.6", "1.2.7", "1.2.8"}) {
    EXPECT_EQ(world.Audit1(id).outcome(), v1::PASS) << id;
  }
  world.files.Put("/etc/kubernetes/authz.yaml",
                  "kind: AuthorizationConfiguration\nauthorizers: [{type: AlwaysAllow}]\n");
  for (const char* const id : {"1.2.6", "1.2.7", "1.2.8"}) {
    EXPECT_EQ(world.Audit1(id).outcome(), v1::FAIL) << id;
  }
  world.files.files["/etc/kubernetes/authz.yaml"].broken = absl::PermissionDeniedError("no");
  EXPECT_EQ(world.Audit1("1.2.6").outcome(), v1::ERROR);
}

TEST(AuditHonesty, AnonymousRequestsMayBeLimitedToTheProbes) {
  World world;
  EXPECT_EQ(world.Audit1("1.2.1").outcome(), v1::FAIL);
  world.SetFlag(kApi, "authentication-config",
                {"--authentication-config=/etc/kubernetes/authn.yaml"});
  const auto with = [&world](const std::string& anonymous) {
    world.files.Put("/etc/kubernetes/authn.yaml",
                    "kind: AuthenticationConfiguration\nanonymous: " + anonymous + "\n");
    return world.Audit1("1.2.1").outcome();
  };
  EXPECT_EQ(with("{enabled: true, conditions: [{path: /livez}, {path: /readyz}]}"), v1::PASS);
  EXPECT_EQ(with("{enabled: false}"), v1::PASS);
  EXPECT_EQ(with("{enabled: true, conditions: [{path: /livez}, {path: /api}]}"), v1::FAIL);
  EXPECT_EQ(with("{enabled: true}"), v1::FAIL);
}

TEST(AuditHonesty, SecretsAreJudgedByTheFirstProviderOfTheirGroup) {
  World world;
  EXPECT_EQ(world.Audit1("1.2.28").outcome(), v1::FAIL);  // no encryption at all
  world.SetFlag(kApi, "encryption-provider-config",
                {"--encryption-provider-config=/etc/kubernetes/enc.json"});
  const auto with = [&world](const std::string& resources) {
    world.files.Put("/etc/kubernetes/enc.json",
                    "{\"kind\": \"EncryptionConfiguration\", \"resources\": [" + resources + "]}");
    return world.Audit1("1.2.28").outcome();
  };
  const std::string others = R"({"resources": ["events"], "providers": [{"identity": {}}]}, )";
  EXPECT_EQ(
      with(others + R"({"resources": ["secrets"], "providers": [{"kms": {}}, {"identity": {}}]})"),
      v1::PASS);
  EXPECT_EQ(with(R"({"resources": ["secrets"], "providers": [{"identity": {}}, {"aescbc": {}}]})"),
            v1::FAIL);
  EXPECT_EQ(with(R"({"resources": ["events"], "providers": [{"aescbc": {}}]})"), v1::FAIL);
  // What a report shows of such a file is never a key.
  world.files.Put("/etc/kubernetes/enc.json",
                  "kind: EncryptionConfiguration\nresources: [{resources: [secrets], providers: "
                  "[{secretbox: {keys: [{name: k, secret: c2VjcmV0}]}}]}]\n");
  const v1::ControlResult result = world.Audit1("1.2.28");
  EXPECT_EQ(result.outcome(), v1::PASS);
  EXPECT_FALSE(absl::StrContains(result.ShortDebugString(), "c2VjcmV0"));
}

TEST(AuditHonesty, EventLimitsInAFurtherFileAreNotAssumed) {
  World world;
  world.SetFlag(kApi, "enable-admission-plugins",
                {"--enable-admission-plugins=NodeRestriction,EventRateLimit"});
  EXPECT_EQ(world.Audit1("1.2.9").outcome(), v1::FAIL);
  world.SetFlag(kApi, "admission-control-config-file",
                {"--admission-control-config-file=/etc/kubernetes/admission.yaml"});
  const auto with = [&world](const std::string& plugins) {
    world.files.Put("/etc/kubernetes/admission.yaml",
                    "kind: AdmissionConfiguration\nplugins: [" + plugins + "]\n");
    return world.Audit1("1.2.9").outcome();
  };
  EXPECT_EQ(with("{name: EventRateLimit, configuration: {limits: [{type: Server, qps: 50}]}}"),
            v1::PASS);
  EXPECT_EQ(with("{name: EventRateLimit, configuration: {limits: []}}"), v1::FAIL);
  EXPECT_EQ(with("{name: PodSecurity, configuration: {}}"), v1::FAIL);
  EXPECT_EQ(with("{name: EventRateLimit, path: limits.yaml}"), v1::MANUAL);
}

TEST(AuditHonesty, TheCaOfEtcdIsComparedNotOnlyNamed) {
  World world;
  EXPECT_EQ(world.Audit1("2.7").outcome(), v1::PASS);
  world.files.Put("/etc/kubernetes/pki/etcd/ca.crt", "ca.crt");  // as the API server's
  EXPECT_EQ(world.Audit1("2.7").outcome(), v1::FAIL);
}

TEST(AuditHonesty, AFlagThatNamesAMissingFileIsNotASettingInForce) {
  World world;
  world.files.files.erase("/etc/kubernetes/audit/policy.yaml");
  EXPECT_EQ(world.Audit1("1.2.16").outcome(), v1::FAIL);
  EXPECT_EQ(world.Audit1("3.2.1").outcome(), v1::FAIL);
  world.files.Put("/etc/kubernetes/audit/policy.yaml", "kind: Policy\nrules: []\n");
  EXPECT_EQ(world.Audit1("3.2.1").outcome(), v1::FAIL);
  // Inside of the container only: nobody here can see it.
  world.SetFlag(kApi, "audit-policy-file", {"--audit-policy-file=/baked/in/policy.yaml"});
  EXPECT_EQ(world.Audit1("1.2.16").outcome(), v1::ERROR);
}

TEST(AuditHonesty, ABackupBesideTheManifestMakesItsFlagsUnknown) {
  World world;
  world.files.Put(
      "/etc/kubernetes/manifests/kube-apiserver.yaml.bak",
      "apiVersion: v1\nkind: Pod\nmetadata: {name: kube-apiserver}\nspec:\n  containers:\n"
      "  - {name: kube-apiserver, command: [kube-apiserver, --profiling=false]}\n");
  const v1::ControlResult result = world.Audit1("1.2.15");
  EXPECT_EQ(result.outcome(), v1::ERROR);
  EXPECT_TRUE(absl::StrContains(result.reason(), "both describe kube-apiserver"));
}

TEST(AuditHonesty, AManifestThatCannotBeReadIsNotPassedByTheProcessAlone) {
  World world;
  world.files.Put("/etc/kubernetes/manifests/kube-apiserver.yaml", "kind: [");
  EXPECT_EQ(world.Audit1("1.2.15").outcome(), v1::ERROR);
  world.running[kApi].push_back("--profiling=true");
  EXPECT_EQ(world.Audit1("1.2.15").outcome(), v1::FAIL);  // that much is certain
}

TEST(AuditHonesty, AShellsScriptIsReadOrTheAnswerIsError) {
  World world;
  const std::string head =
      "apiVersion: v1\nkind: Pod\nmetadata: {name: etcd}\nspec:\n  containers:\n  - name: etcd\n"
      "    command: [sh, -c, \"";
  world.running["etcd"] = {"--auto-tls=false"};
  world.files.Put("/etc/kubernetes/manifests/etcd.yaml", head + "exec etcd --auto-tls=true\"]\n");
  EXPECT_EQ(world.Audit1("2.3").outcome(), v1::FAIL);
  world.files.Put("/etc/kubernetes/manifests/etcd.yaml", head + "exec $(cat /start)\"]\n");
  EXPECT_EQ(world.Audit1("2.3").outcome(), v1::ERROR);
}

TEST(AuditHonesty, AVariableOfTheManifestIsJudgedByTheProcess) {
  World world;
  world.manifest["kube-scheduler"].push_back("--bind-address=$(ADDRESS)");
  world.running["kube-scheduler"].push_back("--bind-address=127.0.0.1");
  const v1::ControlResult result = world.Audit1("1.4.2");
  EXPECT_EQ(result.outcome(), v1::PASS) << result.ShortDebugString();
  world.running["kube-scheduler"].push_back("--bind-address=10.0.0.1");
  EXPECT_EQ(world.Audit1("1.4.2").outcome(), v1::FAIL);
}

TEST(AuditHonesty, AnOwnerIsANameOfTheNode) {
  World world;
  world.files.Put("/etc/passwd", "root:x:0:0::/root:/bin/sh\n", 0644);
  const v1::ControlResult result = world.Audit1("1.1.12");
  EXPECT_EQ(result.outcome(), v1::FAIL);
  EXPECT_TRUE(absl::StrContains(result.reason(), "no user etcd")) << result.reason();
  world.files.files.erase("/etc/passwd");
  EXPECT_EQ(world.Audit1("1.1.12").outcome(), v1::ERROR);
}

TEST(AuditHonesty, ATreeThatWasNotSeenWholeIsNotPassed) {
  World world;
  for (std::size_t i = 0; i < kMostTreeEntries + 10; ++i) {
    world.files.Put(absl::StrCat("/etc/kubernetes/pki/many/", i), "");
  }
  const v1::ControlResult result = world.Audit1("1.1.19");
  EXPECT_EQ(result.outcome(), v1::ERROR);
  EXPECT_TRUE(absl::StrContains(result.reason(), "more files than are looked at"));
}

TEST(AuditHonesty, KubeProxysKubeconfigInItsPodIsNoFinding) {
  World world;
  EXPECT_EQ(world.Audit1("4.1.3").outcome(), v1::NOT_APPLICABLE);
  EXPECT_EQ(world.Audit1("4.1.4").outcome(), v1::NOT_APPLICABLE);
}

TEST(AuditHonesty, WhatOnlyPeopleKnowIsManual) {
  World world;
  for (const char* const id : {"1.2.20", "3.1.1", "3.1.2", "3.1.3", "3.2.2"}) {
    EXPECT_EQ(world.Audit1(id).outcome(), v1::MANUAL) << id;
  }
}

TEST(AuditHonesty, ANodeWithoutControlPlaneIsToldSo) {
  World world;
  world.manifest.clear();
  const Flags kubelet = world.running["kubelet"];
  world.running = {{"kubelet", kubelet}};
  for (const v1::ControlResult& result : world.Audit()) {
    const bool of_worker = result.component() == "kubelet" || result.component() == "node" ||
                           result.component() == "cluster";
    EXPECT_EQ(of_worker ? v1::NOT_APPLICABLE : result.outcome(), v1::NOT_APPLICABLE)
        << result.ShortDebugString();
  }
}

TEST(AuditHonesty, TheVersionIsReadFromTheImage) {
  const auto of = [](const std::string& image) {
    return VersionByImage(kApi, {{"/m.yaml", "    image: " + image + "\n"}});
  };
  EXPECT_EQ(of("registry.k8s.io/kube-apiserver:v1.32.4"), (KubernetesMinor{1, 32}));
  EXPECT_EQ(of("\"reg:5000/x/kube-apiserver:v1.28.0@sha256:00\""), (KubernetesMinor{1, 28}));
  EXPECT_EQ(of("registry.k8s.io/kube-apiserver@sha256:00"), std::nullopt);
  EXPECT_EQ(of("registry.k8s.io/kube-apiserver:latest"), std::nullopt);
}

TEST(Judgement, OfNoEvidenceIsAnError) {
  EXPECT_EQ(AllOf({}).outcome, v1::ERROR);
  EXPECT_EQ(AllOf({EvidenceOf("a", "b", "c", v1::NOT_APPLICABLE)}).outcome, v1::ERROR);
  EXPECT_EQ(AllOf({EvidenceOf("a", "b", "c", v1::PASS)}).outcome, v1::PASS);
}

TEST(AuditHonesty, TheScoreCountsAutomatedControlsOnly) {
  const auto with = [](v1::AuditOutcome outcome, bool automated) {
    v1::ControlResult result;
    result.set_outcome(outcome);
    result.set_automated(automated);
    return result;
  };
  const v1::AuditSummary summary = Summarize(
      {with(v1::PASS, true), with(v1::PASS, true), with(v1::PASS, true), with(v1::FAIL, true),
       with(v1::PASS, false), with(v1::FAIL, false), with(v1::MANUAL, false), with(v1::ERROR, true),
       with(v1::NOT_APPLICABLE, true), with(v1::WAIVED, true)});
  EXPECT_TRUE(summary.has_score());
  EXPECT_DOUBLE_EQ(summary.score_percent(), 75.0);
  EXPECT_EQ(summary.other_fail(), 1u);
  EXPECT_EQ(summary.error(), 1u);
  EXPECT_EQ(summary.waived(), 1u);
  EXPECT_FALSE(Summarize({with(v1::ERROR, true)}).has_score());
}

}  // namespace
}  // namespace belay::audit
