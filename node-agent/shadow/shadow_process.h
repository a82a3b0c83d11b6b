// A program started in the shadow: in the file system that was put together for it, with the rights
// that its original has there and none over the machine.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/os/descriptor.h"

namespace belay {

struct ShadowProgram {
  std::string root;  // becomes its whole file system
  std::string path;  // in it
  std::string folder = "/";
  std::vector<std::string> argv;
  std::vector<std::string> environment = {};
  std::string log;  // a file of ours, for all it writes
  unsigned uid = 0;
  unsigned gid = 0;
  std::vector<unsigned> groups = {};
  bool overrides = false;  // modes of files do not stop it
};

struct ShadowChild {
  pid_t pid = -1;
  Descriptor pidfd;
};

// Of the exit codes, that of a program that could not be made ready or run.
inline constexpr int kShadowNotStarted = 127;

// From a process with one thread; ends with it where that is the first of its process namespace.
absl::StatusOr<ShadowChild> StartInShadow(const ShadowProgram& program);

// How it ended, as waitpid says; nothing while it runs.
std::optional<int> EndOfChild(const ShadowChild& child);

}  // namespace belay
