// The file system of a process, as it has it, in the mount namespace of the caller, and what else
// is needed to start its program again.
#pragma once
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "belay/v1/shadow.pb.h"
#include "common/os/descriptor.h"

namespace belay {

struct ProcessLook {
  std::string program;  // in its own file system
  std::string folder;   // in which it runs
  std::vector<std::string> environment;
  Descriptor tree;  // of mounts, attached nowhere yet
  // Which file the program is.
  unsigned long device = 0;
  unsigned long inode = 0;
};

// UNAVAILABLE when the process has ended, FAILED_PRECONDITION for forms that are not supported.
// The caller has one thread, and a mount namespace of its own, in which it is again afterwards.
absl::StatusOr<ProcessLook> LookAtProcess(const v1::ShadowProcess& process);

// All that is mounted at and below `path`, a second time, attached nowhere yet.
absl::StatusOr<Descriptor> CopyMounts(const std::string& path);

// Attaches it to an existing folder; what is mounted there later is seen nowhere else.
absl::Status AttachMounts(const Descriptor& tree, const std::string& at);

}  // namespace belay
