// Times as people and other programs read them: RFC 3339, UTC, seconds or milliseconds.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace belay {

std::string FormatUnixSeconds(std::int64_t unix_seconds);          // "2026-11-23T09:46:29Z"
std::string FormatUnixMillis(std::int64_t unix_milliseconds);      // "2026-11-23T09:46:29.123Z"
absl::StatusOr<std::int64_t> ParseRfc3339(std::string_view text);  // seconds; any offset accepted

}  // namespace belay
