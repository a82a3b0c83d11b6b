#include "common/select/labels.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace belay {
namespace {

constexpr std::size_t kMostName = 63;
constexpr std::size_t kMostPrefix = 253;

bool IsLetterOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool IsName(std::string_view text) {
  if (text.empty() || text.size() > kMostName) return false;
  if (!IsLetterOrDigit(text.front()) || !IsLetterOrDigit(text.back())) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return IsLetterOrDigit(c) || c == '-' || c == '_' || c == '.'; });
}

bool IsDnsLabel(std::string_view text) {
  const auto is_dns = [](char c) { return IsLetterOrDigit(c) && !(c >= 'A' && c <= 'Z'); };
  if (text.empty() || !is_dns(text.front()) || !is_dns(text.back())) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) { return is_dns(c) || c == '-'; });
}

bool IsPrefix(std::string_view text) {
  if (text.size() > kMostPrefix) return false;
  while (true) {
    const std::size_t dot = text.find('.');
    if (!IsDnsLabel(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

}  // namespace

absl::Status CheckLabelKey(std::string_view key) {
  const std::size_t slash = key.find('/');
  const bool has_prefix = slash != std::string_view::npos;
  if (IsName(has_prefix ? key.substr(slash + 1) : key) &&
      (!has_prefix || IsPrefix(key.substr(0, slash)))) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("'", absl::string_view(key.data(), key.size()),
                   "' is no label key: write up to 63 letters, digits, '-', '_' and '.', such as "
                   "env or example.org/tier"));
}

absl::Status CheckLabelValue(std::string_view value) {
  if (value.empty() || IsName(value)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("'", absl::string_view(value.data(), value.size()),
                   "' is no label value: write up to 63 letters, digits, '-', '_' and '.', "
                   "beginning and ending with a letter or digit, or nothing"));
}

std::string LabelsText(const Labels& labels) {
  std::string text;
  for (const auto& [key, value] : labels) {
    absl::StrAppend(&text, text.empty() ? "" : ",", key, "=", value);
  }
  return text.empty() ? "-" : text;
}

}  // namespace belay
