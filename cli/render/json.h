// Protobuf messages as JSON and YAML for other programs.  JSON is protobuf's own mapping:
// camelCase, enums by name, 64-bit integers as strings, fields without a value included.  YAML is
// the same data, keys in alphabetical order, every string in quotes.  Documented in docs/json.md.
// Pure.
#pragma once
#include <google/protobuf/message.h>

#include <string>

#include "absl/status/statusor.h"

namespace belay {

std::string ToJson(const google::protobuf::Message& message);      // indented, ends with a newline
std::string ToJsonLine(const google::protobuf::Message& message);  // one line with its newline
absl::StatusOr<std::string> JsonToYaml(const std::string& json);   // of a JSON object

}  // namespace belay
