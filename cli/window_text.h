// Maintenance windows as operators write them: "sat,sun 22:00-04:00", "mon-fri 01:00Z-05:30Z",
// "23:00-24:00".  UTC, every week; without days it is every day.  Pure.
#pragma once
#include <string_view>

#include "absl/status/statusor.h"
#include "belay/v1/rollout.pb.h"

namespace belay {

// INVALID_ARGUMENT says what is wrong.  A window whose end is not after its beginning goes on on
// the next day; one that ends when it begins is refused.
absl::StatusOr<v1::MaintenanceWindow> ParseWindow(std::string_view text);
// Parts of it, for files: "sat" or "mon-fri", and "22:00" or "22:00Z" as minutes after midnight.
absl::Status AddDays(std::string_view text, v1::MaintenanceWindow* window);
absl::StatusOr<std::uint32_t> ParseTimeOfDay(std::string_view text);
absl::Status CheckTimes(const v1::MaintenanceWindow& window);

}  // namespace belay
