// Which nodes there are, and what each was last heard to be.  A value with rules, pure: every time
// is told by the caller.  `boot_ns` is the coordinator's own BootNowNs.  A node's clock is used
// only to tell how late its words came: the least late ones of a stream show how far the two are
// apart.
//
// One thread.  What a superseded session says is ignored: each session has a number, higher is
// newer.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "belay/v1/agent_link.pb.h"
#include "common/base/ids.h"

namespace belay::registry {

// A node that was told to begin a run, until its end is known or nothing of it can begin any more.
struct Begun {
  std::string rollout_id;
  std::string run;            // what tells this run from every other, as text
  std::uint64_t session = 0;  // over which it was told
  std::string boot_id;
  std::int64_t until_boottime_ns = 0;  // the node's clock; it begins nothing after that
};

struct Node {
  NodeId id;
  std::uint64_t session = 0;  // 0: not connected
  std::string agent_version;
  v1::NodeStatus status;           // as of last_seen
  std::int64_t heard_boot_ns = 0;  // when status came; meaningful while connected
  std::int64_t sent_boot_ns = 0;   // when it was sent, as near as can be told; never later
  std::int64_t last_seen_unix_ms = 0;
  bool emergency = false;  // by its journal; known while disconnected too
  std::string emergency_reason;
  std::optional<Begun> begun;
  // The coordinator's clock minus the node's by the least late status of this stream and boot.
  std::optional<std::int64_t> offset_ns;
  // By how much the node's wall clock was ahead of the coordinator's when it sent its last status;
  // nothing when it does not tell.
  std::optional<std::int64_t> clock_ahead_ms;

  bool connected() const { return session != 0; }
  // By its journal or by its own word, whichever is worse.
  bool in_emergency() const { return emergency || (connected() && status.emergency()); }
};

struct Freshness {
  std::int64_t heartbeat_ns = 0;  // a status older than three of them is no status
  // How old the node's own look at its API server may be, or three heartbeats if that is more.
  double readiness_age_seconds = 0;
  // Clocks further apart than this make certificates, plans' windows and logs lie.
  std::int64_t clock_skew_ms = 30'000;
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
  // Before the node is told.  It is not ready until it ended this run, or has said that it is free
  // when nothing of what it was told can begin any more.
  void ToldToBegin(const NodeId& id, Begun begun);
  void RunEnded(const NodeId& id, const std::string& run);

  const Node* Find(const NodeId& id) const;                // null: not enrolled
  std::vector<Node> Of(const std::string& cluster) const;  // by name; empty cluster: all
  // Connected, heard lately, free, API server ready by a fresh look, not in emergency.
  bool IsReady(const Node& node, std::int64_t boot_ns) const;
  std::set<std::string> Ready(const std::string& cluster, std::int64_t boot_ns) const;
  // The one connected node that says it leads etcd; empty when there is none or more than one.
  std::string Leader(const std::string& cluster) const;
  // As Leader, of the virtual address of its API servers.
  std::string VirtualAddressHolder(const std::string& cluster) const;
  // Why IsReady is false, in words; empty when it is true.
  std::string WhyNotReady(const Node& node, std::int64_t boot_ns) const;
  // Its words come so late that a new stream is better than waiting for this one.
  bool IsLate(const Node& node) const;

 private:
  // The one connected node whose status says so; empty when there is none or more than one.
  std::string TheOnly(const std::string& cluster, bool (*says)(const v1::NodeStatus& status)) const;

  const Freshness freshness_;
  std::map<NodeId, Node> nodes_;  // in order of the clusters
};

}  // namespace belay::registry
