// A label selector in kubectl's syntax: a=b, a==b, a!=b, a in (x,y), a notin (x,y), a, !a, with
// commas that mean "and".  Pure.
//
// As in Kubernetes, != and notin also take what does not have the label at all.
#pragma once
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/select/labels.h"

namespace belay {

struct Requirement {
  enum class Operator { In, NotIn, Exists, DoesNotExist };
  std::string key;
  Operator op = Operator::Exists;
  std::set<std::string> values;  // of In and NotIn; at least one
  bool operator==(const Requirement&) const = default;
};
using Selector = std::vector<Requirement>;  // all must hold

// INVALID_ARGUMENT says what is wrong and at which character, counted from 1.  An empty text is
// refused: in a tool that changes clusters it is more likely a mistake than "all of them".
absl::StatusOr<Selector> ParseSelector(std::string_view text);
bool Matches(const Selector& selector, const Labels& labels);

}  // namespace belay
