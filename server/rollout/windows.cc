#include "server/rollout/windows.h"

#include <algorithm>
#include <array>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace belay::rollout {
namespace {

constexpr std::uint32_t kDay = 1440;
constexpr std::uint32_t kWeek = 7 * kDay;
constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kWeekMs = std::int64_t{kWeek} * kMinuteMs;
// 1970-01-01 was a Thursday: the week around it began three days before.
constexpr std::int64_t kThursdayMs = std::int64_t{3} * kDay * kMinuteMs;
constexpr int kMostWindows = 50;

// Milliseconds since the last Monday, midnight.
std::int64_t OfWeek(std::int64_t unix_ms) {
  const std::int64_t ms = (unix_ms + kThursdayMs) % kWeekMs;
  return ms < 0 ? ms + kWeekMs : ms;  // before 1970
}

// For how long from `at`, a time of the week, this span stays open; 0: it is not.
std::int64_t LeftOf(const WeeklySpan& span, std::int64_t at) {
  const std::int64_t from = span.from * kMinuteMs;
  std::int64_t to = span.to * kMinuteMs;
  if (to <= from) {
    to += kWeekMs;
    if (at < from) at += kWeekMs;
  }
  return at >= from && at < to ? to - at : 0;
}

// The same of all together: where one ends another may go on.
std::int64_t LeftOfAll(const Windows& windows, std::int64_t at) {
  std::int64_t left = 0;
  while (left < kWeekMs) {
    std::int64_t more = 0;
    for (const WeeklySpan& span : windows) {
      more = std::max(more, LeftOf(span, (at + left) % kWeekMs));
    }
    if (more == 0) return left;
    left += more;
  }
  return left;
}

const char* NameOf(int day) {
  constexpr std::array<const char*, 8> kNames = {"?",   "mon", "tue", "wed",
                                                 "thu", "fri", "sat", "sun"};
  return day < 1 || day > 7 ? kNames[0] : kNames.at(static_cast<std::size_t>(day));
}

}  // namespace

absl::Status CheckWindows(const WindowMessages& windows) {
  if (windows.size() > kMostWindows) {
    return absl::InvalidArgumentError(
        absl::StrCat("there are at most ", kMostWindows, " maintenance windows"));
  }
  for (const v1::MaintenanceWindow& window : windows) {
    bool days = true;
    for (const int day : window.days()) days = days && day >= 1 && day <= 7;
    if (days && window.from_minute() < kDay && window.to_minute() >= 1 &&
        window.to_minute() <= kDay && window.from_minute() != window.to_minute()) {
      continue;
    }
    return absl::InvalidArgumentError(
        absl::StrCat("maintenance window '", TextOf(window),
                     "': it is days of the week, a time from 00:00 to 23:59 and another, up to "
                     "24:00"));
  }
  return absl::OkStatus();
}

Windows WindowsOf(const WindowMessages& windows) {
  Windows spans;
  for (const v1::MaintenanceWindow& window : windows) {
    std::set<int> days(window.days().begin(), window.days().end());
    if (days.empty()) days = {1, 2, 3, 4, 5, 6, 7};
    for (const int day : days) {
      const std::uint32_t midnight = static_cast<std::uint32_t>(day - 1) * kDay;
      const bool next_day = window.to_minute() <= window.from_minute();
      spans.push_back({midnight + window.from_minute(),
                       (midnight + (next_day ? kDay : 0) + window.to_minute()) % kWeek});
    }
  }
  return spans;
}

bool IsOpen(const Windows& windows, std::int64_t unix_ms) {
  return windows.empty() || LeftOfAll(windows, OfWeek(unix_ms)) > 0;
}

bool StaysOpen(const Windows& windows, std::int64_t unix_ms, std::int64_t ms) {
  return windows.empty() || LeftOfAll(windows, OfWeek(unix_ms)) > ms;
}

std::optional<std::int64_t> OpensAt(const Windows& windows, std::int64_t unix_ms, std::int64_t ms) {
  if (StaysOpen(windows, unix_ms, ms)) return unix_ms;
  const std::int64_t at = OfWeek(unix_ms);
  std::optional<std::int64_t> first;
  for (const WeeklySpan& span : windows) {
    const std::int64_t wait = (span.from * kMinuteMs - at + kWeekMs) % kWeekMs;
    const std::int64_t opens = unix_ms + wait;
    if (StaysOpen(windows, opens, ms) && (!first || opens < *first)) first = opens;
  }
  return first;
}

std::string TextOf(const v1::MaintenanceWindow& window) {
  std::string days;
  for (const int day : window.days()) {
    absl::StrAppend(&days, days.empty() ? "" : ",", NameOf(day));
  }
  return absl::StrFormat("%s%s%02d:%02d-%02d:%02d", days, days.empty() ? "" : " ",
                         window.from_minute() / 60, window.from_minute() % 60,
                         window.to_minute() / 60, window.to_minute() % 60);
}

}  // namespace belay::rollout
