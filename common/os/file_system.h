// The file system as Belay uses it, named whole in one seam.  Every mutating method is one step
// that a power cut can fall before or after; nothing is durable until Sync.  Real: PosixFileSystem
// (posix_file_system.h).  Simulated: tests/support/sim_disk.h.
//
// All paths are absolute.  No method follows a symbolic link in any component of a path: where one
// is met the answer is FAILED_PRECONDITION and names it.  Errors carry the path and the errno text:
// NOT_FOUND, ALREADY_EXISTS, FAILED_PRECONDITION (symlink, not a regular file, directory not
// empty), RESOURCE_EXHAUSTED (ENOSPC, EDQUOT), PERMISSION_DENIED, else UNAVAILABLE.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace belay {

struct FileAttributes {
  std::uint32_t mode = 0600;  // permission bits only (07777)
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::map<std::string, std::string>
      xattrs;  // ACLs (system.posix_acl_access) and SELinux label too
  bool operator==(const FileAttributes&) const = default;
};

struct FileContent {
  std::string bytes;
  FileAttributes attributes;
  std::uint64_t inode = 0;
  std::int64_t mtime_ns = 0;
};

enum class EntryType { RegularFile, Directory, SymbolicLink, Other };
struct DirectoryEntry {
  std::string name;
  EntryType type = EntryType::Other;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // The whole content of a regular file (at most 64 MiB) and its attributes, read from one inode.
  virtual absl::StatusOr<FileContent> Read(const std::string& path) const = 0;
  // Sorted by name, without "." and "..".
  virtual absl::StatusOr<std::vector<DirectoryEntry>> List(const std::string& directory) const = 0;

  // Makes a new regular file with these bytes and attributes; ALREADY_EXISTS when the name is
  // taken. After a failure or a crash the file may be there with any part of the content.
  virtual absl::Status Create(const std::string& path, const std::string& bytes,
                              const FileAttributes& attributes) = 0;
  // Replaces everything from `offset` on by `bytes` (offset = size appends; no bytes cuts off).
  virtual absl::Status WriteFrom(const std::string& path, std::uint64_t offset,
                                 const std::string& bytes) = 0;
  // Puts these bytes in the place of those from `offset` on, which are all there already: size and
  // space of the file stay.  A crash leaves any mixture of the two.
  virtual absl::Status WriteOver(const std::string& path, std::uint64_t offset,
                                 const std::string& bytes) = 0;
  // Takes disk space for so many bytes behind the end of a regular file, whose content and size
  // stay: writing them there cannot fail for want of space.  What was reserved before is part of
  // it; cutting the file off gives it back.  UNIMPLEMENTED where the file system cannot.
  virtual absl::Status Reserve(const std::string& path, std::uint64_t bytes) = 0;
  // fsync of a file or a directory.  A failure is final for the file: never call it again to
  // "retry".
  virtual absl::Status Sync(const std::string& path) = 0;
  // Plain rename(2) within one file system; replaces `to` atomically.
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;
  // The same, but ALREADY_EXISTS where there is a `to`.
  virtual absl::Status RenameNew(const std::string& from, const std::string& to) = 0;
  // Gives a regular file a second name in the same file system; ALREADY_EXISTS as above.
  virtual absl::Status Link(const std::string& from, const std::string& to) = 0;
  // A file, or an empty directory.
  virtual absl::Status Remove(const std::string& path) = 0;
  virtual absl::Status MakeDirectory(const std::string& path, std::uint32_t mode) = 0;
};

inline std::string ParentDirectory(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}
inline std::string BaseName(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

}  // namespace belay
