// Lets only one process at a time own a state directory.  The kernel gives the lock back when the
// process ends, however it ends, so a stale one cannot be left behind.
#pragma once
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/os/descriptor.h"

namespace belay {

class FileLock {
 public:
  // Does not wait: FAILED_PRECONDITION names the process that has it.  `owner` is for that message,
  // e.g. "belay-agent".  The file stays when the lock is given back.
  static absl::StatusOr<std::unique_ptr<FileLock>> Acquire(const std::string& path,
                                                           const std::string& owner);

 private:
  explicit FileLock(Descriptor fd) : fd_(std::move(fd)) {}
  Descriptor fd_;
};

}  // namespace belay
