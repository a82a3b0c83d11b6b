// In which order the nodes of one cluster are rolled out, and why, in words.  Pure.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/registry/registry.h"

namespace belay::registry {

struct Order {
  std::vector<std::string> nodes;
  std::string reason;
};

// Without `wanted`: all nodes by name; where exactly one node says so, the holder of the virtual
// address late and the etcd leader last.
// With it: exactly as wanted; nodes left out are not touched.  INVALID_ARGUMENT for a name that is
// not of this cluster or comes twice, FAILED_PRECONDITION for a cluster without nodes.
absl::StatusOr<Order> OrderOf(const std::string& cluster, const std::vector<Node>& nodes,
                              const std::vector<std::string>& wanted);

// The nodes that are not in it, by name.
std::vector<std::string> LeftOut(const std::vector<std::string>& order,
                                 const std::vector<Node>& nodes);
// Says of those that they are not touched but must stay ready; nothing where there are none.
void MentionLeftOut(const std::vector<Node>& nodes, Order* order);

}  // namespace belay::registry
