// Completion scripts for bash, zsh and fish, made from the tree of commands.  Pure.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace belay {

struct CommandWords {
  std::string path;                   // "", "plan", "plan lint"
  std::vector<std::string> commands;  // below it
  std::vector<std::string> options;   // "--cluster"
};

// INVALID_ARGUMENT for another shell.
absl::StatusOr<std::string> RenderCompletion(const std::string& shell,
                                             const std::vector<CommandWords>& tree);

}  // namespace belay
