// A file system of a few megabytes, mounted for one test and seen by nobody else: a real disk that
// can be filled to its last byte, or have files that may not be changed.
#pragma once
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace belay {

class SmallFileSystem {
 public:
  // The last two in a file, over a loop device.  Ext3 knows no fallocate.
  enum class Kind { Tmpfs, Ext4, Ext3 };

  // The mounts of this process are its own from then on.  Not ok where mounting is not permitted,
  // or a program or a loop device is missing: the reason, for a test that is skipped.
  static absl::StatusOr<std::unique_ptr<SmallFileSystem>> Mount(Kind kind,
                                                                const std::string& directory);
  ~SmallFileSystem();  // unmounts
  SmallFileSystem(const SmallFileSystem&) = delete;
  SmallFileSystem& operator=(const SmallFileSystem&) = delete;

  const std::string& root() const { return root_; }
  // Writes files until not one byte more fits.
  void FillUp() const;

 private:
  explicit SmallFileSystem(std::string root) : root_(std::move(root)) {}
  const std::string root_;
};

}  // namespace belay
