#include "node-agent/configfile/config_value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

namespace belay {
namespace {

template <size_t N>
bool IsOneOf(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

std::vector<const ConfigValue::Entry*> Sorted(const ConfigValue& value) {
  std::vector<const ConfigValue::Entry*> entries;
  entries.reserve(value.map.size());
  for (const auto& entry : value.map) entries.push_back(&entry);
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto* a, const auto* b) { return a->key < b->key; });
  return entries;
}

std::string SignedText(bool negative, uint64_t magnitude) {
  return (negative && magnitude != 0 ? "-" : "") + std::to_string(magnitude);
}

// Go's strconv.ParseInt and ParseUint with base 0.
std::optional<std::string> GoInteger(std::string_view text) {
  const bool negative = text.substr(0, 1) == "-";
  if (negative || text.substr(0, 1) == "+") text.remove_prefix(1);
  int base = 10;
  if (text.size() > 1 && text[0] == '0') {
    const char mark = text.size() > 2 ? text[1] : '\0';
    base = mark == 'x' || mark == 'X' ? 16 : mark == 'b' || mark == 'B' ? 2 : 8;
    const bool prefixed = base != 8 || mark == 'o' || mark == 'O';
    text.remove_prefix(prefixed ? 2 : 1);
  }
  uint64_t magnitude = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), magnitude, base);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  if (negative && magnitude > uint64_t{1} << 63U) return std::nullopt;
  return SignedText(negative, magnitude);
}

// ^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$
bool IsYamlFloat(std::string_view text) {
  size_t at = 0;
  const auto digits = [&] {
    const size_t begin = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at - begin;
  };
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
  const size_t whole = digits();
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (digits() == 0 && whole == 0) return false;
  } else if (whole == 0) {
    return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

std::optional<std::string> GoNumber(std::string_view plain) {
  const char first = plain.front();
  if (first == '.') {
    return IsYamlFloat(plain) ? CanonicalNumber(plain) : std::nullopt;
  }
  if (first != '-' && first != '+' && (first < '0' || first > '9')) return std::nullopt;
  std::string text(plain);
  text.erase(std::remove(text.begin(), text.end(), '_'), text.end());
  if (auto integer = GoInteger(text)) return integer;
  return IsYamlFloat(text) ? CanonicalNumber(text) : std::nullopt;
}

}  // namespace

bool ConfigValue::operator==(const ConfigValue& other) const {
  if (kind != other.kind || text != other.text || list != other.list ||
      map.size() != other.map.size()) {
    return false;
  }
  const auto a = Sorted(*this);
  const auto b = Sorted(other);
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i]->key != b[i]->key || !(a[i]->value == b[i]->value)) return false;
  }
  return true;
}

size_t ConfigValue::Count(std::string_view key) const {
  return static_cast<size_t>(
      std::count_if(map.begin(), map.end(), [&](const auto& entry) { return entry.key == key; }));
}

ConfigValue* ConfigValue::Find(std::string_view key) {
  for (auto& [name, value] : map) {
    if (name == key) return &value;
  }
  return nullptr;
}

ConfigValue TextConfigValue(std::string text) {
  ConfigValue value;
  value.kind = ConfigValue::Kind::Text;
  value.text = std::move(text);
  return value;
}

ConfigValue EmptyConfigValue(ConfigValue::Kind kind) {
  ConfigValue value;
  value.kind = kind;
  return value;
}

std::optional<std::string> CanonicalNumber(std::string_view decimal) {
  const bool negative = decimal.substr(0, 1) == "-";
  const std::string_view digits =
      negative || decimal.substr(0, 1) == "+" ? decimal.substr(1) : decimal;
  uint64_t magnitude = 0;
  const auto whole = std::from_chars(digits.data(), digits.data() + digits.size(), magnitude);
  if (whole.ec == std::errc() && whole.ptr == digits.data() + digits.size() &&
      (!negative || magnitude <= uint64_t{1} << 63U)) {
    return SignedText(negative, magnitude);
  }
  double number = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) return std::nullopt;
  if (number == std::floor(number) && number < 9.2e18) {
    return SignedText(negative, static_cast<uint64_t>(number));
  }
  std::array<char, 64> buffer{};
  const auto written =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), negative ? -number : number);
  return std::string(buffer.data(), written.ptr);
}

ConfigValue ResolvePlainScalar(std::string_view plain) {
  static constexpr std::array<std::string_view, 5> kNull = {"", "~", "null", "Null", "NULL"};
  static constexpr std::array<std::string_view, 11> kTrue = {
      "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"};
  static constexpr std::array<std::string_view, 11> kFalse = {
      "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"};
  static constexpr std::array<std::string_view, 12> kNotFinite = {
      ".nan",  ".NaN",  ".NAN",  ".inf",  ".Inf",  ".INF",
      "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"};
  ConfigValue value = TextConfigValue(std::string(plain));
  if (IsOneOf(plain, kNull)) return {};
  if (IsOneOf(plain, kTrue) || IsOneOf(plain, kFalse)) {
    value.kind = ConfigValue::Kind::Bool;
    value.text = IsOneOf(plain, kTrue) ? "true" : "false";
  } else if (IsOneOf(plain, kNotFinite)) {
    value.kind = ConfigValue::Kind::Number;
  } else if (auto number = GoNumber(plain)) {
    value.kind = ConfigValue::Kind::Number;
    value.text = *std::move(number);
  }
  return value;
}

bool SelectorMatches(const ConfigValue& value, std::string_view wanted) {
  switch (value.kind) {
    case ConfigValue::Kind::Text:
    case ConfigValue::Kind::Number:
    case ConfigValue::Kind::Bool:
      return value.text == wanted;
    case ConfigValue::Kind::Null:
    case ConfigValue::Kind::List:
    case ConfigValue::Kind::Map:
      return false;
  }
  return false;
}

}  // namespace belay
