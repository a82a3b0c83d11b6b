// FileSystem on a Linux kernel, confined to one root directory: every path is resolved by openat2
// with RESOLVE_IN_ROOT and RESOLVE_NO_SYMLINKS, so that neither a link nor ".." leads out of it.
// FIFOs, sockets and devices are refused without being opened for reading or writing.
//
// Any thread; no state but the root's descriptor.  security.ima and security.evm are left out of
// the attributes: the kernel computes them from the content and they cannot be copied.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/os/descriptor.h"
#include "common/os/file_system.h"

namespace belay {

class PosixFileSystem final : public FileSystem {
 public:
  // `root` is where this file system's "/" lies; it may itself be reached over symbolic links.
  // UNAVAILABLE when the kernel has no openat2 (older than 5.6, or forbidden by a seccomp profile).
  static absl::StatusOr<std::unique_ptr<PosixFileSystem>> Open(const std::string& root);

  absl::StatusOr<FileContent> Read(const std::string& path) const override;
  absl::StatusOr<std::vector<DirectoryEntry>> List(const std::string& directory) const override;
  absl::Status Create(const std::string& path, const std::string& bytes,
                      const FileAttributes& attributes) override;
  absl::Status WriteFrom(const std::string& path, std::uint64_t offset,
                         const std::string& bytes) override;
  absl::Status WriteOver(const std::string& path, std::uint64_t offset,
                         const std::string& bytes) override;
  absl::Status Reserve(const std::string& path, std::uint64_t bytes) override;
  absl::Status Sync(const std::string& path) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status RenameNew(const std::string& from, const std::string& to) override;
  absl::Status Link(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& path) override;
  absl::Status MakeDirectory(const std::string& path, std::uint32_t mode) override;

 private:
  explicit PosixFileSystem(Descriptor root) : root_(std::move(root)) {}

  struct Place {
    Descriptor directory;  // O_PATH of the parent
    std::string name;
  };
  // -1 with errno set; never follows a link.
  int OpenRaw(const std::string& path, int flags, unsigned mode) const;
  absl::StatusOr<Descriptor> OpenPath(const std::string& path, int flags,
                                      const std::string& doing) const;
  absl::StatusOr<Descriptor> OpenRegular(const std::string& path, int flags,
                                         const std::string& doing) const;
  absl::StatusOr<Place> PlaceOf(const std::string& path, const std::string& doing) const;
  absl::Status RefuseLink(const Place& place, const std::string& path,
                          const std::string& doing) const;
  absl::Status Failure(const std::string& doing, const std::string& path, int error) const;

  Descriptor root_;
};

}  // namespace belay
