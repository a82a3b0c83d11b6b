#include "tests/unit/audit_world.h"

#include <algorithm>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace belay::audit {
namespace {

constexpr const char* kStaticPods[] = {"kube-apiserver", "kube-controller-manager",
                                       "kube-scheduler", "etcd"};

Flags Dashed(const std::string& text) {
  Flags flags;
  for (const absl::string_view each : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    flags.push_back(absl::StrCat("--", each));
  }
  return flags;
}

}  // namespace

World::World() {
  const std::string pki = "/etc/kubernetes/pki/";
  manifest["kube-apiserver"] = Dashed(absl::StrCat(
      "advertise-address=10.0.0.1 secure-port=6443 profiling=false authorization-mode=Node,RBAC "
      "enable-admission-plugins=NodeRestriction client-ca-file=",
      pki,
      "ca.crt "
      "kubelet-client-certificate=",
      pki, "apiserver-kubelet-client.crt kubelet-client-key=", pki,
      "apiserver-kubelet-client.key kubelet-certificate-authority=", pki, "ca.crt etcd-cafile=",
      pki, "etcd/ca.crt etcd-certfile=", pki, "apiserver-etcd-client.crt etcd-keyfile=", pki,
      "apiserver-etcd-client.key tls-cert-file=", pki, "apiserver.crt tls-private-key-file=", pki,
      "apiserver.key service-account-key-file=", pki,
      "sa.pub service-account-extend-token-expiration=false audit-log-maxage=30 "
      "audit-log-maxbackup=10 audit-log-maxsize=100 "
      "audit-log-path=/var/log/kubernetes/audit/audit.log "
      "audit-policy-file=/etc/kubernetes/audit/policy.yaml"));
  manifest["kube-controller-manager"] = Dashed(
      absl::StrCat("profiling=false bind-address=127.0.0.1 use-service-account-credentials=true "
                   "service-account-private-key-file=",
                   pki, "sa.key root-ca-file=", pki,
                   "ca.crt kubeconfig=/etc/kubernetes/controller-manager.conf"));
  manifest["kube-scheduler"] =
      Dashed("profiling=false bind-address=127.0.0.1 kubeconfig=/etc/kubernetes/scheduler.conf");
  manifest["etcd"] = Dashed(absl::StrCat(
      "data-dir=/var/lib/etcd client-cert-auth=true peer-client-cert-auth=true cert-file=", pki,
      "etcd/server.crt key-file=", pki, "etcd/server.key peer-cert-file=", pki,
      "etcd/peer.crt peer-key-file=", pki, "etcd/peer.key trusted-ca-file=", pki, "etcd/ca.crt"));
  running = manifest;
  running["kubelet"] =
      Dashed("config=/var/lib/kubelet/config.yaml kubeconfig=/etc/kubernetes/kubelet.conf");
  running["kube-proxy"] = Dashed("config=/var/lib/kube-proxy/config.conf");
  pod_of["kube-proxy"] = "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f";
  kubelet = {{"authentication.anonymous.enabled", "false"},
             {"authentication.x509.clientCAFile", pki + "ca.crt"},
             {"authorization.mode", "Webhook"},
             {"rotateCertificates", "true"}};
  for (const char* const name :
       {"ca.crt", "apiserver.crt", "apiserver.key", "apiserver-kubelet-client.crt",
        "apiserver-kubelet-client.key", "apiserver-etcd-client.crt", "apiserver-etcd-client.key",
        "sa.pub", "sa.key", "etcd/ca.crt", "etcd/server.crt", "etcd/server.key", "etcd/peer.crt",
        "etcd/peer.key"}) {
    files.Put(pki + name, name);
  }
  files.Put("/etc/kubernetes/audit/policy.yaml",
            "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n");
  for (const char* const name :
       {"admin", "super-admin", "scheduler", "controller-manager", "kubelet"}) {
    files.Put(absl::StrCat("/etc/kubernetes/", name, ".conf"), "kind: Config\n");
  }
  files.Put("/usr/lib/systemd/system/kubelet.service", "[Service]\n");
  files.Put("/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf", "[Service]\n");
  files.Put("/etc/passwd", "root:x:0:0::/root:/bin/sh\netcd:x:201:202::/:/sbin/nologin\n", 0644);
  files.Put("/etc/group", "root:x:0:\netcd:x:202:\n", 0644);
  files.files["/var/lib/etcd"] = {{EntryType::Directory, 0700, 201, 202}, "", {}};
  files.Put("/var/lib/kubelet/pods/" + pod_of["kube-proxy"] +
                "/volumes/kubernetes.io~configmap/kube-proxy/config.conf",
            "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n"
            "metricsBindAddress: \"\"\n");
}

