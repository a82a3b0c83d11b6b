#include "node-agent/health/expectation.h"

#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "node-agent/health/endpoint.h"
#include "node-agent/health/file_arguments.h"
#include "node-agent/health/host_paths.h"

namespace belay {
namespace {

absl::StatusOr<ContainerFacts> FindContainer(const PodFacts& pod, const std::string& name,
                                             const std::string& path) {
  for (const ContainerFacts& container : pod.containers) {
    if (container.name == name) return container;
  }
  return absl::FailedPreconditionError(
      absl::StrCat(path, ": has no container named ", name,
                   ", so its process cannot be told from others; this form is not supported"));
}

// Kubelet sends no credentials: what the server does not answer to everybody it will be killed for.
absl::Status RefuseUnansweredProbes(const ManifestChange& change, const ContainerFacts& server) {
  const std::vector<std::string> argv = Argv(server);
  const std::optional<std::string> anonymous = FlagValue(argv, "anonymous-auth");
  bool allowed = true;
  if (!anonymous || (absl::SimpleAtob(*anonymous, &allowed) && allowed)) return absl::OkStatus();
  ASSIGN_OR_RETURN(const v1::HealthEndpoint endpoint, HealthEndpointFor(argv));
  for (const ContainerFacts& container : change.after.containers) {
    for (const HttpProbeFacts& probe : container.http_probes) {
      // tcpSocket, exec and grpc probes ask for no identity, nor do the ports of others.
      const bool elsewhere = probe.port != 0 && probe.port != endpoint.port();
      if (probe.sends_authorization || elsewhere) continue;
      return absl::FailedPreconditionError(absl::StrCat(
          change.path, ": with --anonymous-auth=false kubelet's ", probe.which, " on ", probe.path,
          " would be answered 401 and the pod killed minutes later; leave anonymous access on, or "
          "limit it by --authentication-config to the health paths"));
    }
  }
  return absl::OkStatus();
}

// The pod that serves with these arguments now; empty where none shows one, or several might.
std::string RunningPod(const ProcessTable& processes, const std::string& component,
                       const std::vector<std::string>& argv, const v1::HealthEndpoint& endpoint) {
  std::set<std::string> running;
  std::set<std::string> serving;  // another may still drain what it had, for up to 30 s
  for (const Process& process : processes.List(component)) {
    if (!ArgvMatches(argv, process.argv, component)) continue;
    running.insert(process.pod_uid);
    if (processes.OwnsListener(process.pid, endpoint.dial_address(), endpoint.port())) {
      serving.insert(process.pod_uid);
    }
  }
  const std::set<std::string>& pods = serving.empty() ? running : serving;
  return pods.size() == 1 ? *pods.begin() : "";
}

bool Sees(const ContainerFacts& container, const std::string& path) {
  return std::any_of(
      container.mounts.begin(), container.mounts.end(), [&path](const MountFacts& mount) {
        std::string at = mount.host_path;
        while (!at.empty() && at.back() == '/') at.pop_back();
        return !mount.host_path.empty() && (path == at || absl::StartsWith(path, at + "/"));
      });
}

}  // namespace

absl::Status RefuseUnprovable(const ManifestChange& change) {
  if (!change.after.host_network) {
    return absl::FailedPreconditionError(
        absl::StrCat(change.path,
                     ": the pod has no hostNetwork, so its health cannot be asked from the node; "
                     "this form is not supported"));
  }
  ASSIGN_OR_RETURN(const ContainerFacts container,
                   FindContainer(change.after, change.manifest, change.path));
  if (change.manifest != "kube-apiserver") return absl::OkStatus();
  return RefuseUnansweredProbes(change, container);
}

absl::Status RequireAdopted(const ManifestChange& change, const ProcessTable& processes) {
  ASSIGN_OR_RETURN(const ContainerFacts container,
                   FindContainer(change.after, change.manifest, change.path));
  for (const Process& process : processes.List(change.manifest)) {
    if (ArgvMatches(Argv(container), process.argv, change.manifest)) return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "not adopted: ", change.path, " already says what the plan wants, but no running ",
      change.manifest,
      " carries these arguments; find out why kubelet does not run this manifest (journalctl -u "
      "kubelet), then start the rollout again"));
}

absl::StatusOr<v1::ComponentExpectation> ExpectationOf(const ManifestChange& change,
                                                       const ProcessTable& processes) {
  RETURN_IF_ERROR(RefuseUnprovable(change));
  const std::string& name = change.manifest;
  ASSIGN_OR_RETURN(const ContainerFacts before, FindContainer(change.before, name, change.path));
  ASSIGN_OR_RETURN(const ContainerFacts after, FindContainer(change.after, name, change.path));
  RETURN_IF_ERROR(RefuseUnseenFiles(change, after));
  RETURN_IF_ERROR(RefuseMissingSources(change, before, after));
  RETURN_IF_ERROR(RefuseUnkeptAuditLog(change, after));
  const std::vector<std::string> argv_before = Argv(before);
  const std::vector<std::string> argv_after = Argv(after);
  v1::ComponentExpectation expectation;
  expectation.set_component(name);
  expectation.set_manifest_path(change.path);
  expectation.set_pod(absl::StrCat(change.after.name_space, "_", change.after.name));
  expectation.set_container(name);
  expectation.mutable_argv_before()->Assign(argv_before.begin(), argv_before.end());
  expectation.mutable_argv_after()->Assign(argv_after.begin(), argv_after.end());
  expectation.mutable_touched_flags()->Assign(change.touched_flags.begin(),
                                              change.touched_flags.end());
  ASSIGN_OR_RETURN(*expectation.mutable_health_before(), HealthEndpointOf(name, before));
  ASSIGN_OR_RETURN(*expectation.mutable_health_after(), HealthEndpointOf(name, after));
  for (v1::KubeletProbe& probe : KubeletProbesOf(before)) {
    *expectation.add_kubelet_probes_before() = std::move(probe);
  }
  for (v1::KubeletProbe& probe : KubeletProbesOf(after)) {
    *expectation.add_kubelet_probes_after() = std::move(probe);
  }
  expectation.set_pod_uid_before(
      RunningPod(processes, name, argv_before, expectation.health_before()));
  if (expectation.pod_uid_before().empty() && argv_before == argv_after) {
    return absl::FailedPreconditionError(absl::StrCat(
        change.path, ": the step leaves the arguments of ", name,
        " as they are, and no running process shows which pod it belongs to, so the new one could "
        "not be told from the old; set a flag in the same step"));
  }
  expectation.set_reads_changed_files(
      std::any_of(change.other_paths.begin(), change.other_paths.end(),
                  [&before](const std::string& path) { return Sees(before, path); }));
  return expectation;
}

absl::StatusOr<v1::Companion> ApiServerCompanion(const PodFacts& pod) {
  const std::string name = "kube-apiserver";
  ASSIGN_OR_RETURN(const ContainerFacts container, FindContainer(pod, name, name + ".yaml"));
  v1::Companion companion;
  companion.set_probe("apiserver-readyz");
  ASSIGN_OR_RETURN(*companion.mutable_health(), HealthEndpointOf(name, container));
  return companion;
}

}  // namespace belay
