// NodeFiles on a Linux kernel: openat2 with RESOLVE_IN_ROOT.  Any thread.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "common/os/descriptor.h"
#include "common/os/node_files.h"

namespace belay {

class PosixNodeFiles final : public NodeFiles {
 public:
  // `root` is where the node's "/" lies.  UNAVAILABLE when the kernel has no openat2.
  static absl::StatusOr<std::unique_ptr<PosixNodeFiles>> Open(const std::string& root);

  absl::StatusOr<FileFacts> Look(const std::string& path) const override;
  absl::StatusOr<std::string> ReadSmall(const std::string& path, std::size_t most) const override;
  absl::StatusOr<std::vector<DirectoryEntry>> ListAt(const std::string& directory) const override;

 private:
  explicit PosixNodeFiles(Descriptor root) : root_(std::move(root)) {}
  Descriptor OpenAt(const std::string& path, int flags) const;  // invalid with errno set

  Descriptor root_;
};

}  // namespace belay
