#include "node-agent/driver/preparer.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "common/diff/unified.h"
#include "node-agent/driver/policy.h"
#include "node-agent/driver/stray_pods.h"
#include "node-agent/health/endpoint.h"
#include "node-agent/manifest/edit.h"
#include "node-agent/manifest/pod.h"
#include "node-agent/transaction/file_image.h"

namespace belay {
namespace {

absl::Status ReadOwner(const v1::PutFile& file, FileAttributes* attributes) {
  if (file.owner().empty()) return absl::OkStatus();
  const std::vector<std::string> parts = absl::StrSplit(file.owner(), ':');
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &attributes->uid) ||
      !absl::SimpleAtoi(parts[1], &attributes->gid)) {
    return absl::InvalidArgumentError(
        absl::StrCat("putFile ", file.path(), ": owner \"", file.owner(),
                     "\" is not \"uid:gid\" in numbers; correct the plan"));
  }
  return absl::OkStatus();
}

// All diffs of a step travel in one record, which must fit into one message of the link.
constexpr std::size_t kMostDiffBytes = std::size_t{1} << 20;

void AddChange(v1::FileChange change, std::string bytes, StepPlan* step) {
  std::size_t room = kMostDiffBytes;
  for (const v1::FileChange& other : step->prepared.changes()) {
    room -= std::min(room, other.diff().size());
  }
  if (change.diff().size() > room) {
    change.mutable_diff()->resize(room);
    change.mutable_diff()->append("\n(the rest is too long and was left out)\n");
  }
  step->after_bytes[change.path()] = std::move(bytes);
  *step->prepared.add_changes() = std::move(change);
}

absl::Status PrepareFile(const FileSystem& files, const v1::PutFile& file, StepPlan* step) {
  if (step->after_bytes.contains(file.path())) {
    return absl::InvalidArgumentError(
        absl::StrCat("putFile ", file.path(),
                     ": written twice in one step; leave one of the two out of the plan"));
  }
  const absl::StatusOr<FileContent> before = files.Read(file.path());
  if (!before.ok() && !absl::IsNotFound(before.status())) {
    return WithContext(
        before.status(),
        absl::StrCat("putFile ", file.path(),
                     ": only a regular file reached without symbolic links can be replaced; make "
                     "it one or name the file it points to"));
  }
  FileAttributes attributes;
  attributes.mode = file.mode();
  RETURN_IF_ERROR(ReadOwner(file, &attributes));
  v1::FileChange change;
  change.set_path(file.path());
  std::string old_bytes;
  if (before.ok()) {
    old_bytes = before->bytes;
    attributes.xattrs = before->attributes.xattrs;
    // An access ACL holds the mode as well; the plan's mode would not be what it says.
    attributes.xattrs.erase("system.posix_acl_access");
    if (old_bytes == file.content() && attributes == before->attributes) return absl::OkStatus();
    *change.mutable_before() = ImageOf(old_bytes, before->attributes);
  } else {
    *change.mutable_before() = AbsentImage();
  }
  *change.mutable_after() = ImageOf(file.content(), attributes);
  change.set_diff(UnifiedDiff(old_bytes, file.content(), file.path()));
  AddChange(std::move(change), file.content(), step);
  return absl::OkStatus();
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

absl::StatusOr<StepPlan> Preparer::Prepare(const v1::Step& step) const {
  StepPlan out;
  *out.prepared.mutable_gate() = step.gate();
  std::vector<v1::Edit> manifest_edits;
  for (const v1::Edit& edit : step.edits()) {
    if (edit.has_put_file()) {
      RETURN_IF_ERROR(PrepareFile(files_, edit.put_file(), &out));
    } else if (ManifestOf(edit) == kGatedManifest) {
      manifest_edits.push_back(edit);
    } else {
      return absl::FailedPreconditionError(
          absl::StrCat("manifest \"", ManifestOf(edit), "\" has no gate on this agent"));
    }
  }
  if (manifest_edits.empty()) return out;

  const std::string path = absl::StrCat(manifest_dir_, "/", kGatedManifest, ".yaml");
  const absl::StatusOr<FileContent> before = files_.Read(path);
  if (absl::IsNotFound(before.status())) {
    return WithContext(
        before.status(),
        absl::StrCat("this node has no manifest of ", kGatedManifest, " in ", manifest_dir_,
                     "; if its static pods are elsewhere, set manifest_dir in agent.yaml"));
  }
  if (!before.ok()) {
    return WithContext(before.status(),
                       "a manifest must be a regular file reached without symbolic links (kubelet "
                       "does not see changes behind them); replace the link by the file");
  }
  ASSIGN_OR_RETURN(const PodFacts pod_before, ReadPod(before->bytes));
  RETURN_IF_ERROR(RefuseStrayCopies(files_, path, pod_before));
  ASSIGN_OR_RETURN(EditOutcome outcome, ApplyEdits(before->bytes, kGatedManifest, manifest_edits));
  ASSIGN_OR_RETURN(const PodFacts pod_after, ReadPod(outcome.bytes));
  ASSIGN_OR_RETURN(const ContainerFacts container_before, FindContainer(pod_before, path));
  ASSIGN_OR_RETURN(const ContainerFacts container_after, FindContainer(pod_after, path));
  const std::vector<std::string> argv_before = Argv(container_before);
  const std::vector<std::string> argv_after = Argv(container_after);
  RETURN_IF_ERROR(RefuseUnprovable(pod_after, argv_after, path));
  if (!outcome.changed) {
    RETURN_IF_ERROR(RequireAdopted(processes_, argv_after, path));
    return out;
  }

  v1::ComponentExpectation expectation;
  expectation.set_component(kGatedManifest);
  expectation.set_manifest_path(path);
  expectation.mutable_argv_before()->Assign(argv_before.begin(), argv_before.end());
  expectation.mutable_argv_after()->Assign(argv_after.begin(), argv_after.end());
  expectation.mutable_touched_flags()->Assign(outcome.touched_flags.begin(),
                                              outcome.touched_flags.end());
  ASSIGN_OR_RETURN(*expectation.mutable_health_before(), HealthEndpointFor(argv_before));
  ASSIGN_OR_RETURN(*expectation.mutable_health_after(), HealthEndpointFor(argv_after));
  *out.prepared.add_components() = std::move(expectation);

  v1::FileChange change;
  change.set_path(path);
  change.set_is_manifest(true);
  *change.mutable_before() = ImageOf(before->bytes, before->attributes);
  *change.mutable_after() = ImageOf(outcome.bytes, before->attributes);
  change.set_diff(UnifiedDiff(before->bytes, outcome.bytes, path));
  AddChange(std::move(change), std::move(outcome.bytes), &out);
  return out;
}

}  // namespace belay
