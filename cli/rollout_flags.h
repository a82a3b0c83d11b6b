// The flags that every verb has which begins a rollout.
#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "belay/v1/rollout.pb.h"

namespace belay {

struct RolloutFlags {
  std::string soak;
  std::string deadline;
  std::vector<std::string> windows;
  bool approval = false;
};

// `flags` outlives the parser.
void AddRolloutFlags(CLI::App& verb, RolloutFlags& flags);
// INVALID_ARGUMENT names the flag.
absl::StatusOr<v1::RolloutOptions> OptionsOf(const RolloutFlags& flags);

}  // namespace belay
