#include "common/os/disk_space.h"

#include <sys/statvfs.h>

#include <cerrno>

#include "common/os/errno_status.h"

namespace belay {

absl::StatusOr<DiskSpace> SpaceAround(const std::string& path) {
  struct statvfs told {};
  if (statvfs(path.c_str(), &told) != 0) return ErrnoStatus("statvfs", path, errno);
  DiskSpace space;
  space.free_bytes = static_cast<std::uint64_t>(told.f_bfree) * told.f_frsize;
  space.counts_files = told.f_files != 0;
  space.free_files = told.f_ffree;
  return space;
}

}  // namespace belay
