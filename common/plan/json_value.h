// A YAML value of a plan as canonical JSON: no spaces, the keys of maps in the order of their
// bytes, numbers as they were written, text in UTF-8 with only what must be escaped.  What readers
// of YAML disagree about (yes, 010, 1:30, 2001-01-01 without quotes) is a mistake, never a guess.
// Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/plan/compile.h"
#include "common/plan/yaml_tree.h"

namespace belay {

// Adds to `mistakes`, with places, what has no certain meaning; then the text means nothing.
std::string JsonOfYaml(const YamlNode& node, std::vector<Mistake>& mistakes);

// Is this exactly the text that JsonOfYaml writes for some value?
bool IsCanonicalJson(std::string_view text);

}  // namespace belay
