#include "cli/window_text.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"

namespace belay {
namespace {

constexpr std::uint32_t kDay = 1440;
constexpr std::array<std::string_view, 7> kDays = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// 1 is Monday, as in the message; 0: it is no day.
int DayOf(std::string_view text) {
  const std::string lower = absl::AsciiStrToLower(View(text));
  const auto at = std::find(kDays.begin(), kDays.end(), lower);
  return at == kDays.end() ? 0 : static_cast<int>(at - kDays.begin()) + 1;
}

int TwoDigits(std::string_view text) {
  if (text.size() != 2 || !absl::ascii_isdigit(static_cast<unsigned char>(text[0])) ||
      !absl::ascii_isdigit(static_cast<unsigned char>(text[1]))) {
    return -1;
  }
  return (text[0] - '0') * 10 + (text[1] - '0');
}

}  // namespace

absl::Status AddDays(std::string_view text, v1::MaintenanceWindow* window) {
  const std::size_t dash = text.find('-');
  const int first = DayOf(text.substr(0, dash));
  const int last = dash == std::string_view::npos ? first : DayOf(text.substr(dash + 1));
  if (first == 0 || last == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", View(text), "' is no day of the week: mon, tue, wed, thu, fri, sat, sun, or mon-fri"));
  }
  // "fri-mon" goes over the end of the week.
  for (int day = first;; day = day % 7 + 1) {
    window->add_days(static_cast<v1::Weekday>(day));
    if (day == last) return absl::OkStatus();
  }
}

absl::StatusOr<std::uint32_t> ParseTimeOfDay(std::string_view text) {
  std::string_view time = text;
  if (!time.empty() && (time.back() == 'Z' || time.back() == 'z')) time.remove_suffix(1);
  const int hours = TwoDigits(time.substr(0, 2));
  const int minutes = time.size() == 5 && time[2] == ':' ? TwoDigits(time.substr(3)) : -1;
  if (hours < 0 || minutes < 0 || minutes > 59 || hours > 24 || (hours == 24 && minutes > 0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", View(text), "' is no time of the day: HH:MM or HH:MMZ, always UTC"));
  }
  return static_cast<std::uint32_t>(hours * 60 + minutes);
}

absl::Status CheckTimes(const v1::MaintenanceWindow& window) {
  if (window.from_minute() < kDay && window.to_minute() > 0 &&
      window.from_minute() != window.to_minute()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      "a window begins from 00:00 to 23:59, and ends up to 24:00 but not when it begins; the "
      "whole day is 00:00-24:00");
}

absl::StatusOr<v1::MaintenanceWindow> ParseWindow(std::string_view text) {
  const std::vector<std::string> parts = absl::StrSplit(View(text), ' ', absl::SkipEmpty());
  v1::MaintenanceWindow window;
  if (parts.empty() || parts.size() > 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", View(text), "' is no maintenance window: write 'sat,sun 22:00-04:00'"));
  }
  if (parts.size() == 2) {
    const std::vector<std::string> days = absl::StrSplit(parts[0], ',');
    for (const std::string& day : days) RETURN_IF_ERROR(AddDays(day, &window));
  }
  const std::vector<std::string> times = absl::StrSplit(parts.back(), '-');
  if (times.size() != 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", View(text), "' has no times such as 22:00-04:00"));
  }
  ASSIGN_OR_RETURN(const std::uint32_t from, ParseTimeOfDay(times[0]));
  ASSIGN_OR_RETURN(const std::uint32_t to, ParseTimeOfDay(times[1]));
  window.set_from_minute(from);
  // 00:00 as an end is the midnight after.
  window.set_to_minute(to == 0 ? kDay : to);
  RETURN_IF_ERROR(CheckTimes(window));
  return window;
}

}  // namespace belay
