// Which nodes there are, and what each was last heard to be.  A value with rules, pure: every time
// is told by the caller.  `boot_ns` is the coordinator's own BootNowNs, never a node's clock.
//
// One thread.  What a superseded session says is ignored: each session has a number, higher is
// newer.
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "belay/v1/agent_link.pb.h"
#include "common/base/ids.h"

namespace belay::registry {

struct Node {
  NodeId id;
  std::uint64_t session = 0;  // 0: not connected
  std::string agent_version;
  v1::NodeStatus status;           // as of last_seen
  std::int64_t heard_boot_ns = 0;  // when status came; meaningful while connected
  std::int64_t last_seen_unix_ms = 0;
  bool emergency = false;  // by its journal; known while disconnected too
  std::string emergency_reason;

  bool connected() const { return session != 0; }
  // By its journal or by its own word, whichever is worse.
  bool in_emergency() const { return emergency || (connected() && status.emergency()); }
};

struct Freshness {
  std::int64_t heartbeat_ns = 0;     // a status older than three of them is no status
  double readiness_age_seconds = 0;  // how old the node's own look at its API server may be
};

class Registry {
 public:
  explicit Registry(Freshness freshness) : freshness_(freshness) {}

  void Learn(Node node);  // an enrolled node; keeps what is already known of it
  void Connected(const NodeId& id, std::uint64_t session, const std::string& agent_version);
  void Disconnected(const NodeId& id, std::uint64_t session);
  // False when `session` is not the node's live one.
  bool Heard(const NodeId& id, std::uint64_t session, const v1::NodeStatus& status,
             std::int64_t boot_ns, std::int64_t unix_ms);
  void SetEmergency(const NodeId& id, const std::string& reason);
  void EndEmergency(const NodeId& id);

  const Node* Find(const NodeId& id) const;                // null: not enrolled
  std::vector<Node> Of(const std::string& cluster) const;  // by name; empty cluster: all
  // Connected, heard lately, API server ready by a fresh look, not in emergency.
  bool IsReady(const Node& node, std::int64_t boot_ns) const;
  std::set<std::string> Ready(const std::string& cluster, std::int64_t boot_ns) const;
  // Why IsReady is false, in words; empty when it is true.
  std::string WhyNotReady(const Node& node, std::int64_t boot_ns) const;

 private:
  const Freshness freshness_;
  std::map<NodeId, Node> nodes_;
};

}  // namespace belay::registry
