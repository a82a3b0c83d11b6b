#include "server/fleet/duty.h"

namespace belay::fleet {
namespace {

// Its rollout has not begun, or not once more: what begins it.
Duty Begin(const State& fleet, Duty how) {
  switch (fleet.phase) {
    case v1::ROLLOUT_PHASE_RUNNING:
      return how;
    case v1::ROLLOUT_PHASE_STOPPING:
      return Duty::ReportHeldBack;
    default:
      return Duty::Nothing;
  }
}

Duty OfEnded(const State& fleet, const Child& child) {
  if (child.phase == v1::ROLLOUT_PHASE_COMPLETED) return Duty::ReportCompleted;
  const bool held_back =
      fleet.phase == v1::ROLLOUT_PHASE_STOPPING && child.stop_cause == v1::STOP_CAUSE_ABORTED;
  return held_back ? Duty::ReportHeldBack : Duty::ReportFallen;
}

}  // namespace

Duty DutyOf(const State& fleet, const ClusterProgress& cluster, const Child& child) {
  if (cluster.phase != v1::CLUSTER_PHASE_RUNNING) return Duty::Nothing;
  if (!child.exists) return Begin(fleet, Duty::Start);
  if (!child.readable) return Duty::ReportFallen;
  if (child.attempt < cluster.attempt) return Begin(fleet, Duty::Retry);
  switch (child.phase) {
    case v1::ROLLOUT_PHASE_COMPLETED:
    case v1::ROLLOUT_PHASE_STOPPED:
      return OfEnded(fleet, child);
    case v1::ROLLOUT_PHASE_STOPPING:
      return Duty::Nothing;
    default:
      break;
  }
  switch (fleet.phase) {
    case v1::ROLLOUT_PHASE_STOPPING:
      return Duty::Abort;
    case v1::ROLLOUT_PHASE_PAUSED:
      return child.phase == v1::ROLLOUT_PHASE_RUNNING ? Duty::Pause : Duty::Nothing;
    case v1::ROLLOUT_PHASE_RUNNING:
      return child.phase == v1::ROLLOUT_PHASE_PAUSED && child.paused_by_fleet ? Duty::Resume
                                                                              : Duty::Nothing;
    default:
      return Duty::Nothing;
  }
}

}  // namespace belay::fleet
