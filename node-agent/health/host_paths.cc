#include "node-agent/health/host_paths.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace belay {
namespace {

constexpr const char* kLogFlag = "audit-log-path";

bool IsIn(const std::vector<MountFacts>& mounts, const MountFacts& wanted) {
  return std::find(mounts.begin(), mounts.end(), wanted) != mounts.end();
}

bool Touches(const ManifestChange& change, const std::string& flag) {
  return std::find(change.touched_flags.begin(), change.touched_flags.end(), flag) !=
         change.touched_flags.end();
}

// The mount that shows `path`: the longest.
const MountFacts* MountOf(const ContainerFacts& container, const std::string& path) {
  const MountFacts* found = nullptr;
  for (const MountFacts& mount : container.mounts) {
    std::string at = mount.mount_path;
    while (!at.empty() && at.back() == '/') at.pop_back();
    if (path != at && !absl::StartsWith(path, at + "/")) continue;
    if (found == nullptr || found->mount_path.size() < mount.mount_path.size()) found = &mount;
  }
  return found;
}

}  // namespace

absl::Status RefuseMissingSources(const ManifestChange& change, const ContainerFacts& before,
                                  const ContainerFacts& after) {
  if (!change.will_exist || !change.will_be_folder) return absl::OkStatus();
  for (const MountFacts& mount : after.mounts) {
    if (IsIn(before.mounts, mount)) continue;
    const bool folder = mount.host_type == "Directory";
    if (!folder && mount.host_type != "File") continue;
    const bool there =
        folder ? change.will_be_folder(mount.host_path)
               : change.will_exist(mount.host_path) && !change.will_be_folder(mount.host_path);
    if (there) continue;
    return absl::FailedPreconditionError(
        absl::StrCat(change.path, ": the hostPath ", mount.host_path, " of type ", mount.host_type,
                     folder ? " is no folder" : " is no file",
                     " of this node, so that kubelet would never create ", change.manifest,
                     "; put it there in the same step, or use type ",
                     folder ? "DirectoryOrCreate" : "FileOrCreate"));
  }
  return absl::OkStatus();
}

absl::Status RefuseUnkeptAuditLog(const ManifestChange& change, const ContainerFacts& after) {
  if (change.manifest != "kube-apiserver" || !Touches(change, kLogFlag)) return absl::OkStatus();
  const std::vector<std::string> argv = Argv(after);
  const std::string path = FlagValue(argv, kLogFlag).value_or("");
  if (path.empty()) return absl::OkStatus();
  const std::string what = absl::StrCat(change.path, ": --", kLogFlag, "=", path);
  if (FlagValue(argv, "audit-policy-file").value_or("").empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(what,
                     " without --audit-policy-file never writes a line, although everything "
                     "looks well; set a policy in the same step"));
  }
  if (path == "-") return absl::OkStatus();
  const MountFacts* const mount = MountOf(after, path);
  if (mount == nullptr || mount->read_only) {
    return absl::FailedPreconditionError(
        absl::StrCat(what, " lies ", mount == nullptr ? "on no mount" : "on a read-only mount",
                     " of ", change.manifest, ", so that the log would be ",
                     mount == nullptr ? "lost with its container" : "dropped without a word",
                     "; add a writable mountPath of its folder to the same step"));
  }
  const std::optional<std::string> on_host = HostPathOf(after, path);
  if (on_host && change.will_be_folder && change.will_be_folder(*on_host)) {
    return absl::FailedPreconditionError(
        absl::StrCat(what, " would be the folder ", *on_host,
                     " of this node, which the log's rotation would rename; name a file in it"));
  }
  return absl::OkStatus();
}

}  // namespace belay
