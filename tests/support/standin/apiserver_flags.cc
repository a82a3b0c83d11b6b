#include "tests/support/standin/apiserver_flags.h"

#include <cstdint>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace belay::standin {
namespace {

enum class Kind { Bool, Int, Float, Duration, Text };

const std::map<std::string, Kind>& Known() {
  static const auto& known = *new std::map<std::string, Kind>{
#define FLAG(name, kind) {name, Kind::kind},
#include "tests/support/standin/apiserver_flags.inc"
#undef FLAG
  };
  return known;
}

// What Go's strconv.ParseBool takes.
bool ParseBool(const std::string& text, bool* value) {
  for (const char* yes : {"1", "t", "T", "true", "TRUE", "True"})
    if (text == yes) return *value = true, true;
  for (const char* no : {"0", "f", "F", "false", "FALSE", "False"})
    if (text == no) return *value = false, true;
  return false;
}

// Empty: fine.  Otherwise what Go's parser says.
std::string Complaint(Kind kind, const std::string& value) {
  bool flag = false;
  std::int64_t whole = 0;
  double fraction = 0;
  switch (kind) {
    case Kind::Bool:
      if (ParseBool(value, &flag)) return "";
      return absl::StrCat("strconv.ParseBool: parsing \"", value, "\": invalid syntax");
    case Kind::Int:
      if (absl::SimpleAtoi(value, &whole)) return "";
      return absl::StrCat("strconv.ParseInt: parsing \"", value, "\": invalid syntax");
    case Kind::Float:
      if (absl::SimpleAtod(value, &fraction)) return "";
      return absl::StrCat("strconv.ParseFloat: parsing \"", value, "\": invalid syntax");
    case Kind::Duration:
      if (value == "0") return "";
      if (value.empty() || value.find_first_not_of("0123456789.hmsun-") != std::string::npos)
        return absl::StrCat("time: invalid duration \"", value, "\"");
      if (!absl::EndsWith(value, "s") && !absl::EndsWith(value, "m") && !absl::EndsWith(value, "h"))
        return absl::StrCat("time: missing unit in duration \"", value, "\"");
      return "";
    case Kind::Text:
      return "";
  }
  return "";
}

}  // namespace

absl::StatusOr<Flags> ParseFlags(const std::vector<std::string>& arguments) {
  Flags flags;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (!absl::StartsWith(argument, "--"))
      return absl::InvalidArgumentError(
          absl::StrCat("\"kube-apiserver\" does not take any arguments, got [\"", argument, "\"]"));
    const size_t equals = argument.find('=');
    const std::string name = argument.substr(2, equals == std::string::npos ? equals : equals - 2);
    const auto known = Known().find(name);
    if (known == Known().end())
      return absl::InvalidArgumentError(absl::StrCat("unknown flag: --", name));
    std::string value;
    if (equals != std::string::npos) {
      value = argument.substr(equals + 1);
    } else if (known->second == Kind::Bool) {
      value = "true";
    } else if (i + 1 < arguments.size()) {
      value = arguments[++i];
    } else {
      return absl::InvalidArgumentError(absl::StrCat("flag needs an argument: --", name));
    }
    if (const std::string complaint = Complaint(known->second, value); !complaint.empty())
      return absl::InvalidArgumentError(
          absl::StrCat("invalid argument \"", value, "\" for \"--", name, "\" flag: ", complaint));
    flags[name] = value;
  }
  return flags;
}

std::string FlagOr(const Flags& flags, const std::string& name, const std::string& otherwise) {
  const auto found = flags.find(name);
  return found == flags.end() ? otherwise : found->second;
}

bool BoolFlag(const Flags& flags, const std::string& name, bool otherwise) {
  bool value = otherwise;
  const auto found = flags.find(name);
  if (found != flags.end() && !ParseBool(found->second, &value)) return otherwise;
  return value;
}

}  // namespace belay::standin
