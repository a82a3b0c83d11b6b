// Labels of things, as Kubernetes has them: a key, with or without a prefix, and a value.  Pure.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace belay {

using Labels = std::map<std::string, std::string>;

// A name of at most 63 letters, digits, - _ . that begins and ends with a letter or digit; before
// it, perhaps, a DNS name of at most 253 characters and a slash.
absl::Status CheckLabelKey(std::string_view key);
// Empty, or such a name without a prefix.
absl::Status CheckLabelValue(std::string_view value);

std::string LabelsText(const Labels& labels);  // "env=prod,tier=gold"; "-" when there is none

}  // namespace belay
