// Where else the machine shows the same file: an agent in a container sees the node's directories
// under other names than the node does.  Reads the kernel's table of mounts.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace belay {

struct MountPoint {
  std::string device;  // "8:1"
  std::string root;    // what of the device is mounted
  std::string point;   // where
};

// The text of /proc/PID/mountinfo; lines that cannot be read are left out.
std::vector<MountPoint> ParseMountInfo(const std::string& text);

// This process's table.
absl::StatusOr<std::vector<MountPoint>> ReadMountTable();

// All names of `path` at or below `root`, `root` taken off: what is edited there is `path`.  A
// mount of something below `path` counts too.  `path` itself need not exist; both are normal paths.
std::vector<std::string> OtherNames(const std::vector<MountPoint>& mounts, const std::string& path,
                                    const std::string& root);

}  // namespace belay
