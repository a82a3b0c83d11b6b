// Merging into comma lists as flags hold them ("A,B", "A=true,B=false").  Pure, on texts.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace belay {

// `values` are the flag's values in order of its uses; the answer has as many.  Elements of
// `remove` go from all of them; of `add`, "K=V" replaces the value of K where it stands, and what
// is nowhere is appended to the last.  Texts of untouched elements stay.
absl::StatusOr<std::vector<std::string>> MergeList(const std::vector<std::string>& values,
                                                   const std::vector<std::string>& add,
                                                   const std::vector<std::string>& remove);

}  // namespace belay
