// What the store keeps, as values.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "belay/v1/agent_link.pb.h"
#include "belay/v1/fleet.pb.h"
#include "belay/v1/journal.pb.h"
#include "belay/v1/plan.pb.h"
#include "belay/v1/rollout.pb.h"
#include "common/base/ids.h"

namespace belay::store {

struct NodeRow {
  NodeId id;
  std::string agent_version;
  v1::NodeStatus status;               // as of last_seen
  std::int64_t last_seen_unix_ms = 0;  // 0: never
};

struct OperatorCertificateRow {
  std::string sha256;  // of the DER
  std::string operator_name;
  std::string pem;
  std::int64_t issued_unix = 0;
  std::int64_t not_after_unix = 0;
};

struct TrailEnd {
  std::uint64_t number = 0;  // of the last record; 0: there is none
  std::string hash;
};

struct EmergencyRow {
  NodeId id;
  std::string reason;
  std::int64_t since_unix_ms = 0;
};

struct ClearRequestRow {
  std::string id;
  NodeId node;
  std::string reason;
  std::string operator_name;
  std::int64_t requested_unix_ms = 0;
};

struct RolloutRow {
  std::string id;
  std::string cluster;
  std::string plan_name;
  std::string plan_digest;
  v1::SignedPlan plan;
  std::vector<std::string> order;
  std::string order_reason;
  std::string started_by;
  std::string request_id;
  std::int64_t started_unix_ms = 0;
  std::int64_t finished_unix_ms = 0;  // 0: runs
  v1::RolloutOptions options;
  std::string reverts;     // id of the rollout that this one puts back; else empty
  std::string fleet;       // id of the fleet rollout that it is part of; else empty
  std::string unreadable;  // why, when a part of it cannot be read; else empty
};

struct EventRow {
  std::uint64_t seq = 0;  // 1, 2, 3 ... per rollout
  v1::RolloutEvent event;
  std::string state_digest;  // of the state after it
};

struct FleetRow {
  std::string id;
  std::string plan_name;
  std::string plan_digest;
  v1::SignedPlan plan;
  v1::FleetStarted definition;
  std::string started_by;
  std::string request_id;
  std::int64_t started_unix_ms = 0;
  std::int64_t finished_unix_ms = 0;  // 0: runs
  std::string unreadable;             // why, when a part of it cannot be read; else empty
};

struct FleetEventRow {
  std::uint64_t seq = 0;  // 1, 2, 3 ... per fleet rollout
  v1::FleetEvent event;
  std::string state_digest;  // of the state after it
};

struct RecordRow {
  std::string node;
  std::string journal_id;
  v1::Record record;
  std::int64_t received_unix_ms = 0;
};

// The numbers of records that a node may choose; above them SQLite's signed ones begin to lie.
inline constexpr std::uint64_t kMostRecords = std::uint64_t{1} << 53;

enum class Added {
  New,
  Duplicate,
  Gap,       // records before it are missing; nothing was taken
  Conflict,  // another record with that number is held; nothing was taken
};

}  // namespace belay::store
