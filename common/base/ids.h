// Names that must not be mixed up.  Values only; validation is in IsValidName.
#pragma once
#include <compare>
#include <string>
#include <string_view>

namespace belay {

struct NodeId {
  std::string cluster;
  std::string node;
  auto operator<=>(const NodeId&) const = default;
};

// DNS label rules (RFC 1123): lower-case letters, digits, '-' and '.', 1 to 63 characters,
// beginning and ending with a letter or digit.  Cluster, node, operator and plan names follow them,
// which also keeps control characters and path separators out of logs, URIs and file names.
bool IsValidName(std::string_view name);

}  // namespace belay
