#include "tests/support/standin/container_view.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tests/support/standin/posix.h"

namespace belay::standin {
namespace {

bool Covers(const std::string& directory, const std::string& path) {
  return path == directory || (path.size() > directory.size() && path.starts_with(directory) &&
                               (directory.ends_with("/") || path[directory.size()] == '/'));
}

}  // namespace

std::string EncodeMounts(const std::vector<Mount>& mounts) {
  std::string text;
  for (const Mount& mount : mounts)
    absl::StrAppend(&text, mount.mount_path, "\t", mount.host_path, "\t",
                    mount.read_only ? "ro" : "rw", "\n");
  return text;
}

ContainerView ContainerView::FromEnvironment() {
  std::vector<Mount> mounts;
  for (const std::string& line : std::vector<std::string>(
           absl::StrSplit(Environment(kMountsVariable), '\n', absl::SkipEmpty()))) {
    const std::vector<std::string> parts = absl::StrSplit(line, '\t');
    if (parts.size() == 3) mounts.push_back({parts[0], parts[1], parts[2] == "ro"});
  }
  return ContainerView(Environment(kRootVariable), std::move(mounts));
}

ContainerView::ContainerView(std::string root, std::vector<Mount> mounts)
    : root_(std::move(root)), mounts_(std::move(mounts)) {}

std::string ContainerView::Resolve(const std::string& path, bool writing) const {
  if (root_.empty()) return path;
  const Mount* best = nullptr;
  for (const Mount& mount : mounts_)
    if (Covers(mount.mount_path, path) &&
        (best == nullptr || mount.mount_path.size() > best->mount_path.size()))
      best = &mount;
  if (best == nullptr || (writing && best->read_only)) return "";
  return absl::StrCat(root_, best->host_path, path.substr(best->mount_path.size()));
}

}  // namespace belay::standin
