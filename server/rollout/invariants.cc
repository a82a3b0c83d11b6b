#include "server/rollout/invariants.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace belay::rollout {
namespace {

bool InFlight(v1::NodePhase phase) {
  return phase == v1::NODE_PHASE_DISPATCHED || phase == v1::NODE_PHASE_IN_PROGRESS;
}

// What a node's phase may become.  A late word from a silent node is allowed; nothing else goes
// back.
bool MayBecome(v1::NodePhase from, v1::NodePhase to) {
  if (from == to) return true;
  switch (from) {
    case v1::NODE_PHASE_WAITING:
      return to == v1::NODE_PHASE_DISPATCHED;
    case v1::NODE_PHASE_DISPATCHED:
      return to != v1::NODE_PHASE_WAITING;
    case v1::NODE_PHASE_IN_PROGRESS:
      return to != v1::NODE_PHASE_WAITING && to != v1::NODE_PHASE_DISPATCHED;
    case v1::NODE_PHASE_SILENT:
      return to != v1::NODE_PHASE_WAITING && !InFlight(to);
    default:
      return false;
  }
}

}  // namespace

std::optional<std::string> BrokenInvariant(const State& state) {
  int in_flight = 0;
  bool all_before_committed = true;
  bool all_committed = true;
  const NodeProgress* first_waiting = nullptr;
  for (const NodeProgress& node : state.nodes) {
    if (InFlight(node.phase)) ++in_flight;
    if (node.phase != v1::NODE_PHASE_WAITING && !all_before_committed &&
        state.phase == v1::ROLLOUT_PHASE_RUNNING) {
      return absl::StrCat(node.name, " has begun although a node before it has not committed");
    }
    if (node.phase != v1::NODE_PHASE_COMMITTED) all_before_committed = all_committed = false;
    if (first_waiting == nullptr && node.phase == v1::NODE_PHASE_WAITING) first_waiting = &node;
    if (state.phase == v1::ROLLOUT_PHASE_RUNNING && node.phase != v1::NODE_PHASE_WAITING &&
        node.phase != v1::NODE_PHASE_COMMITTED && !InFlight(node.phase)) {
      return absl::StrCat("the rollout runs on although ", node.name, " has fallen");
    }
  }
  if (in_flight > 1) return "two nodes are in flight at once";
  if (state.phase == v1::ROLLOUT_PHASE_COMPLETED && !all_committed) {
    return "completed with a node that has not committed";
  }
  const bool stopped = state.phase == v1::ROLLOUT_PHASE_STOPPED;
  if (stopped != (state.stop_cause != v1::STOP_CAUSE_UNSPECIFIED)) {
    return "stopped without a cause, or a cause without a stop";
  }
  if (stopped && in_flight > 0) return "stopped with a node in flight";
  if (!state.awaiting_readiness.empty() &&
      (state.phase != v1::ROLLOUT_PHASE_RUNNING || in_flight > 0 || first_waiting == nullptr ||
       first_waiting->name != state.awaiting_readiness)) {
    return "waits for readiness on behalf of a node that is not next";
  }
  return std::nullopt;
}

std::optional<std::string> BrokenTransition(const State& before, const v1::RolloutEvent& event,
                                            const Step& after) {
  const State& now = after.state;
  const bool was_terminal =
      before.phase == v1::ROLLOUT_PHASE_COMPLETED || before.phase == v1::ROLLOUT_PHASE_STOPPED;
  if (was_terminal && (now.phase != before.phase || now.stop_cause != before.stop_cause ||
                       now.stop_node != before.stop_node)) {
    return "an ended rollout has changed its end";
  }
  if (before.phase != v1::ROLLOUT_PHASE_UNSPECIFIED && before.nodes.size() != now.nodes.size()) {
    return "the list of nodes has changed";
  }
  int begun = 0;
  for (std::size_t i = 0; i < before.nodes.size(); ++i) {
    const NodeProgress& was = before.nodes[i];
    const NodeProgress& is = now.nodes[i];
    if (was.name != is.name) return "the order of nodes has changed";
    if (!MayBecome(was.phase, is.phase)) {
      return absl::StrCat(is.name, " went from phase ", static_cast<int>(was.phase), " to ",
                          static_cast<int>(is.phase));
    }
  }
  for (const NodeProgress& is : now.nodes) {
    const auto was = std::find_if(before.nodes.begin(), before.nodes.end(),
                                  [&](const NodeProgress& n) { return n.name == is.name; });
    const bool waited = was == before.nodes.end() || was->phase == v1::NODE_PHASE_WAITING;
    if (waited && is.phase != v1::NODE_PHASE_WAITING) {
      ++begun;
      if (was_terminal) return absl::StrCat(is.name, " began after the rollout had ended");
      if (!std::includes(now.ready.begin(), now.ready.end(), now.cluster.begin(),
                         now.cluster.end())) {
        return absl::StrCat(is.name, " began while a node of the cluster was not ready");
      }
    }
  }
  if (begun > 1) return "two nodes began at one event";
  if (event.has_recovered() && begun > 0)
    return "a recovery began a node on readiness from before the crash";
  for (const Action& action : after.actions) {
    if (action.kind != Action::Kind::Execute) continue;
    const auto is = std::find_if(now.nodes.begin(), now.nodes.end(),
                                 [&](const NodeProgress& n) { return n.name == action.node; });
    if (is == now.nodes.end() || !InFlight(is->phase)) {
      return absl::StrCat("a plan is sent to ", action.node,
                          ", which the journal does not know in flight");
    }
  }
  // Progress cannot stop: a running rollout always waits for a node in flight or for readiness.
  if (now.phase == v1::ROLLOUT_PHASE_RUNNING && now.awaiting_readiness.empty() &&
      std::none_of(now.nodes.begin(), now.nodes.end(),
                   [](const NodeProgress& n) { return InFlight(n.phase); })) {
    return "the rollout runs but waits for nothing";
  }
  return std::nullopt;
}

}  // namespace belay::rollout
