#include "node-agent/health/file_arguments.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace belay {
namespace {

bool NamesAFileToRead(const std::string& flag) {
  if (flag == "log-file") return false;  // klog's own, written
  static constexpr std::array<const char*, 8> kEndings = {
      "-file",      "-cafile", "-certfile",  "-keyfile",
      "kubeconfig", "-config", "-authority", "-client-certificate"};
  return std::any_of(kEndings.begin(), kEndings.end(),
                     [&flag](const char* ending) { return absl::EndsWith(flag, ending); });
}

bool IsMounted(const ContainerFacts& container, const std::string& path) {
  return std::any_of(container.mount_paths.begin(), container.mount_paths.end(),
                     [&path](std::string mount) {
                       while (!mount.empty() && mount.back() == '/') mount.pop_back();
                       return path == mount || absl::StartsWith(path, mount + "/");
                     });
}

absl::Status RefuseUnseen(const ManifestChange& change, const ContainerFacts& after,
                          const std::string& flag, const std::string& path) {
  const std::string what = absl::StrCat(change.path, ": --", flag, "=", path);
  if (!IsMounted(after, path)) {
    return absl::FailedPreconditionError(
        absl::StrCat(what, " is shown to ", change.manifest,
                     " by no mount, so that it would not start; add a mountPath of its folder to "
                     "the same step"));
  }
  const std::optional<std::string> on_host = HostPathOf(after, path);
  if (!on_host || !change.will_exist || change.will_exist(*on_host)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      what, " would be ", *on_host, " of this node, which is not there, so that ", change.manifest,
      " would not start; put it there with a putFile in the same step"));
}

}  // namespace

absl::Status RefuseUnseenFiles(const ManifestChange& change, const ContainerFacts& after) {
  const std::vector<std::string> argv = Argv(after);
  for (const std::string& flag : change.touched_flags) {
    const std::optional<std::string> value = FlagValue(argv, flag);
    if (!value || !NamesAFileToRead(flag)) continue;
    const std::vector<std::string> paths = absl::StrSplit(*value, ',');
    for (const std::string& path : paths) {
      if (!absl::StartsWith(path, "/") || absl::StrContains(path, "$(")) continue;
      const absl::Status seen = RefuseUnseen(change, after, flag, path);
      if (!seen.ok()) return seen;
    }
  }
  return absl::OkStatus();
}

}  // namespace belay
