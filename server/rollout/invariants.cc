#include "server/rollout/invariants.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "belay/v1/journal.pb.h"

namespace belay::rollout {
namespace {

bool GoesOn(v1::RolloutPhase phase) {
  return phase == v1::ROLLOUT_PHASE_RUNNING || phase == v1::ROLLOUT_PHASE_PAUSED ||
         phase == v1::ROLLOUT_PHASE_AWAITING_APPROVAL;
}

// What a node's phase may become.  A late word from a silent node is allowed; nothing else goes
// back, except that a retry gives what has fallen a new attempt.
bool MayBecome(const NodeProgress& was, const NodeProgress& is, bool retried) {
  const v1::NodePhase from = was.phase, to = is.phase;
  if (was.attempt != is.attempt) {
    return retried && is.attempt == was.attempt + 1 && from != v1::NODE_PHASE_WAITING &&
           from != v1::NODE_PHASE_COMMITTED && !IsInFlight(from) && to == v1::NODE_PHASE_WAITING;
  }
  if (from == to) return true;
  switch (from) {
    case v1::NODE_PHASE_WAITING:
      return to == v1::NODE_PHASE_DISPATCHED;
    case v1::NODE_PHASE_DISPATCHED:
      return to != v1::NODE_PHASE_WAITING;
    case v1::NODE_PHASE_IN_PROGRESS:
      return to != v1::NODE_PHASE_WAITING && to != v1::NODE_PHASE_DISPATCHED;
    case v1::NODE_PHASE_SILENT:
      return to != v1::NODE_PHASE_WAITING && !IsInFlight(to);
    default:
      return false;
  }
}

// The barrier, from the state alone: no node is in a phase that another may not be in yet.
std::optional<std::string> BrokenBarrier(const State& state) {
  const bool up = state.first_phase <= state.last_phase;
  const std::uint32_t low = up ? state.first_phase : state.last_phase;
  const std::uint32_t high = up ? state.last_phase : state.first_phase;
  if ((low == 0) != (high == 0) || state.plan_phase < low || state.plan_phase > high) {
    return "it is in a phase that is none of its plan's";
  }
  const std::uint32_t before = PlanPhaseBefore(state);
  for (const NodeProgress& node : state.nodes) {
    if (node.committed_phase != before && node.committed_phase != state.plan_phase) {
      return absl::StrCat("it is in phase ", state.plan_phase, " of the plan, but ", node.name,
                          " has not committed the one before");
    }
    if (state.plan_phase != 0 &&
        (node.phase == v1::NODE_PHASE_COMMITTED) != (node.committed_phase == state.plan_phase)) {
      return absl::StrCat("the phase that ", node.name, " has committed is not the one it is in");
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> BrokenInvariant(const State& state) {
  if (auto broken = BrokenBarrier(state)) return broken;
  int in_flight = 0;
  bool all_before_committed = true;
  bool all_committed = true;
  bool soaking_committed = state.soaking.empty();
  const NodeProgress* first_waiting = nullptr;
  for (const NodeProgress& node : state.nodes) {
    if (IsInFlight(node.phase)) ++in_flight;
    if (node.phase != v1::NODE_PHASE_WAITING && !all_before_committed && GoesOn(state.phase)) {
      return absl::StrCat(node.name, " has begun although a node before it has not committed");
    }
    if (node.phase != v1::NODE_PHASE_COMMITTED) all_before_committed = all_committed = false;
    if (first_waiting == nullptr && node.phase == v1::NODE_PHASE_WAITING) first_waiting = &node;
    if (GoesOn(state.phase) && node.phase != v1::NODE_PHASE_WAITING &&
        node.phase != v1::NODE_PHASE_COMMITTED && !IsInFlight(node.phase)) {
      return absl::StrCat("the rollout goes on although ", node.name, " has fallen");
    }
    soaking_committed |= node.name == state.soaking && node.phase == v1::NODE_PHASE_COMMITTED;
  }
  if (in_flight > 1) return "two nodes are in flight at once";
  if (state.phase == v1::ROLLOUT_PHASE_COMPLETED && !all_committed) {
    return "completed with a node that has not committed";
  }
  if (state.phase == v1::ROLLOUT_PHASE_COMPLETED && state.plan_phase != state.last_phase) {
    return "completed before the last phase of its plan";
  }
  const bool stopped = state.phase == v1::ROLLOUT_PHASE_STOPPED;
  const bool stopping = state.phase == v1::ROLLOUT_PHASE_STOPPING;
  if ((stopped || stopping) != (state.stop_cause != v1::STOP_CAUSE_UNSPECIFIED)) {
    return "stopped without a cause, or a cause without a stop";
  }
  if (stopped && in_flight > 0) return "stopped with a node in flight";
  if (stopping && in_flight == 0) return "being stopped although nothing is in flight";
  if (state.phase == v1::ROLLOUT_PHASE_AWAITING_APPROVAL && in_flight > 0) {
    return "a node is in flight that nobody has approved";
  }
  if (state.needs_approval && state.phase == v1::ROLLOUT_PHASE_RUNNING &&
      (state.approved_by.empty() || state.approved_by == state.submitter)) {
    return "it runs without the approval of somebody other than its submitter";
  }
  if ((state.phase == v1::ROLLOUT_PHASE_PAUSED) == state.paused_by.empty()) {
    return "paused by nobody, or somebody's pause is not kept";
  }
  if (!soaking_committed || (!state.soaking.empty() && !GoesOn(state.phase))) {
    return "a soak time runs after a node that has not committed, or after the end";
  }
  if (!state.awaiting_readiness.empty() &&
      (state.phase != v1::ROLLOUT_PHASE_RUNNING || in_flight > 0 || !state.hold.empty() ||
       first_waiting == nullptr || first_waiting->name != state.awaiting_readiness)) {
    return "waits for readiness on behalf of a node that is not next";
  }
  return std::nullopt;
}

namespace {

// By the event and the state before it, whatever the engine makes of them.
bool HadCommitted(const State& before, const NodeProgress& node, const v1::RolloutEvent& event) {
  if (node.phase == v1::NODE_PHASE_COMMITTED) return true;
  const v1::NodeVerdict& verdict = event.verdict();
  return event.has_verdict() && verdict.node() == node.name && IsInFlight(node.phase) &&
         verdict.verdict() == v1::VERDICT_COMMITTED && verdict.phase() == before.plan_phase &&
         std::max(verdict.attempt(), 1u) == node.attempt;
}

// Passing the barrier is the one thing that makes a committed node wait again.  `base` gets the
// nodes as they stand behind it.
std::optional<std::string> BrokenPassing(const State& before, const v1::RolloutEvent& event,
                                         const State& now, State* base) {
  if (before.phase == v1::ROLLOUT_PHASE_UNSPECIFIED) return std::nullopt;
  if (now.first_phase != before.first_phase || now.last_phase != before.last_phase) {
    return "the phases of its plan have changed";
  }
  if (now.plan_phase == before.plan_phase) return std::nullopt;
  if (now.plan_phase != NextPlanPhase(before) || before.plan_phase == before.last_phase) {
    return "a phase of the plan was left out, or done twice";
  }
  if (now.phase != v1::ROLLOUT_PHASE_RUNNING) return "a phase began although it does not run";
  for (NodeProgress& node : base->nodes) {
    if (!HadCommitted(before, node, event)) {
      return absl::StrCat("phase ", now.plan_phase, " of the plan began before ", node.name,
                          " had committed phase ", before.plan_phase);
    }
    node = {node.name, v1::NODE_PHASE_WAITING, "", 1, before.plan_phase};
  }
  return std::nullopt;
}

// The names in their order, without those that go late and have not begun.
std::vector<std::string> InTurn(const State& state, const State& before, const State& now) {
  std::vector<std::string> names;
  for (const NodeProgress& node : state.nodes) {
    const auto was = std::find_if(before.nodes.begin(), before.nodes.end(),
                                  [&](const NodeProgress& n) { return n.name == node.name; });
    const bool waited = was != before.nodes.end() && was->phase == v1::NODE_PHASE_WAITING;
    if (!waited || !before.leader_last || Lateness(now, node.name) == 0) names.push_back(node.name);
  }
  return names;
}

// The nodes are the same, in the same order but for those that let the others go first, and none
// has gone where it may not.  Counts those that have begun.
std::optional<std::string> BrokenNodes(const State& before, const v1::RolloutEvent& event,
                                       const State& now, int* begun) {
  if (before.phase == v1::ROLLOUT_PHASE_UNSPECIFIED) return std::nullopt;
  if (before.nodes.size() != now.nodes.size()) return "the list of nodes has changed";
  for (std::size_t i = 0; i < before.nodes.size(); ++i) {
    const NodeProgress& was = before.nodes[i];
    const auto is = std::find_if(now.nodes.begin(), now.nodes.end(),
                                 [&](const NodeProgress& n) { return n.name == was.name; });
    if (is == now.nodes.end()) return "the list of nodes has changed";
    if (was.phase != v1::NODE_PHASE_WAITING && now.nodes[i].name != was.name) {
      return "a node that had begun has another place";
    }
    if (!MayBecome(was, *is, event.has_retried())) {
      return absl::StrCat(was.name, " went from phase ", static_cast<int>(was.phase), " to ",
                          static_cast<int>(is->phase));
    }
    if (was.phase == v1::NODE_PHASE_WAITING && is->phase != v1::NODE_PHASE_WAITING) {
      ++*begun;
      for (const NodeProgress& other : now.nodes) {
        if (other.phase == v1::NODE_PHASE_WAITING &&
            Lateness(now, other.name) < Lateness(now, is->name)) {
          return absl::StrCat(is->name, ", which goes late, began before ", other.name);
        }
      }
    }
  }
  if (InTurn(before, before, now) != InTurn(now, before, now)) {
    return "the order of nodes has changed";
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> BrokenTransition(const State& before, const v1::RolloutEvent& event,
                                            const Step& after) {
  const State& now = after.state;
  const bool retried = event.has_retried() && before.phase == v1::ROLLOUT_PHASE_STOPPED;
  if (HasEnded(before) && !retried &&
      (now.phase != before.phase || now.stop_cause != before.stop_cause ||
       now.stop_node != before.stop_node)) {
    return "an ended rollout has changed its end";
  }
  if (before.phase == v1::ROLLOUT_PHASE_STOPPING && GoesOn(now.phase)) {
    return "a rollout that was being stopped goes on";
  }
  if (before.phase == v1::ROLLOUT_PHASE_PAUSED && now.phase == v1::ROLLOUT_PHASE_RUNNING &&
      !event.has_resumed()) {
    return "a paused rollout runs although nobody has resumed it";
  }
  State base = before;
  if (auto broken = BrokenPassing(before, event, now, &base)) return broken;
  int begun = 0;
  if (auto broken = BrokenNodes(base, event, now, &begun)) return broken;
  if (begun > 1) return "two nodes began at one event";
  if (begun > 0) {
    if (now.phase != v1::ROLLOUT_PHASE_RUNNING) return "a node began although it does not run";
    if (!std::includes(now.ready.begin(), now.ready.end(), now.cluster.begin(),
                       now.cluster.end())) {
      return "a node began while a node of the cluster was not ready";
    }
    if (!now.soaking.empty()) return "a node began before the soak time was over";
    if (!now.hold.empty()) return absl::StrCat("a node began in spite of ", now.hold);
    if (!IsOpen(now.windows, event.wall_unix_ms())) {
      return "a node began outside of the maintenance windows";
    }
    if (event.has_recovered() || event.has_started() || event.has_retried()) {
      return "a node began on readiness that nobody has told since";
    }
  }
  for (const Action& action : after.actions) {
    if (action.kind != Action::Kind::Execute) continue;
    const auto is = std::find_if(now.nodes.begin(), now.nodes.end(),
                                 [&](const NodeProgress& n) { return n.name == action.node; });
    if (is == now.nodes.end() || !MayBeTold(now, *is)) {
      return absl::StrCat("a plan is sent to ", action.node,
                          ", which the journal does not know in flight");
    }
  }
  // Progress cannot stop: a running rollout always waits for something that comes by itself.  What
  // holds it has an end of its own, and is told anew then.
  if (now.phase == v1::ROLLOUT_PHASE_RUNNING && now.awaiting_readiness.empty() &&
      now.soaking.empty() && now.hold.empty() &&
      std::none_of(now.nodes.begin(), now.nodes.end(),
                   [](const NodeProgress& n) { return IsInFlight(n.phase); })) {
    return "the rollout runs but waits for nothing";
  }
  return std::nullopt;
}

}  // namespace belay::rollout