std::string World::ManifestText(const std::string& component) const {
  std::string text = absl::StrCat(
      "apiVersion: v1\nkind: Pod\nmetadata: {name: ", component,
      ", namespace: kube-system}\nspec:\n  hostNetwork: true\n  containers:\n  - name: ", component,
      "\n    image: registry.k8s.io/", component, ":v1.32.4\n    command:\n    - ", component,
      "\n");
  for (const std::string& flag : manifest.at(component)) {
    absl::StrAppend(&text, "    - \"", flag, "\"\n");
  }
  absl::StrAppend(&text, "    volumeMounts:\n");
  const std::vector<std::string> mounts = {"/etc/kubernetes", "/var/lib/etcd",
                                           "/var/log/kubernetes"};
  for (std::size_t i = 0; i < mounts.size(); ++i) {
    absl::StrAppend(&text, "    - {name: v", i, ", mountPath: ", mounts[i], "}\n");
  }
  absl::StrAppend(&text, "  volumes:\n");
  for (std::size_t i = 0; i < mounts.size(); ++i) {
    absl::StrAppend(&text, "  - {name: v", i, ", hostPath: {path: ", mounts[i], "}}\n");
  }
  return text;
}

std::string World::KubeletConfig() const {
  std::string text = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";
  // Keys share their beginnings only where sorted neighbours do.
  std::vector<std::string> open;
  for (const auto& [key, value] : kubelet) {
    const std::vector<std::string> parts = absl::StrSplit(key, '.');
    std::size_t same = 0;
    while (same < open.size() && same + 1 < parts.size() && open[same] == parts[same]) ++same;
    open.assign(parts.begin(), parts.end() - 1);
    for (std::size_t i = same; i < parts.size(); ++i) {
      absl::StrAppend(&text, std::string(i * 2, ' '), parts[i], ":",
                      i + 1 == parts.size() ? " " + value : "", "\n");
    }
  }
  return text;
}

std::vector<v1::ControlResult> World::Audit(const std::string& benchmark) {
  FakeFiles all = files;
  for (const char* const component : kStaticPods) {
    const std::string path = absl::StrCat("/etc/kubernetes/manifests/", component, ".yaml");
    if (generates && manifest.count(component) > 0 && all.files.count(path) == 0) {
      all.Put(path, ManifestText(component));
    }
  }
  if (generates && all.files.count("/var/lib/kubelet/config.yaml") == 0) {
    all.Put("/var/lib/kubelet/config.yaml", KubeletConfig());
  }
  FakeProcesses processes = extra;
  std::int64_t pid = 100;
  for (const auto& [component, flags] : running) {
    Process process;
    process.pid = ++pid;
    process.argv = {component};
    process.argv.insert(process.argv.end(), flags.begin(), flags.end());
    if (pod_of.count(component) > 0) process.pod_uid = pod_of[component];
    all.Put(absl::StrCat("/proc/", pid, "/environ"), environment);
    processes.by_name[component].push_back(std::move(process));
  }
  const absl::StatusOr<Catalog> catalog = LoadEmbeddedCatalog(benchmark);
  EXPECT_TRUE(catalog.ok()) << catalog.status();
  const AuditSources sources{all, all, processes, {"/etc/kubernetes/manifests"}};
  std::vector<v1::ControlResult> results = Evaluate(*catalog, Collect(*catalog, sources, version));
  // Holds for every node whatever is wrong with it.
  for (const v1::ControlResult& result : results) {
    const bool proved =
        std::any_of(result.evidence().begin(), result.evidence().end(),
                    [](const v1::Evidence& each) { return each.outcome() == v1::PASS; });
    EXPECT_TRUE(result.outcome() != v1::PASS || proved) << result.ShortDebugString();
    EXPECT_TRUE(result.outcome() == v1::PASS || !result.reason().empty()) << result.control();
  }
  return results;
}

v1::ControlResult World::Audit1(const std::string& id, const std::string& benchmark) {
  for (v1::ControlResult& result : Audit(benchmark)) {
    if (result.control() == id) return result;
  }
  ADD_FAILURE() << "no control " << id;
  return {};
}

}  // namespace belay::audit
