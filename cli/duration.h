// Durations on the command line: "90s", "30m", "24h", "7d".  Pure.
#pragma once
#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"

namespace belay {
// Whole seconds, 1 second to 10 years.
absl::StatusOr<std::int64_t> ParseSeconds(std::string_view text);
}  // namespace belay
