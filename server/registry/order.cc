#include "server/registry/order.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace belay::registry {
namespace {

absl::StatusOr<Order> AsWanted(const std::string& cluster, const std::vector<std::string>& names,
                               const std::vector<std::string>& wanted) {
  std::set<std::string> seen;
  for (const std::string& name : wanted) {
    if (!std::binary_search(names.begin(), names.end(), name)) {
      return absl::InvalidArgumentError(
          absl::StrCat("order: node '", name, "' is not enrolled in cluster ", cluster,
                       "; its nodes are ", absl::StrJoin(names, ", "), ". Nothing was started"));
    }
    if (!seen.insert(name).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("order: node '", name, "' is named twice. Nothing was started"));
    }
  }
  std::vector<std::string> left_out;
  for (const std::string& name : names) {
    if (seen.count(name) == 0) left_out.push_back(name);
  }
  Order order{wanted, "as given"};
  if (!left_out.empty()) {
    absl::StrAppend(&order.reason,
                    "; not touched, but must stay ready: ", absl::StrJoin(left_out, ", "));
  }
  return order;
}

}  // namespace

absl::StatusOr<Order> OrderOf(const std::string& cluster, const std::vector<Node>& nodes,
                              const std::vector<std::string>& wanted) {
  std::vector<std::string> names;
  std::vector<std::string> leaders;
  bool all_told = true;
  for (const Node& node : nodes) {
    names.push_back(node.id.node);
    if (!node.connected() || node.status.etcd() == v1::NodeStatus::LEADERSHIP_UNKNOWN) {
      all_told = false;
    } else if (node.status.etcd() == v1::NodeStatus::LEADER) {
      leaders.push_back(node.id.node);
    }
  }
  if (names.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("cluster ", cluster,
                     " has no enrolled nodes; enrol them first: belayctl token create "
                     "--cluster ",
                     cluster, " --node NAME"));
  }
  std::sort(names.begin(), names.end());
  if (!wanted.empty()) return AsWanted(cluster, names, wanted);
  if (leaders.size() == 1) {
    names.erase(std::find(names.begin(), names.end(), leaders[0]));
    names.push_back(leaders[0]);
    return Order{names, absl::StrCat("by name, etcd leader ", leaders[0], " last")};
  }
  if (leaders.size() > 1) {
    return Order{names, absl::StrCat("by name; ", absl::StrJoin(leaders, " and "),
                                     " both say they lead etcd, so neither is moved")};
  }
  return Order{names, all_told ? "by name; no node says it leads etcd"
                               : "by name; the etcd leader is not known"};
}

}  // namespace belay::registry
