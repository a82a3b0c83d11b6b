// What a state says by itself.
#include <algorithm>

#include "server/rollout/engine.h"

namespace belay::rollout {

bool AllReady(const State& state) {
  return std::includes(state.ready.begin(), state.ready.end(), state.cluster.begin(),
                       state.cluster.end());
}

bool IsInFlight(v1::NodePhase phase) {
  return phase == v1::NODE_PHASE_DISPATCHED || phase == v1::NODE_PHASE_IN_PROGRESS;
}

int Lateness(const State& state, const std::string& node) {
  if (!state.leader.empty() && node == state.leader) return 2;
  return !state.address_holder.empty() && node == state.address_holder ? 1 : 0;
}

std::uint32_t NextPlanPhase(const State& state) {
  return state.last_phase > state.plan_phase ? state.plan_phase + 1 : state.plan_phase - 1;
}

std::uint32_t PlanPhaseBefore(const State& state) {
  if (state.plan_phase == state.first_phase) return 0;
  return state.plan_phase > state.first_phase ? state.plan_phase - 1 : state.plan_phase + 1;
}

bool HasEnded(const State& state) {
  return state.phase == v1::ROLLOUT_PHASE_COMPLETED || state.phase == v1::ROLLOUT_PHASE_STOPPED;
}

bool MayBeTold(const State& state, const NodeProgress& node) {
  if (HasEnded(state)) return false;
  if (node.phase == v1::NODE_PHASE_IN_PROGRESS) return true;
  return node.phase == v1::NODE_PHASE_DISPATCHED && state.phase == v1::ROLLOUT_PHASE_RUNNING &&
         state.hold.empty() && AllReady(state);
}

}  // namespace belay::rollout
