// How much room a file system has left for root.
#pragma once
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace belay {

struct DiskSpace {
  std::uint64_t free_bytes = 0;
  // Files that may still be made; nothing to say where the file system does not count them (btrfs).
  bool counts_files = false;
  std::uint64_t free_files = 0;
};

// Of the file system that `path` is on, statvfs(2).  Any thread.
absl::StatusOr<DiskSpace> SpaceAround(const std::string& path);

}  // namespace belay
