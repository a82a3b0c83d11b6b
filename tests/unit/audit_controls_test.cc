// For every automated control: a node that passes, one that fails, one where the file or process is
// missing, and the flag given twice or in the other style.
#include <set>
#include <string>
#include <vector>

#include "tests/unit/audit_world.h"

namespace belay::audit {
namespace {

constexpr const char* kApi = "kube-apiserver";
constexpr const char* kManager = "kube-controller-manager";
constexpr const char* kScheduler = "kube-scheduler";
constexpr const char* kEtcd = "etcd";

// A flag of a static pod.  `good` empty: the flag must not be there; `bad` empty: it must.
struct FlagRow {
  const char* id;
  const char* component;
  const char* flag;
  const char* good;
  const char* bad;
  enum class Type { Scalar, Boolean, MustHave, MustLack } type;
};
using Type = FlagRow::Type;

const std::vector<FlagRow>& FlagRows() {
  static const auto& rows = *new std::vector<FlagRow>{
      {"1.2.2", kApi, "token-auth-file", "", "/etc/kubernetes/tokens.csv", Type::Scalar},
      {"1.2.4", kApi, "kubelet-client-key", "/etc/kubernetes/pki/sa.key", "", Type::Scalar},
      {"1.2.5", kApi, "kubelet-certificate-authority", "/etc/kubernetes/pki/ca.crt", "",
       Type::Scalar},
      {"1.2.6", kApi, "authorization-mode", "Node,RBAC", "RBAC,AlwaysAllow", Type::MustLack},
      {"1.2.7", kApi, "authorization-mode", "Node,RBAC", "RBAC,NodeX", Type::MustHave},
      {"1.2.8", kApi, "authorization-mode", "Node,RBAC", "Node,ABAC", Type::MustHave},
      {"1.2.10", kApi, "enable-admission-plugins", "NodeRestriction", "AlwaysAdmit,NodeRestriction",
       Type::MustLack},
      {"1.2.12", kApi, "disable-admission-plugins", "PodSecurity", "ServiceAccount",
       Type::MustLack},
      {"1.2.13", kApi, "disable-admission-plugins", "PodSecurity", "X,NamespaceLifecycle",
       Type::MustLack},
      {"1.2.14", kApi, "enable-admission-plugins", "NodeRestriction", "NodeRestrictionX",
       Type::MustHave},
      {"1.2.15", kApi, "profiling", "false", "true", Type::Boolean},
      {"1.2.16", kApi, "audit-log-path", "/var/log/kubernetes/a.log", "", Type::Scalar},
      {"1.2.17", kApi, "audit-log-maxage", "30", "29", Type::Scalar},
      {"1.2.18", kApi, "audit-log-maxbackup", "10", "9", Type::Scalar},
      {"1.2.19", kApi, "audit-log-maxsize", "100", "99", Type::Scalar},
      {"1.2.21", kApi, "service-account-lookup", "true", "false", Type::Boolean},
      {"1.2.22", kApi, "service-account-key-file", "/etc/kubernetes/pki/sa.pub", "", Type::Scalar},
      {"1.2.23", kApi, "etcd-keyfile", "/etc/kubernetes/pki/sa.key", "", Type::Scalar},
      {"1.2.24", kApi, "tls-cert-file", "/etc/kubernetes/pki/apiserver.crt", "", Type::Scalar},
      {"1.2.25", kApi, "client-ca-file", "/etc/kubernetes/pki/ca.crt", "", Type::Scalar},
      {"1.2.26", kApi, "etcd-cafile", "/etc/kubernetes/pki/etcd/ca.crt", "", Type::Scalar},
      {"1.2.30", kApi, "service-account-extend-token-expiration", "false", "true", Type::Boolean},
      {"1.3.2", kManager, "profiling", "false", "true", Type::Boolean},
      {"1.3.3", kManager, "use-service-account-credentials", "true", "false", Type::Boolean},
      {"1.3.4", kManager, "service-account-private-key-file", "/etc/kubernetes/pki/sa.key", "",
       Type::Scalar},
      {"1.3.5", kManager, "root-ca-file", "/etc/kubernetes/pki/ca.crt", "", Type::Scalar},
      {"1.3.6", kManager, "feature-gates", "A=false", "A=true,RotateKubeletServerCertificate=false",
       Type::MustLack},
      {"1.3.7", kManager, "bind-address", "127.0.0.1", "0.0.0.0", Type::Scalar},
      {"1.4.1", kScheduler, "profiling", "false", "true", Type::Boolean},
      {"1.4.2", kScheduler, "bind-address", "::1", "10.0.0.1", Type::Scalar},
      {"2.1", kEtcd, "cert-file", "/x.crt", "", Type::Scalar},
      {"2.2", kEtcd, "client-cert-auth", "true", "false", Type::Boolean},
      {"2.3", kEtcd, "auto-tls", "false", "true", Type::Boolean},
      {"2.4", kEtcd, "peer-key-file", "/x.key", "", Type::Scalar},
      {"2.5", kEtcd, "peer-client-cert-auth", "true", "false", Type::Boolean},
      {"2.6", kEtcd, "peer-auto-tls", "false", "true", Type::Boolean},
  };
  return rows;
}

std::string Dash(const FlagRow& row, const std::string& value) {
  return absl::StrCat("--", row.flag, "=", value);
}

v1::AuditOutcome With(const FlagRow& row, const Flags& items) {
  World world;
  world.SetFlag(row.component, row.flag, items);
  return world.Audit1(row.id).outcome();
}

TEST(AuditControls, TheHardenedNodePassesEveryAutomatedControl) {
  for (const char* const benchmark : {"cis-2.0.1", "cis-1.12", "cis-1.11", "cis-1.10"}) {
    World world;
    for (const v1::ControlResult& result : world.Audit(benchmark)) {
      if (!result.automated()) continue;
      EXPECT_EQ(result.outcome(), v1::PASS) << benchmark << " " << result.ShortDebugString();
      EXPECT_FALSE(result.differs_from_running()) << result.ShortDebugString();
    }
  }
}

TEST(AuditControls, AFlagPassesAndFails) {
  for (const FlagRow& row : FlagRows()) {
    SCOPED_TRACE(row.id);
    EXPECT_EQ(With(row, *row.good == 0 ? Flags{} : Flags{Dash(row, row.good)}), v1::PASS);
    EXPECT_EQ(With(row, *row.bad == 0 ? Flags{} : Flags{Dash(row, row.bad)}), v1::FAIL);
  }
}

TEST(AuditControls, AFlagGivenTwiceIsReadAsTheComponentReadsIt) {
  for (const FlagRow& row : FlagRows()) {
    if (*row.good == 0 || *row.bad == 0) continue;
    SCOPED_TRACE(row.id);
    const Flags bad_last = {Dash(row, row.good), Dash(row, row.bad)};
    const Flags good_last = {Dash(row, row.bad), Dash(row, row.good)};
    switch (row.type) {
      case Type::Scalar:
      case Type::Boolean:
        EXPECT_EQ(With(row, bad_last), v1::FAIL);
        EXPECT_EQ(With(row, good_last), v1::PASS);
        break;
      case Type::MustHave:  // lists add up
        EXPECT_EQ(With(row, bad_last), v1::PASS);
        EXPECT_EQ(With(row, good_last), v1::PASS);
        break;
      case Type::MustLack:
        EXPECT_EQ(With(row, bad_last), v1::FAIL);
        EXPECT_EQ(With(row, good_last), v1::FAIL);
        break;
    }
  }
}

TEST(AuditControls, AFlagInTheOtherStyleIsTheSame) {
  for (const FlagRow& row : FlagRows()) {
    SCOPED_TRACE(row.id);
    const std::string dashed = absl::StrCat("--", row.flag);
    std::string underscored = dashed;
    for (std::size_t i = 2; i < underscored.size(); ++i) {
      if (underscored[i] == '-') underscored[i] = '_';
    }
    if (*row.good != 0) {
      EXPECT_EQ(With(row, {absl::StrCat(underscored, "=", row.good)}), v1::PASS);
    }
    if (*row.bad != 0) {
      EXPECT_EQ(With(row, {absl::StrCat(underscored, "=", row.bad)}), v1::FAIL);
    }
    if (row.type == Type::Boolean) {
      // Bare is true, and "--flag false" is true as well: no boolean takes a second item.
      const bool wants_true = std::string(row.good) == "true";
      const v1::AuditOutcome expected = wants_true ? v1::PASS : v1::FAIL;
      EXPECT_EQ(With(row, {dashed}), expected);
      EXPECT_EQ(With(row, {dashed, "false"}), expected);
      continue;
    }
    if (*row.good != 0) {
      EXPECT_EQ(With(row, {dashed, row.good}), v1::PASS);
    }
    if (*row.bad != 0) {
      EXPECT_EQ(With(row, {dashed, row.bad}), v1::FAIL);
    }
  }
}

TEST(AuditControls, ManifestAndProcessAreBothJudged) {
  for (const FlagRow& row : FlagRows()) {
    SCOPED_TRACE(row.id);
    for (const bool in_manifest : {true, false}) {
      World world;
      const auto unchanged = in_manifest ? world.running : world.manifest;
      if (*row.good != 0) world.SetFlag(row.component, row.flag, {Dash(row, row.good)});
      const auto good = in_manifest ? world.running : world.manifest;
      world.SetFlag(row.component, row.flag, *row.bad == 0 ? Flags{} : Flags{Dash(row, row.bad)});
      (in_manifest ? world.running : world.manifest) = *row.good == 0 ? unchanged : good;
      const v1::ControlResult result = world.Audit1(row.id);
      EXPECT_EQ(result.outcome(), v1::FAIL) << in_manifest << result.ShortDebugString();
      EXPECT_TRUE(result.differs_from_running() || *row.bad == 0 || *row.good == 0);
    }
  }
}

TEST(AuditControls, WhatDoesNotRunIsNotPassed) {
  for (const FlagRow& row : FlagRows()) {
    SCOPED_TRACE(row.id);
    World stopped;
    stopped.running.erase(row.component);
    EXPECT_EQ(stopped.Audit1(row.id).outcome(), v1::ERROR);
    stopped.manifest.erase(row.component);
    EXPECT_EQ(stopped.Audit1(row.id).outcome(), v1::NOT_APPLICABLE);
    World by_hand;  // started by something else than a static pod
    by_hand.manifest.erase(row.component);
    EXPECT_EQ(by_hand.Audit1(row.id).outcome(), v1::PASS);
  }
}

struct FileRow {
  const char* id;
  const char* path;
  bool owner;
};

const std::vector<FileRow>& FileRows() {
  static const auto& rows = *new std::vector<FileRow>{
      {"1.1.1", "/etc/kubernetes/manifests/kube-apiserver.yaml", false},
      {"1.1.2", "/etc/kubernetes/manifests/kube-apiserver.yaml", true},
      {"1.1.3", "/etc/kubernetes/manifests/kube-controller-manager.yaml", false},
      {"1.1.4", "/etc/kubernetes/manifests/kube-controller-manager.yaml", true},
      {"1.1.5", "/etc/kubernetes/manifests/kube-scheduler.yaml", false},
      {"1.1.6", "/etc/kubernetes/manifests/kube-scheduler.yaml", true},
      {"1.1.7", "/etc/kubernetes/manifests/etcd.yaml", false},
      {"1.1.8", "/etc/kubernetes/manifests/etcd.yaml", true},
      {"1.1.11", "/var/lib/etcd", false},
      {"1.1.12", "/var/lib/etcd", true},
      {"1.1.13", "/etc/kubernetes/super-admin.conf", false},
      {"1.1.14", "/etc/kubernetes/admin.conf", true},
      {"1.1.15", "/etc/kubernetes/scheduler.conf", false},
      {"1.1.16", "/etc/kubernetes/scheduler.conf", true},
      {"1.1.17", "/etc/kubernetes/controller-manager.conf", false},
      {"1.1.18", "/etc/kubernetes/controller-manager.conf", true},
      {"1.1.19", "/etc/kubernetes/pki/etcd/peer.key", true},
      {"4.1.1", "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf", false},
      {"4.1.2", "/usr/lib/systemd/system/kubelet.service", true},
      {"4.1.5", "/etc/kubernetes/kubelet.conf", false},
      {"4.1.6", "/etc/kubernetes/kubelet.conf", true},
      {"4.1.9", "/var/lib/kubelet/config.yaml", false},
      {"4.1.10", "/var/lib/kubelet/config.yaml", true},
  };
  return rows;
}

// The world with its generated files written out, so that they can be changed.
World Written() {
  World world;
  world.generates = false;
  for (const auto& [component, flags] : world.manifest) {
    std::string text = absl::StrCat("apiVersion: v1\nkind: Pod\nmetadata: {name: ", component,
                                    "}\nspec:\n  containers:\n  - name: ", component,
                                    "\n    command:\n    - ", component, "\n");
    for (const std::string& flag : flags) absl::StrAppend(&text, "    - \"", flag, "\"\n");
    absl::StrAppend(
        &text,
        "    volumeMounts: [{name: v, mountPath: /etc/kubernetes}, {name: w, mountPath: "
        "/var/lib/etcd}]\n  volumes: [{name: v, hostPath: {path: /etc/kubernetes}}, "
        "{name: w, hostPath: {path: /var/lib/etcd}}]\n");
    world.files.Put("/etc/kubernetes/manifests/" + component + ".yaml", text);
  }
  world.files.Put("/var/lib/kubelet/config.yaml", "kind: KubeletConfiguration\n");
  return world;
}

TEST(AuditControls, AFilePassesAndFailsByModeOrOwner) {
  for (const FileRow& row : FileRows()) {
    SCOPED_TRACE(row.id);
    World world = Written();
    EXPECT_EQ(world.Audit1(row.id).outcome(), v1::PASS);
    FileFacts& facts = world.files.files.at(row.path).facts;
    if (row.owner) {
      facts.uid = 1000;
      EXPECT_EQ(world.Audit1(row.id).outcome(), v1::FAIL);
      facts.uid = std::string(row.id) == "1.1.12" ? 201 : 0;
      facts.gid = 1000;
    } else {
      facts.mode |= 0040;
      EXPECT_EQ(world.Audit1(row.id).outcome(), v1::FAIL);
      facts.mode = 04600;  // a set-id bit is a right as well
    }
    const v1::ControlResult result = world.Audit1(row.id);
    EXPECT_EQ(result.outcome(), v1::FAIL);
    EXPECT_TRUE(absl::StrContains(result.reason(), row.path)) << result.reason();
  }
}

TEST(AuditControls, AFileThatIsMissingOrUnreadableIsNotPassed) {
  for (const FileRow& row : FileRows()) {
    SCOPED_TRACE(row.id);
    World broken = Written();
    broken.files.files.at(row.path).broken = absl::PermissionDeniedError("look: not permitted");
    EXPECT_EQ(broken.Audit1(row.id).outcome(), v1::ERROR);
    World gone = Written();
    std::erase_if(gone.files.files, [&](const auto& file) {
      return file.first == row.path || absl::StartsWith(file.first, std::string(row.path) + "/");
    });
    const bool others = std::set<std::string>{"1.1.13", "1.1.14", "1.1.19", "4.1.1", "4.1.2"}.count(
                            row.id) > 0;  // these look at several files
    const v1::ControlResult result = gone.Audit1(row.id);
    if (!others) {
      EXPECT_NE(result.outcome(), v1::PASS) << result.ShortDebugString();
    }
    for (const v1::Evidence& evidence : result.evidence()) {
      EXPECT_TRUE(evidence.where() != row.path || evidence.outcome() != v1::PASS);
    }
  }
}

TEST(AuditControls, WhereNoneOfTheFilesIsThereNothingPasses) {
  World world = Written();
  std::erase_if(world.files.files, [](const auto& file) {
    return absl::StartsWith(file.first, "/etc/kubernetes/pki") ||
           absl::StrContains(file.first, "admin.conf") ||
           absl::StrContains(file.first, "kubelet.service");
  });
  EXPECT_EQ(world.Audit1("1.1.13").outcome(), v1::NOT_APPLICABLE);
  EXPECT_EQ(world.Audit1("1.1.14").outcome(), v1::NOT_APPLICABLE);
  EXPECT_EQ(world.Audit1("1.1.19").outcome(), v1::ERROR);
  EXPECT_EQ(world.Audit1("4.1.1").outcome(), v1::NOT_APPLICABLE);
  EXPECT_EQ(world.Audit1("4.1.2").outcome(), v1::NOT_APPLICABLE);
}

// Kubelet's settings: in the file, and by a flag that beats it.
struct KubeletRow {
  const char* id;
  const char* key;
  const char* flag;
  const char* good;
  const char* bad;
};

TEST(AuditControls, KubeletIsJudgedByFlagFileAndDefault) {
  const std::vector<KubeletRow> rows = {
      {"4.2.1", "authentication.anonymous.enabled", "anonymous-auth", "false", "true"},
      {"4.2.2", "authorization.mode", "authorization-mode", "Webhook", "AlwaysAllow"},
      {"4.2.6", "makeIPTablesUtilChains", "make-iptables-util-chains", "true", "false"},
      {"4.2.10", "rotateCertificates", "rotate-certificates", "true", "false"},
      {"4.2.4", "readOnlyPort", "read-only-port", "0", "10255"},
      {"4.2.14", "seccompDefault", "seccomp-default", "true", "false"},
      {"4.2.8", "eventRecordQPS", "event-qps", "5", "0"},
      {"4.2.13", "podPidsLimit", "pod-max-pids", "4096", "-1"},
  };
  for (const KubeletRow& row : rows) {
    SCOPED_TRACE(row.id);
    World world;
    world.kubelet[row.key] = row.good;
    EXPECT_EQ(world.Audit1(row.id).outcome(), v1::PASS);
    world.SetFlag("kubelet", row.flag, {absl::StrCat("--", row.flag, "=", row.bad)});
    EXPECT_EQ(world.Audit1(row.id).outcome(), v1::FAIL);
    world.kubelet[row.key] = row.bad;
    world.SetFlag("kubelet", row.flag, {});
    EXPECT_EQ(world.Audit1(row.id).outcome(), v1::FAIL);
    world.SetFlag("kubelet", row.flag, {absl::StrCat("--", row.flag, "=", row.good)});
    EXPECT_EQ(world.Audit1(row.id).outcome(), v1::PASS);
    world.running.erase("kubelet");
    EXPECT_EQ(world.Audit1(row.id).outcome(), v1::NOT_APPLICABLE);
  }
}

TEST(AuditControls, KubeletsClientCaMustBeGivenAndThere) {
  World world;
  EXPECT_EQ(world.Audit1("4.2.3").outcome(), v1::PASS);
  world.kubelet["authentication.x509.clientCAFile"] = "/etc/kubernetes/pki/none.crt";
  EXPECT_EQ(world.Audit1("4.2.3").outcome(), v1::FAIL);
  world.kubelet.erase("authentication.x509.clientCAFile");
  EXPECT_EQ(world.Audit1("4.2.3").outcome(), v1::FAIL);
  world.SetFlag("kubelet", "client-ca-file", {"--client-ca-file", "/etc/kubernetes/pki/ca.crt"});
  EXPECT_EQ(world.Audit1("4.2.3").outcome(), v1::PASS);
}

TEST(AuditControls, MetricsOfKubeProxyAreReadFromThePodsOwnFile) {
  const std::string path = "/var/lib/kubelet/pods/" + World().pod_of["kube-proxy"] +
                           "/volumes/kubernetes.io~configmap/kube-proxy/config.conf";
  World world;
  EXPECT_EQ(world.Audit1("4.3.1").outcome(), v1::PASS);
  world.files.Put(path, "metricsBindAddress: 0.0.0.0:10249\n");
  EXPECT_EQ(world.Audit1("4.3.1").outcome(), v1::FAIL);
  world.files.Put(path, "metricsBindAddress: \"[::1]:10249\"\n");
  EXPECT_EQ(world.Audit1("4.3.1").outcome(), v1::PASS);
  world.files.files.erase(path);
  EXPECT_EQ(world.Audit1("4.3.1").outcome(), v1::ERROR);
  world.running.erase("kube-proxy");
  EXPECT_EQ(world.Audit1("4.3.1").outcome(), v1::NOT_APPLICABLE);
}

TEST(AuditControls, EveryAutomatedControlIsInOneOfTheseTables) {
  std::set<std::string> ids = {"4.2.1", "4.2.2", "4.2.3", "4.2.6", "4.2.10", "4.3.1"};
  for (const FlagRow& row : FlagRows()) ids.insert(row.id);
  for (const FileRow& row : FileRows()) ids.insert(row.id);
  World world;
  for (const v1::ControlResult& result : world.Audit()) {
    EXPECT_TRUE(!result.automated() || ids.count(result.control()) > 0) << result.control();
  }
}

}  // namespace
}  // namespace belay::audit
