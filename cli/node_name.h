// CLUSTER/NODE, as verbs about one node take it.
#pragma once
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace belay {

struct NodeName {
  std::string cluster;
  std::string node;
};

inline absl::StatusOr<NodeName> ParseNodeName(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == text.size()) {
    return absl::InvalidArgumentError(absl::StrCat("'", text, "' must be CLUSTER/NODE"));
  }
  return NodeName{text.substr(0, slash), text.substr(slash + 1)};
}

}  // namespace belay
