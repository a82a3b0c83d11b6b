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
  return Order{wanted, "as given"};
}

}  // namespace

absl::StatusOr<Order> OrderOf(const std::string& cluster, const std::vector<Node>& nodes,
                              const std::vector<std::string>& wanted) {
  std::vector<std::string> names;
  std::vector<std::string> leaders;
  std::vector<std::string> holders;  // of the virtual address
  bool all_told = true;
  for (const Node& node : nodes) {
    names.push_back(node.id.node);
    if (node.connected() && node.status.holds_virtual_address()) holders.push_back(node.id.node);
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
  if (!wanted.empty()) {
    absl::StatusOr<Order> order = AsWanted(cluster, names, wanted);
    if (order.ok()) MentionLeftOut(nodes, &*order);
    return order;
  }
  std::string by = "by name";
  const auto goes_last = [&names](const std::string& name) {
    names.erase(std::find(names.begin(), names.end(), name));
    names.push_back(name);
  };
  if (holders.size() == 1 && holders != leaders) {
    goes_last(holders[0]);
    absl::StrAppend(&by, ", ", holders[0], " late because it holds the virtual address");
  }
  if (leaders.size() == 1) {
    goes_last(leaders[0]);
    return Order{names, absl::StrCat(by, ", etcd leader ", leaders[0], " last")};
  }
  if (leaders.size() > 1) {
    return Order{names, absl::StrCat(by, "; ", absl::StrJoin(leaders, " and "),
                                     " both say they lead etcd, so neither is moved")};
  }
  return Order{names, absl::StrCat(by, all_told ? "; no node says it leads etcd"
                                                : "; the etcd leader is not known")};
}

std::vector<std::string> LeftOut(const std::vector<std::string>& order,
                                 const std::vector<Node>& nodes) {
  std::vector<std::string> names;
  for (const Node& node : nodes) {
    if (std::find(order.begin(), order.end(), node.id.node) == order.end()) {
      names.push_back(node.id.node);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

void MentionLeftOut(const std::vector<Node>& nodes, Order* order) {
  const std::vector<std::string> names = LeftOut(order->nodes, nodes);
  if (names.empty()) return;
  absl::StrAppend(&order->reason,
                  "; not touched, but must stay ready: ", absl::StrJoin(names, ", "));
}

}  // namespace belay::registry
