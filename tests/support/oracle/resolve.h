// What go-yaml v2 makes of a plain scalar without a tag, for values that become JSON.  Pure.
#pragma once
#include <string>
#include <string_view>

#include "tests/support/oracle/yaml_value.h"

namespace belay::oracle {

struct Resolved {
  Value::Kind kind;
  std::string text;  // "true"/"false" of booleans, "" of null, else as written
};
Resolved Resolve(std::string_view plain);

}  // namespace belay::oracle
