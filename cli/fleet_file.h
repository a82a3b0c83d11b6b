// A rollout file (`kind: Rollout`) or the same things as flags: which clusters, and in which order.
// Read strictly: an unknown key, a duplicate or a wrong value is an error with its place.  Pure.
#pragma once
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "belay/v1/fleet.pb.h"

namespace belay {

// INVALID_ARGUMENT "<file>:<line>:<column>: ...".  docs/fleet.md has the format.
absl::StatusOr<v1::FleetStrategy> ParseFleetFile(std::string_view yaml, const std::string& file);

// "3" or "50%".
absl::StatusOr<v1::FleetWave> ParseWave(std::string_view text);

}  // namespace belay
