#include "node-agent/driver/policy.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/plan/gated.h"
#include "common/plan/rules.h"
#include "common/plan/targets.h"
#include "node-agent/driver/config.h"

namespace belay {
namespace {

bool IsBelowAny(const std::string& path, const std::vector<std::string>& directories) {
  return std::any_of(directories.begin(), directories.end(),
                     [&path](const std::string& directory) { return IsBelow(path, directory); });
}

// A file may be allowed by its own name too; the configuration ends every entry with '/'.
bool IsAllowedFile(const std::string& path, const std::vector<std::string>& allowed) {
  return IsBelowAny(path, allowed) ||
         std::any_of(allowed.begin(), allowed.end(),
                     [&path](const std::string& entry) { return entry == path + "/"; });
}

// What an edit does to a file that is not a matter of a pod's values.
struct FileTouch {
  std::string kind;  // as in the plan's YAML; empty for edits of pods
  std::string path;
  std::uint32_t mode = 0;
  bool attributes_only = false;
};

FileTouch TouchOf(const v1::Edit& edit) {
  switch (edit.kind_case()) {
    case v1::Edit::kPutFile:
      return {"putFile", edit.put_file().path(), edit.put_file().mode()};
    case v1::Edit::kRemoveFile:
      return {"removeFile", edit.remove_file().path()};
    case v1::Edit::kSetMode:
      return {"setMode", edit.set_mode().path(), edit.set_mode().mode(), true};
    case v1::Edit::kSetOwner:
      return {"setOwner", edit.set_owner().path(), 0, true};
    case v1::Edit::kSetConfigKey:
      return {"setConfigKey", edit.set_config_key().file()};
    case v1::Edit::kUnsetConfigKey:
      return {"unsetConfigKey", edit.unset_config_key().file()};
    case v1::Edit::kSetFlag:
    case v1::Edit::kUnsetFlag:
    case v1::Edit::kMergeListFlag:
    case v1::Edit::kMountPath:
    case v1::Edit::kUnmountPath:
    case v1::Edit::kRestartService:
    case v1::Edit::KIND_NOT_SET:
      return {};
  }
  return {};
}

std::string ObjectionToFile(const FileTouch& touch, const NodePolicy& policy) {
  const std::string& path = touch.path;
  const std::string what = absl::StrCat(touch.kind, " ", path, ": ");
  if (!IsCleanPath(path) || path.back() == '/') {
    return absl::StrCat(
        what, "not an absolute path without \"..\", \".\" or doubled slashes; write the path out");
  }
  const bool in_manifests = path == policy.manifest_dir || IsBelow(path, policy.manifest_dir);
  // Mode and owner of a manifest are nothing that kubelet runs.
  if (in_manifests && !touch.attributes_only) {
    return absl::StrCat(
        what, "lies in ", policy.manifest_dir,
        ", where kubelet runs every file as a pod; use setFlag, mergeListFlag or mountPath "
        "for manifests and put other files elsewhere");
  }
  const auto is_own = [&path](const std::string& own) { return path == own || IsBelow(path, own); };
  if (std::any_of(policy.protected_paths.begin(), policy.protected_paths.end(), is_own)) {
    return absl::StrCat(
        what, "belongs to the Belay agent itself and is never changed by a plan; remove the edit");
  }
  if (!IsAllowedFile(path, policy.allowed_paths)) {
    return absl::StrCat(
        what, "not below an allowed path of this node (", absl::StrJoin(policy.allowed_paths, ", "),
        "); choose another path or add it to allowed_paths in agent.yaml on the node");
  }
  if ((touch.mode & ~0777U) != 0) {
    return absl::StrCat(
        what, "set-user-id, set-group-id and sticky bits are not allowed; use a mode up to 0777");
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

bool IsAmong(const std::vector<std::string>& allowed, const std::string& what) {
  return allowed.empty() || std::find(allowed.begin(), allowed.end(), what) != allowed.end();
}

std::string ObjectionToTargets(const v1::RemediationPlan& plan, const NodePolicy& policy) {
  if (!plan.has_targets() || (!policy.untargeted_plans && plan.targets().clusters().empty())) {
    if (policy.untargeted_plans) return "";
    return "the plan does not say which clusters it is for (spec.targets.clusters), and this node "
           "carries out only plans that name its own; add them and sign the plan anew";
  }
  const std::string why = WhyNotFor(plan, policy.cluster, policy.node);
  return why.empty() ? "" : why + "; it is not carried out here, whoever sends it";
}

std::string ObjectionToEdit(const v1::Edit& edit, const NodePolicy& policy) {
  if (const std::string kind = EditKind(edit);
      !kind.empty() && !IsAmong(policy.allowed_edits, kind)) {
    return absl::StrCat(kind, ": not among the edits that this node allows (",
                        absl::StrJoin(policy.allowed_edits, ", "),
                        "); leave it out or add it to allowed_edits in agent.yaml on the node");
  }
  const FileTouch touch = TouchOf(edit);
  if (!touch.kind.empty()) return ObjectionToFile(touch, policy);
  if (edit.kind_case() == v1::Edit::KIND_NOT_SET) {
    return "an edit of a kind this agent does not know; update belay-agent on this node or leave "
           "it out";
  }
  if (edit.has_restart_service()) {
    const std::string& service = edit.restart_service().service();
    if (service == kKubelet) return "";
    return absl::StrCat("restartService ", service, ": only kubelet may be restarted by a plan");
  }
  const std::string manifest = ManifestOf(edit);
  if (FindGated(manifest) == nullptr) {
    return absl::StrCat(
        "manifest \"", manifest, "\": this agent has a gate for ", GatedManifestsText(),
        " only and changes nothing it cannot prove healthy; leave this edit out of the plan");
  }
  if (!IsAmong(policy.allowed_manifests, manifest)) {
    return absl::StrCat("manifest ", manifest,
                        ": not among those that this node lets plans change (",
                        absl::StrJoin(policy.allowed_manifests, ", "),
                        "); leave it out or add it to allowed_manifests in agent.yaml on the node");
  }
  if (edit.has_mount_path()) return ObjectionToMount(edit.mount_path(), policy);
  return "";
}

}  // namespace

std::string ObjectionToUndoing(const v1::FileChange& change, const NodePolicy& policy) {
  if (!change.is_manifest()) {
    const bool attributes_only = change.before().exists() && change.after().exists() &&
                                 change.before().digest() == change.after().digest();
    return ObjectionToFile({"revert", change.path(), 0, attributes_only}, policy);
  }
  for (const GatedComponent& each : kGatedComponents) {
    const std::string manifest(each.manifest);
    if (change.path() == absl::StrCat(policy.manifest_dir, "/", manifest, ".yaml")) return "";
  }
  return absl::StrCat("revert ", change.path(), ": not a manifest that this agent has a gate for");
}

std::vector<std::string> FindForbidden(const v1::RemediationPlan& plan, const NodePolicy& policy) {
  std::vector<std::string> objections;
  if (std::string objection = ObjectionToTargets(plan, policy); !objection.empty()) {
    objections.push_back(std::move(objection));
  }
  for (const v1::Step& step : plan.steps()) {
    for (const v1::Edit& edit : step.edits()) {
      const std::string objection = ObjectionToEdit(edit, policy);
      if (!objection.empty())
        objections.push_back(absl::StrCat("step ", step.name(), ": ", objection));
    }
  }
  return objections;
}

}  // namespace belay
