#include "common/os/roots_program.h"

#include <sys/stat.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/os/errno_status.h"

namespace belay {
namespace {

bool OnlyRootWrites(const struct stat& entry) {
  return entry.st_uid == 0 && (entry.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

}  // namespace

// Whoever could write one of the folders above it could put another program in its place.
absl::Status RequireRootsProgram(const std::string& path, const std::string& what) {
  std::string at;
  for (const absl::string_view part : absl::StrSplit(absl::string_view(path).substr(1), '/')) {
    absl::StrAppend(&at, "/", part);
    struct stat entry = {};
    if (lstat(at.c_str(), &entry) != 0) return ErrnoStatus("look at", at, errno);
    const bool kind = at == path ? S_ISREG(entry.st_mode) : S_ISDIR(entry.st_mode);
    if (!kind || !OnlyRootWrites(entry)) {
      return absl::FailedPreconditionError(absl::StrCat(
          what, " ", path, ": ", at,
          " must belong to root, be writable by root only and be no symbolic link, and the program "
          "a regular file"));
    }
  }
  return absl::OkStatus();
}

}  // namespace belay
