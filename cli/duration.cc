#include "cli/duration.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace belay {

absl::StatusOr<std::int64_t> ParseSeconds(std::string_view text) {
  constexpr std::int64_t kTenYears = std::int64_t{10} * 365 * 86400;
  const absl::string_view whole(text.data(), text.size());
  std::int64_t unit = 0;
  if (!whole.empty()) {
    switch (whole.back()) {
      case 's':
        unit = 1;
        break;
      case 'm':
        unit = 60;
        break;
      case 'h':
        unit = 3600;
        break;
      case 'd':
        unit = 86400;
        break;
      default:
        break;
    }
  }
  std::uint32_t number = 0;
  if (unit == 0 || !absl::SimpleAtoi(whole.substr(0, whole.size() - 1), &number) || number == 0 ||
      number > kTenYears / unit) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", whole, "' is not a duration: write a number and s, m, h or d, such as 30s or 24h"));
  }
  return number * unit;
}

}  // namespace belay
