#include "common/os/mount_table.h"

#include <cerrno>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/os/errno_status.h"

namespace belay {
namespace {

// The kernel writes blanks and backslashes as three octal digits.
std::string Decode(absl::string_view text) {
  std::string out;
  const auto digit = [&](std::size_t at) {
    return at < text.size() && text[at] >= '0' && text[at] <= '7';
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && digit(i + 1) && digit(i + 2) && digit(i + 3)) {
      out.push_back(static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                      (text[i + 3] - '0')));
      i += 3;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

// What is left of `path` behind `folder`: "" for the folder itself, "/x" below it.
std::optional<std::string> Behind(const std::string& path, const std::string& folder) {
  if (folder == "/") return path == "/" ? "" : path;
  if (path == folder) return "";
  if (path.size() > folder.size() && path.compare(0, folder.size(), folder) == 0 &&
      path[folder.size()] == '/') {
    return path.substr(folder.size());
  }
  return std::nullopt;
}

std::string Join(const std::string& folder, const std::string& rest) {
  if (folder == "/") return rest.empty() ? "/" : rest;
  return absl::StrCat(folder, rest);
}

}  // namespace

std::vector<MountPoint> ParseMountInfo(const std::string& text) {
  std::vector<MountPoint> mounts;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ');
    constexpr std::size_t kDevice = 2;
    constexpr std::size_t kRoot = 3;
    constexpr std::size_t kPoint = 4;
    if (fields.size() <= kPoint) continue;
    mounts.push_back({std::string(fields[kDevice]), Decode(fields[kRoot]), Decode(fields[kPoint])});
  }
  return mounts;
}

absl::StatusOr<std::vector<MountPoint>> ReadMountTable() {
  constexpr const char* kTable = "/proc/self/mountinfo";
  std::ifstream file(kTable);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return ErrnoStatus("read the table of mounts", kTable, errno == 0 ? EIO : errno);
  return ParseMountInfo(text.str());
}

std::vector<std::string> OtherNames(const std::vector<MountPoint>& mounts, const std::string& path,
                                    const std::string& root) {
  const MountPoint* home = nullptr;  // of two at one place the later one hides the earlier
  for (const MountPoint& mount : mounts) {
    if (!Behind(path, mount.point)) continue;
    if (home == nullptr || mount.point.size() >= home->point.size()) home = &mount;
  }
  if (home == nullptr) return {};
  const std::string on_device = Join(home->root, *Behind(path, home->point));
  std::set<std::string> names;
  for (const MountPoint& mount : mounts) {
    if (mount.device != home->device) continue;
    std::string seen;
    if (const auto rest = Behind(on_device, mount.root)) {
      seen = Join(mount.point, *rest);
    } else if (Behind(mount.root, on_device)) {
      seen = mount.point;
    } else {
      continue;
    }
    if (const auto inside = Behind(seen, root)) names.insert(inside->empty() ? "/" : *inside);
  }
  return {names.begin(), names.end()};
}

}  // namespace belay
