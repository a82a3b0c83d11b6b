#include "common/base/time_text.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace belay {

std::string FormatUnixSeconds(std::int64_t unix_seconds) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(unix_seconds),
                          absl::UTCTimeZone());
}

std::string FormatUnixMillis(std::int64_t unix_milliseconds) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::FromUnixMillis(unix_milliseconds),
                          absl::UTCTimeZone());
}

absl::StatusOr<std::int64_t> ParseRfc3339(std::string_view text) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, absl::string_view(text.data(), text.size()), &time,
                       &error)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", absl::string_view(text.data(), text.size()),
                     "' is not an RFC 3339 time such as 2026-11-23T09:46:29Z"));
  }
  return absl::ToUnixSeconds(time);
}

}  // namespace belay
