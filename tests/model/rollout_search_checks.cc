// What is asked of every world that the search reaches, beside the engine's own invariants.
#include "tests/model/rollout_search.h"

namespace belay::rollout::model {

// The world's promise of I5 and I6, and of the barrier between two phases, told from the nodes'
// truth and not from the engine's beliefs.
void Search::CheckBeginning(const ModelWorld& world, const Message& execute) {
  const int node = execute.node;
  const unsigned phase = execute.phase;
  const bool up = world.memory.first_phase <= world.memory.last_phase;
  const unsigned before = phase == world.memory.first_phase ? 0 : (up ? phase - 1 : phase + 1);
  // One that was called silent may have committed, and a retry has it begin once more.
  const unsigned own = world.at(node).committed;
  if (own != before && own != phase) Violation("a node left a phase of its own out");
  for (int other = 0; other < kNodes; ++other) {
    if (other == node) continue;
    const NodeTruth& of = world.at(other);
    if (of.truth == Truth::Running) Violation("two nodes are being changed at once");
    if (HasFallen(of.truth)) Violation("a node began although another has fallen");
    if (of.committed != before && of.committed != phase) {
      Violation("a phase began on a node before the one before it was committed on every node");
    }
    if (other < node && (of.truth != Truth::Committed || of.phase != phase)) {
      Violation("a node began before its turn");
    }
  }
  if (HasEnded(world.memory)) {
    Violation("a node began after the end of the rollout was recorded");
  }
  for (const NodeProgress& progress : world.memory.nodes) {
    if (IndexOf(progress.name) == node &&
        (!IsInFlight(progress.phase) || world.memory.plan_phase != phase)) {
      Violation("a node began that the journal does not have in flight");
    }
  }
}

// Whatever is awaited comes by itself, or a timer ends the waiting.
void Search::CheckWatched(const ModelWorld& world) {
  const State& state = world.memory;
  if (HasEnded(state)) return;
  if (state.has_deadline && !world.deadline_timer) Violation("the deadline is not watched");
  bool in_flight = false;
  for (const NodeProgress& node : state.nodes) {
    if (!IsInFlight(node.phase)) continue;
    in_flight = true;
    if (!world.silence_timer[static_cast<std::size_t>(IndexOf(node.name))]) {
      Violation("a node is in flight and nobody watches it: no timer is armed");
    }
  }
  if (state.phase != v1::ROLLOUT_PHASE_RUNNING || in_flight) return;
  if (!state.hold.empty() && state.soaking.empty()) {
    // It can last for days, so nobody is to be called late meanwhile.
    if (world.readiness_timer != std::array<bool, kNodes>{}) Violation("held, and called late");
    return;
  }
  using Timers = std::array<bool, kNodes>;
  if (world.readiness_timer == Timers{} && world.soak_timer == Timers{}) {
    Violation("the rollout runs and nobody watches it: no timer is armed");
  }
}

}  // namespace belay::rollout::model
