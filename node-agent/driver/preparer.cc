#include "node-agent/driver/preparer.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "node-agent/change/change_text.h"
#include "node-agent/driver/policy.h"
#include "node-agent/driver/stray_pods.h"
#include "node-agent/health/endpoint.h"
#include "node-agent/manifest/pod.h"
#include "node-agent/transaction/file_image.h"

namespace belay {
namespace {

// All diffs of a step travel in one record, which must fit into one message of the link.
constexpr std::size_t kMostDiffBytes = std::size_t{1} << 20;

v1::FileImage ImageOfVersion(const FileVersion& version) {
  return version.exists ? ImageOf(version.bytes, version.attributes) : AbsentImage();
}

void AddChange(const PathChange& change, StepPlan* step) {
  v1::FileChange out;
  out.set_path(change.path);
  out.set_is_manifest(!change.manifest.empty());
  *out.mutable_before() = ImageOfVersion(change.before);
  *out.mutable_after() = ImageOfVersion(change.after);
  std::string diff = ChangeText(change);
  std::size_t room = kMostDiffBytes;
  for (const v1::FileChange& other : step->prepared.changes()) {
    room -= std::min(room, other.diff().size());
  }
  if (diff.size() > room) {
    diff.resize(room);
    diff += "\n(the rest is too long and was left out)\n";
  }
  out.set_diff(std::move(diff));
  if (change.after.exists) step->after_bytes[change.path] = change.after.bytes;
  *step->prepared.add_changes() = std::move(out);
}

absl::StatusOr<ContainerFacts> FindContainer(const PodFacts& pod, const std::string& path) {
  for (const ContainerFacts& container : pod.containers) {
    if (container.name == kGatedManifest) return container;
  }
  return absl::FailedPreconditionError(
      absl::StrCat(path, ": has no container named ", kGatedManifest,
                   ", so its process cannot be told from others; this form is not supported"));
}

absl::Status RefuseUnprovable(const PodFacts& pod, const std::vector<std::string>& argv_after,
                              const std::string& path) {
  if (!pod.host_network) {
    return absl::FailedPreconditionError(
        absl::StrCat(path,
                     ": the pod has no hostNetwork, so its health cannot be asked from the node; "
                     "this form is not supported"));
  }
  const std::optional<std::string> anonymous = FlagValue(argv_after, "anonymous-auth");
  bool allowed = true;
  if (!anonymous || (absl::SimpleAtob(*anonymous, &allowed) && allowed)) return absl::OkStatus();
  for (const ContainerFacts& container : pod.containers) {
    for (const HttpProbeFacts& probe : container.http_probes) {
      if (probe.sends_authorization) continue;
      return absl::FailedPreconditionError(absl::StrCat(
          path, ": with --anonymous-auth=false kubelet's ", probe.which, " on ", probe.path,
          " would be answered 401 and the pod killed minutes later; leave anonymous access on, or "
          "limit it by "
          "--authentication-config to the health paths"));
    }
  }
  return absl::OkStatus();
}

// The manifest is already as wanted; is that what runs?
absl::Status RequireAdopted(const ProcessTable& processes, const std::vector<std::string>& argv,
                            const std::string& path) {
  for (const Process& process : processes.List(kGatedManifest)) {
    if (ArgvMatches(argv, process.argv, kGatedManifest)) return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "not adopted: ", path, " already says what the plan wants, but no running ", kGatedManifest,
      " carries these arguments; find out why kubelet does not run this manifest (journalctl -u "
      "kubelet), then "
      "start the rollout again"));
}

}  // namespace

// Proves that the manifest is one that can be judged, and how the old process is told from the new.
// Nothing where the manifest is already as wanted and runs.
absl::StatusOr<std::optional<v1::ComponentExpectation>> Preparer::ExpectationOf(
    const PathChange& manifest) const {
  const std::string& path = manifest.path;
  ASSIGN_OR_RETURN(const PodFacts pod_before, ReadPod(manifest.before.bytes));
  RETURN_IF_ERROR(RefuseStrayCopies(files_, path, pod_before));
  ASSIGN_OR_RETURN(const PodFacts pod_after, ReadPod(manifest.after.bytes));
  ASSIGN_OR_RETURN(const ContainerFacts container_before, FindContainer(pod_before, path));
  ASSIGN_OR_RETURN(const ContainerFacts container_after, FindContainer(pod_after, path));
  const std::vector<std::string> argv_before = Argv(container_before);
  const std::vector<std::string> argv_after = Argv(container_after);
  RETURN_IF_ERROR(RefuseUnprovable(pod_after, argv_after, path));
  if (manifest.before.bytes == manifest.after.bytes) {
    RETURN_IF_ERROR(RequireAdopted(processes_, argv_after, path));
    return std::nullopt;
  }
  v1::ComponentExpectation expectation;
  expectation.set_component(manifest.manifest);
  expectation.set_manifest_path(path);
  expectation.mutable_argv_before()->Assign(argv_before.begin(), argv_before.end());
  expectation.mutable_argv_after()->Assign(argv_after.begin(), argv_after.end());
  expectation.mutable_touched_flags()->Assign(manifest.touched_flags.begin(),
                                              manifest.touched_flags.end());
  ASSIGN_OR_RETURN(*expectation.mutable_health_before(), HealthEndpointFor(argv_before));
  ASSIGN_OR_RETURN(*expectation.mutable_health_after(), HealthEndpointFor(argv_after));
  return expectation;
}

absl::StatusOr<StepPlan> Preparer::Prepare(const v1::Step& step) const {
  StepPlan out;
  *out.prepared.mutable_gate() = step.gate();
  for (const v1::Edit& edit : step.edits()) {
    const std::string manifest = ManifestOf(edit);
    if (manifest.empty() || manifest == kGatedManifest) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("manifest \"", manifest, "\" has no gate on this agent"));
  }
  ASSIGN_OR_RETURN(const StepChanges changes, ChangesOf(step, manifest_dir_, files_));
  for (const PathChange& change : changes) {
    if (!change.manifest.empty()) {
      ASSIGN_OR_RETURN(auto expectation, ExpectationOf(change));
      if (expectation) *out.prepared.add_components() = *std::move(expectation);
    }
    if (change.changed()) AddChange(change, &out);
  }
  return out;
}

}  // namespace belay
