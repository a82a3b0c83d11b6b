// Maintenance windows: when, every week and in UTC, a node may begin.  Pure; the time is told by
// the caller, in milliseconds since 1970.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "belay/v1/rollout.pb.h"

namespace belay::rollout {

// As minutes of a week that begins on Monday at midnight; `to` is not part of it, and is less than
// `from` where the window goes over the end of the week.
struct WeeklySpan {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  bool operator==(const WeeklySpan&) const = default;
};
using Windows = std::vector<WeeklySpan>;  // none: there is no restriction

using WindowMessages = google::protobuf::RepeatedPtrField<v1::MaintenanceWindow>;

// INVALID_ARGUMENT says what is wrong with which of them.
absl::Status CheckWindows(const WindowMessages& windows);
// Of windows that CheckWindows accepts.
Windows WindowsOf(const WindowMessages& windows);

bool IsOpen(const Windows& windows, std::int64_t unix_ms);
// The whole time from `unix_ms` for `ms` lies within the windows: no permit that is given now and
// lasts so long outlives them.
bool StaysOpen(const Windows& windows, std::int64_t unix_ms, std::int64_t ms);
// The next instant at or after `unix_ms` from which it stays open for `ms`; nothing when no window
// is long enough.
std::optional<std::int64_t> OpensAt(const Windows& windows, std::int64_t unix_ms, std::int64_t ms);

// "sat,sun 22:00-04:00"
std::string TextOf(const v1::MaintenanceWindow& window);

}  // namespace belay::rollout
