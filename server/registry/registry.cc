#include "server/registry/registry.h"

#include "absl/strings/str_cat.h"

namespace belay::registry {

void Registry::Learn(Node node) { nodes_.try_emplace(node.id, node); }

void Registry::Connected(const NodeId& id, std::uint64_t session,
                         const std::string& agent_version) {
  const auto it = nodes_.find(id);
  if (it == nodes_.end() || session <= it->second.session) return;
  it->second.session = session;
  it->second.agent_version = agent_version;
  it->second.status = v1::NodeStatus();
}

void Registry::Disconnected(const NodeId& id, std::uint64_t session) {
  const auto it = nodes_.find(id);
  if (it != nodes_.end() && it->second.session == session) it->second.session = 0;
}

bool Registry::Heard(const NodeId& id, std::uint64_t session, const v1::NodeStatus& status,
                     std::int64_t boot_ns, std::int64_t unix_ms) {
  const auto it = nodes_.find(id);
  if (it == nodes_.end() || session == 0 || it->second.session != session) return false;
  it->second.status = status;
  it->second.heard_boot_ns = boot_ns;
  it->second.last_seen_unix_ms = unix_ms;
  return true;
}

void Registry::SetEmergency(const NodeId& id, const std::string& reason) {
  const auto it = nodes_.find(id);
  if (it == nodes_.end()) return;
  it->second.emergency = true;
  it->second.emergency_reason = reason;
}

void Registry::EndEmergency(const NodeId& id) {
  const auto it = nodes_.find(id);
  if (it == nodes_.end()) return;
  it->second.emergency = false;
  it->second.emergency_reason.clear();
}

const Node* Registry::Find(const NodeId& id) const {
  const auto it = nodes_.find(id);
  return it == nodes_.end() ? nullptr : &it->second;
}

std::vector<Node> Registry::Of(const std::string& cluster) const {
  std::vector<Node> nodes;
  for (const auto& [id, node] : nodes_) {
    if (cluster.empty() || id.cluster == cluster) nodes.push_back(node);
  }
  return nodes;
}

std::string Registry::WhyNotReady(const Node& node, std::int64_t boot_ns) const {
  if (!node.connected()) return "not connected";
  if (boot_ns - node.heard_boot_ns > 3 * freshness_.heartbeat_ns) {
    return absl::StrCat("not heard for ", (boot_ns - node.heard_boot_ns) / 1'000'000, " ms");
  }
  if (node.in_emergency()) return "in emergency stop";
  if (!node.status.ready()) {
    return node.status.not_ready_reason().empty() ? "its API server is not ready"
                                                  : node.status.not_ready_reason();
  }
  // Written so that a NaN is refused.
  if (!(node.status.readiness_age_seconds() >= 0 &&
        node.status.readiness_age_seconds() <= freshness_.readiness_age_seconds)) {
    return "its look at its API server is too old";
  }
  return "";
}

bool Registry::IsReady(const Node& node, std::int64_t boot_ns) const {
  return WhyNotReady(node, boot_ns).empty();
}

std::set<std::string> Registry::Ready(const std::string& cluster, std::int64_t boot_ns) const {
  std::set<std::string> ready;
  for (const auto& [id, node] : nodes_) {
    if (id.cluster == cluster && IsReady(node, boot_ns)) ready.insert(id.node);
  }
  return ready;
}

}  // namespace belay::registry
