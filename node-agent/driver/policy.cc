#include "node-agent/driver/policy.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "node-agent/driver/config.h"

namespace belay {
namespace {

bool IsBelowAny(const std::string& path, const std::vector<std::string>& directories) {
  return std::any_of(directories.begin(), directories.end(),
                     [&path](const std::string& directory) { return IsBelow(path, directory); });
}

std::string ObjectionToFile(const v1::PutFile& file, const NodePolicy& policy) {
  const std::string& path = file.path();
  if (!IsCleanPath(path) || path.back() == '/') {
    return absl::StrCat(
        "putFile ", path,
        ": not an absolute path without \"..\", \".\" or doubled slashes; write the path out");
  }
  if (path == policy.manifest_dir || IsBelow(path, policy.manifest_dir)) {
    return absl::StrCat(
        "putFile ", path, ": lies in ", policy.manifest_dir,
        ", where kubelet runs every file as a pod; use setFlag, mergeListFlag or mountPath "
        "for manifests and put other files elsewhere");
  }
  const auto is_own = [&path](const std::string& own) { return path == own || IsBelow(path, own); };
  if (std::any_of(policy.protected_paths.begin(), policy.protected_paths.end(), is_own)) {
    return absl::StrCat(
        "putFile ", path,
        ": belongs to the Belay agent itself and is never changed by a plan; remove the edit");
  }
  if (!IsBelowAny(path, policy.allowed_paths)) {
    return absl::StrCat(
        "putFile ", path, ": not below an allowed path of this node (",
        absl::StrJoin(policy.allowed_paths, ", "),
        "); choose another path or add it to allowed_paths in agent.yaml on the node");
  }
  if ((file.mode() & ~0777U) != 0) {
    return absl::StrCat(
        "putFile ", path,
        ": set-user-id, set-group-id and sticky bits are not allowed; use a mode up to 0777");
  }
  return "";
}

// A mount shows the host's files to a privileged pod, writable by default, so that it is as much a
// matter of the node's owner as a write.
std::string ObjectionToMount(const v1::MountPath& mount, const NodePolicy& policy) {
  const std::string& path = mount.host_path();
  if (!IsCleanPath(path)) {
    return absl::StrCat(
        "mountPath ", path,
        ": not an absolute path without \"..\", \".\" or doubled slashes; write the path out");
  }
  const auto touches_own = [&path](const std::string& own) {
    return path == own || IsBelow(path, own) || IsBelow(own, path);
  };
  if (std::any_of(policy.protected_paths.begin(), policy.protected_paths.end(), touches_own)) {
    return absl::StrCat("mountPath ", path,
                        ": would show the Belay agent's own files to a pod; remove the edit");
  }
  if (!IsBelowAny(path, policy.allowed_mounts)) {
    return absl::StrCat(
        "mountPath ", path, ": not below an allowed mount of this node (",
        absl::StrJoin(policy.allowed_mounts, ", "),
        "); choose another path or add it to allowed_mounts in agent.yaml on the node");
  }
  return "";
}

std::string ObjectionToEdit(const v1::Edit& edit, const NodePolicy& policy) {
  if (edit.has_put_file()) return ObjectionToFile(edit.put_file(), policy);
  const std::string manifest = ManifestOf(edit);
  if (manifest == "?") {
    return "an edit of a kind this agent does not know; update belay-agent on this node or leave "
           "it out";
  }
  if (manifest != kGatedManifest) {
    return absl::StrCat(
        "manifest \"", manifest, "\": this agent has a gate for ", kGatedManifest,
        " only and changes nothing it cannot prove healthy; leave this edit out of the plan");
  }
  if (edit.has_mount_path()) return ObjectionToMount(edit.mount_path(), policy);
  return "";
}

}  // namespace

std::vector<std::string> FindForbidden(const v1::RemediationPlan& plan, const NodePolicy& policy) {
  std::vector<std::string> objections;
  for (const v1::Step& step : plan.steps()) {
    for (const v1::Edit& edit : step.edits()) {
      const std::string objection = ObjectionToEdit(edit, policy);
      if (!objection.empty())
        objections.push_back(absl::StrCat("step ", step.name(), ": ", objection));
    }
  }
  return objections;
}

std::string ManifestOf(const v1::Edit& edit) {
  switch (edit.kind_case()) {
    case v1::Edit::kSetFlag:
      return edit.set_flag().manifest();
    case v1::Edit::kUnsetFlag:
      return edit.unset_flag().manifest();
    case v1::Edit::kMergeListFlag:
      return edit.merge_list_flag().manifest();
    case v1::Edit::kMountPath:
      return edit.mount_path().manifest();
    case v1::Edit::kUnmountPath:
      return edit.unmount_path().manifest();
    case v1::Edit::kPutFile:
      return "";
    // Refused until this agent can judge and make them.
    case v1::Edit::kSetConfigKey:
    case v1::Edit::kUnsetConfigKey:
    case v1::Edit::kRemoveFile:
    case v1::Edit::kSetMode:
    case v1::Edit::kSetOwner:
      return "?";
    case v1::Edit::KIND_NOT_SET:
      return "?";
  }
  return "?";
}

}  // namespace belay
