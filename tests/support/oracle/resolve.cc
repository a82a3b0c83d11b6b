#include "tests/support/oracle/resolve.h"

#include <algorithm>
#include <array>
#include <string>

namespace belay::oracle {
namespace {

template <size_t N>
bool IsOneOf(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool AllOf(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

constexpr std::string_view kDigits = "0123456789";

// Go's ParseInt with base 0, without the limits of 64 bits: those become floats, numbers as well.
bool IsInteger(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text.size() > 2 && text[0] == '0') {
    const std::string_view rest = text.substr(2);
    if (text[1] == 'x' || text[1] == 'X') return AllOf(rest, "0123456789abcdefABCDEF");
    if (text[1] == 'b' || text[1] == 'B') return AllOf(rest, "01");
    if (text[1] == 'o' || text[1] == 'O') return AllOf(rest, "01234567");
  }
  return AllOf(text, kDigits);
}

// ^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$
bool IsFloat(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  const size_t exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos) {
    std::string_view power = text.substr(exponent + 1);
    if (!power.empty() && (power[0] == '-' || power[0] == '+')) power.remove_prefix(1);
    if (!AllOf(power, kDigits)) return false;
    text = text.substr(0, exponent);
  }
  const size_t dot = text.find('.');
  if (dot == std::string_view::npos) return AllOf(text, kDigits);
  const std::string_view whole = text.substr(0, dot);
  const std::string_view part = text.substr(dot + 1);
  if (whole.empty()) return AllOf(part, kDigits);
  return AllOf(whole, kDigits) && (part.empty() || AllOf(part, kDigits));
}

bool IsNumber(std::string_view text) {
  static constexpr std::array<std::string_view, 12> kNotFinite = {
      ".nan",  ".NaN",  ".NAN",  ".inf",  ".Inf",  ".INF",
      "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"};
  if (text.empty() || (kDigits.find(text[0]) == std::string_view::npos && text[0] != '.' &&
                       text[0] != '-' && text[0] != '+')) {
    return false;
  }
  if (IsOneOf(text, kNotFinite)) return true;
  std::string without(text);
  if (text[0] != '.')
    without.erase(std::remove(without.begin(), without.end(), '_'), without.end());
  return IsInteger(without) || IsFloat(without);
}

}  // namespace

Resolved Resolve(std::string_view plain) {
  static constexpr std::array<std::string_view, 5> kNull = {"", "~", "null", "Null", "NULL"};
  static constexpr std::array<std::string_view, 11> kTrue = {
      "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"};
  static constexpr std::array<std::string_view, 11> kFalse = {
      "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"};
  if (IsOneOf(plain, kNull)) return {Value::Kind::Null, ""};
  if (IsOneOf(plain, kTrue)) return {Value::Kind::Bool, "true"};
  if (IsOneOf(plain, kFalse)) return {Value::Kind::Bool, "false"};
  if (IsNumber(plain)) return {Value::Kind::Number, std::string(plain)};
  return {Value::Kind::Text, std::string(plain)};
}

std::string AsString(const Value& scalar) {
  if (scalar.kind != Value::Kind::Number) return scalar.text;
  std::string_view digits = scalar.text;
  if (!digits.empty() && digits[0] == '-') digits.remove_prefix(1);
  const bool kept = AllOf(digits, kDigits) && (digits.size() == 1 || digits[0] != '0') &&
                    digits.size() < 16 && scalar.text != "-0";
  return kept ? scalar.text : "\x01number " + scalar.text;
}

}  // namespace belay::oracle
