// What the coordinator owes one cluster of a fleet rollout now, told from durable state alone: the
// fleet's and that of the cluster's own rollout.  Done after every event and again after a crash,
// until there is nothing left to do.  Pure.
#pragma once
#include <cstdint>
#include <string>

#include "server/fleet/engine.h"

namespace belay::fleet {

// The rollout of one cluster as the fleet sees it.
struct Child {
  bool exists = false;
  bool readable = true;
  v1::RolloutPhase phase = v1::ROLLOUT_PHASE_UNSPECIFIED;
  std::uint32_t attempt = 1;     // of the fleet: that it was started or last retried for
  bool paused_by_fleet = false;  // and not by an operator of its own
  v1::StopCause stop_cause = v1::STOP_CAUSE_UNSPECIFIED;
};

enum class Duty {
  Nothing,
  Start,
  Retry,
  Pause,
  Resume,
  Abort,
  ReportCompleted,  // tell the fleet how it ended
  ReportFallen,
  ReportHeldBack,
};

Duty DutyOf(const State& fleet, const ClusterProgress& cluster, const Child& child);

}  // namespace belay::fleet
