#include "server/registry/registry.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace belay::registry {
namespace {

// Two clocks that are kept by NTP part by at most this: 1 in 2000.
constexpr std::int64_t kDrift = 2000;
// What a node says of its clock is not trusted to be a sane number.
constexpr std::int64_t kLongestBootNs = std::int64_t{100} * 365 * 86400 * 1'000'000'000;
constexpr std::int64_t kLatestUnixMs = std::int64_t{1} << 50;
constexpr std::int64_t kMillisecondNs = 1'000'000;

}  // namespace

void Registry::Learn(Node node) { nodes_.try_emplace(node.id, node); }

void Registry::Connected(const NodeId& id, std::uint64_t session,
                         const std::string& agent_version) {
  const auto it = nodes_.find(id);
  if (it == nodes_.end() || session <= it->second.session) return;
  it->second.session = session;
  it->second.agent_version = agent_version;
  it->second.status = v1::NodeStatus();
  it->second.offset_ns.reset();
}

void Registry::Disconnected(const NodeId& id, std::uint64_t session) {
  const auto it = nodes_.find(id);
  if (it != nodes_.end() && it->second.session == session) it->second.session = 0;
}

bool Registry::Heard(const NodeId& id, std::uint64_t session, const v1::NodeStatus& status,
                     std::int64_t boot_ns, std::int64_t unix_ms) {
  const auto it = nodes_.find(id);
  if (it == nodes_.end() || session == 0 || it->second.session != session) return false;
  Node& node = it->second;
  const std::int64_t boottime_ns =
      std::clamp(status.boottime_ns(), std::int64_t{0}, kLongestBootNs);
  const std::int64_t apart = boot_ns - boottime_ns;
  if (!node.offset_ns || status.boot_id() != node.status.boot_id()) {
    node.offset_ns = apart;
  } else {
    node.offset_ns = std::min(apart, *node.offset_ns + (boot_ns - node.heard_boot_ns) / kDrift);
  }
  node.sent_boot_ns = boot_ns - (apart - *node.offset_ns);
  node.status = status;
  node.status.set_boottime_ns(boottime_ns);
  node.clock_ahead_ms.reset();
  if (const std::int64_t told = status.wall_unix_ms(); told > 0 && told < kLatestUnixMs) {
    node.clock_ahead_ms = told - (unix_ms - (boot_ns - node.sent_boot_ns) / kMillisecondNs);
  }
  node.heard_boot_ns = boot_ns;
  node.last_seen_unix_ms = unix_ms;
  if (node.begun && status.activity() == v1::NodeStatus::ACTIVITY_FREE &&
      (session != node.begun->session || status.boot_id() != node.begun->boot_id ||
       boottime_ns >= node.begun->until_boottime_ns)) {
    node.begun.reset();
  }
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

void Registry::ToldToBegin(const NodeId& id, Begun begun) {
  const auto it = nodes_.find(id);
  if (it != nodes_.end()) it->second.begun = std::move(begun);
}

void Registry::RunEnded(const NodeId& id, const std::string& run) {
  const auto it = nodes_.find(id);
  if (it != nodes_.end() && it->second.begun && it->second.begun->run == run) {
    it->second.begun.reset();
  }
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
  const std::int64_t age_ns = boot_ns - node.sent_boot_ns;
  if (age_ns > 3 * freshness_.heartbeat_ns) {
    return absl::StrCat("its last word is ", age_ns / 1'000'000, " ms old");
  }
  if (node.in_emergency()) return "in emergency stop";
  switch (node.status.activity()) {
    case v1::NodeStatus::ACTIVITY_FREE:
      break;
    case v1::NodeStatus::ACTIVITY_OCCUPIED:
      return absl::StrCat("it is carrying out ",
                          node.status.busy_with().empty() ? "a command" : node.status.busy_with());
    default:  // secure by default: neither an agent that does not say nor a word from a newer one
      return "its agent does not say whether it is changing something; update belay-agent there";
  }
  if (node.begun) {
    return absl::StrCat("it was told to begin ", node.begun->rollout_id,
                        " and has not said since that it is free");
  }
  if (node.clock_ahead_ms && std::abs(*node.clock_ahead_ms) > freshness_.clock_skew_ms) {
    return absl::StrCat("its clock is ", std::abs(*node.clock_ahead_ms) / 1000, " s ",
                        *node.clock_ahead_ms > 0 ? "ahead of" : "behind",
                        " the coordinator's; see to its time synchronisation");
  }
  if (node.status.holds_size() > 0) return absl::StrJoin(node.status.holds(), "; ");
  if (!node.status.ready()) {
    return node.status.not_ready_reason().empty() ? "its API server is not ready"
                                                  : node.status.not_ready_reason();
  }
  const double age = node.status.readiness_age_seconds() + static_cast<double>(age_ns) / 1e9;
  const double most = std::max(freshness_.readiness_age_seconds,
                               3 * static_cast<double>(freshness_.heartbeat_ns) / 1e9);
  // Written so that a NaN is refused.
  if (!(node.status.readiness_age_seconds() >= 0 && age <= most)) {
    return "its look at its API server is too old";
  }
  return "";
}

bool Registry::IsReady(const Node& node, std::int64_t boot_ns) const {
  return WhyNotReady(node, boot_ns).empty();
}

std::string Registry::TheOnly(const std::string& cluster,
                              bool (*says)(const v1::NodeStatus& status)) const {
  std::string only;
  for (auto it = nodes_.lower_bound({cluster, ""});
       it != nodes_.end() && it->first.cluster == cluster; ++it) {
    const Node& node = it->second;
    if (!node.connected() || !says(node.status)) continue;
    if (!only.empty()) return "";
    only = node.id.node;
  }
  return only;
}

std::string Registry::Leader(const std::string& cluster) const {
  return TheOnly(cluster, [](const v1::NodeStatus& status) {
    return status.etcd() == v1::NodeStatus::LEADER;
  });
}

std::string Registry::VirtualAddressHolder(const std::string& cluster) const {
  return TheOnly(cluster,
                 [](const v1::NodeStatus& status) { return status.holds_virtual_address(); });
}

bool Registry::IsLate(const Node& node) const {
  return node.heard_boot_ns - node.sent_boot_ns > 3 * freshness_.heartbeat_ns;
}

std::set<std::string> Registry::Ready(const std::string& cluster, std::int64_t boot_ns) const {
  std::set<std::string> ready;
  for (auto it = nodes_.lower_bound({cluster, ""});
       it != nodes_.end() && it->first.cluster == cluster; ++it) {
    if (IsReady(it->second, boot_ns)) ready.insert(it->first.node);
  }
  return ready;
}

}  // namespace belay::registry
