#include "server/rollout/engine.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "belay/v1/journal.pb.h"
#include "common/base/digest.h"

namespace belay::rollout {
namespace {

bool InFlight(const NodeProgress& node) {
  return node.phase == v1::NODE_PHASE_DISPATCHED || node.phase == v1::NODE_PHASE_IN_PROGRESS;
}

NodeProgress* Find(State& state, const std::string& name) {
  auto it = std::find_if(state.nodes.begin(), state.nodes.end(),
                         [&](const NodeProgress& node) { return node.name == name; });
  return it == state.nodes.end() ? nullptr : &*it;
}

// Turns one rollout while it is being advanced; holds the step so that each event reads as a
// sentence.
class Turn {
 public:
  explicit Turn(const State& state) : step_{state, {}} {}

  void Started(const v1::RolloutStarted& event) {
    if (s().phase != v1::ROLLOUT_PHASE_UNSPECIFIED) return;
    s().phase = v1::ROLLOUT_PHASE_RUNNING;
    for (const std::string& name : event.nodes()) {
      s().nodes.push_back({name, v1::NODE_PHASE_WAITING, ""});
      s().cluster.insert(name);
    }
    s().cluster.insert(event.cluster_nodes().begin(), event.cluster_nodes().end());
  }

  // What was known of the cluster is as old as the crash, and timers are gone with it.
  void Recovered() {
    s().ready.clear();
    s().awaiting_readiness.clear();
    if (s().phase != v1::ROLLOUT_PHASE_RUNNING) return;
    for (const NodeProgress& node : s().nodes) {
      if (InFlight(node)) Send(node.name);
    }
  }

  void Ready(const v1::ClusterReadiness& event) {
    s().ready = {event.ready().begin(), event.ready().end()};
  }

  void Accepted(const std::string& name) {
    NodeProgress* node = Find(s(), name);
    if (node != nullptr && node->phase == v1::NODE_PHASE_DISPATCHED) {
      node->phase = v1::NODE_PHASE_IN_PROGRESS;
    }
  }

  void Verdict(const v1::NodeVerdict& event) {
    NodeProgress* node = Find(s(), event.node());
    if (node == nullptr) return;
    // A node that was given up as silent may still tell how it went; the rollout stays stopped.
    if (!InFlight(*node) && node->phase != v1::NODE_PHASE_SILENT) return;
    const bool was_in_flight = InFlight(*node);
    node->reason = event.reason();
    v1::StopCause cause = v1::STOP_CAUSE_UNSPECIFIED;
    switch (event.verdict()) {
      case v1::VERDICT_COMMITTED:
        node->phase = v1::NODE_PHASE_COMMITTED;
        break;
      case v1::VERDICT_ROLLED_BACK:
        node->phase = v1::NODE_PHASE_ROLLED_BACK;
        cause = v1::STOP_CAUSE_ROLLED_BACK;
        break;
      case v1::VERDICT_QUARANTINED:
        node->phase = v1::NODE_PHASE_QUARANTINED;
        cause = v1::STOP_CAUSE_QUARANTINED;
        break;
      case v1::VERDICT_EMERGENCY_STOP:
        node->phase = v1::NODE_PHASE_EMERGENCY_STOP;
        cause = v1::STOP_CAUSE_EMERGENCY_STOP;
        break;
      case v1::VERDICT_REFUSED:
        node->phase = v1::NODE_PHASE_REFUSED;
        cause = v1::STOP_CAUSE_REFUSED;
        break;
      default:  // from a newer agent: what is not understood is not a commit
        node->phase = v1::NODE_PHASE_REFUSED;
        node->reason = absl::StrCat("verdict ", event.verdict(),
                                    " is unknown to this coordinator: ", event.reason());
        cause = v1::STOP_CAUSE_REFUSED;
        break;
    }
    if (!was_in_flight) return;
    Disarm(node->name, Timer::Verdict);
    if (cause != v1::STOP_CAUSE_UNSPECIFIED) Stop(cause, node->name, node->reason, event.next());
  }

  void Silent(const std::string& name) {
    NodeProgress* node = Find(s(), name);
    if (node == nullptr || !InFlight(*node)) return;
    node->phase = v1::NODE_PHASE_SILENT;
    node->reason = "no verdict before its deadline";
    Stop(v1::STOP_CAUSE_SILENT, name, node->reason, "");
  }

  void ReadinessTimedOut(const std::string& name) {
    if (s().awaiting_readiness.empty() || s().awaiting_readiness != name) return;
    Stop(v1::STOP_CAUSE_CLUSTER_NOT_READY, name,
         absl::StrCat("gave up waiting until every node is connected and ready: ", MissingText()),
         "");
  }

  // The only place that begins a node.  Called once, at the end of every event.
  Step Settle() {
    if (s().phase != v1::ROLLOUT_PHASE_RUNNING) return std::move(step_);
    NodeProgress* next = nullptr;
    for (NodeProgress& node : s().nodes) {
      if (InFlight(node)) return std::move(step_);
      if (next == nullptr && node.phase == v1::NODE_PHASE_WAITING) next = &node;
    }
    if (next == nullptr) {
      s().phase = v1::ROLLOUT_PHASE_COMPLETED;
      Announce();
      return std::move(step_);
    }
    if (!AllReady()) {
      if (s().awaiting_readiness != next->name) {
        s().awaiting_readiness = next->name;
        step_.actions.push_back({Action::Kind::ArmTimer, next->name, Timer::Readiness});
      }
      return std::move(step_);
    }
    if (!s().awaiting_readiness.empty()) {
      Disarm(s().awaiting_readiness, Timer::Readiness);
      s().awaiting_readiness.clear();
    }
    next->phase = v1::NODE_PHASE_DISPATCHED;
    Send(next->name);
    return std::move(step_);
  }

 private:
  State& s() { return step_.state; }

  bool AllReady() {
    return std::includes(s().ready.begin(), s().ready.end(), s().cluster.begin(),
                         s().cluster.end());
  }
  std::string MissingText() {
    std::vector<std::string> missing;
    std::set_difference(s().cluster.begin(), s().cluster.end(), s().ready.begin(), s().ready.end(),
                        std::back_inserter(missing));
    return absl::StrJoin(missing, ", ");
  }
  void Send(const std::string& node) {
    // The timer first: a crash between the two then leaves a node that is watched but not told.
    step_.actions.push_back({Action::Kind::ArmTimer, node, Timer::Verdict});
    step_.actions.push_back({Action::Kind::Execute, node, Timer::Verdict});
  }
  void Disarm(const std::string& node, Timer timer) {
    step_.actions.push_back({Action::Kind::DisarmTimer, node, timer});
  }
  void Announce() { step_.actions.push_back({Action::Kind::Announce, "", Timer::Verdict}); }
  void Stop(v1::StopCause cause, const std::string& node, const std::string& reason,
            const std::string& next) {
    if (s().phase != v1::ROLLOUT_PHASE_RUNNING) return;
    s().phase = v1::ROLLOUT_PHASE_STOPPED;
    s().stop_cause = cause;
    s().stop_node = node;
    s().stop_reason = reason;
    s().next = next;
    s().awaiting_readiness.clear();
    Announce();
  }

  Step step_;
};

}  // namespace

Step Advance(const State& state, const v1::RolloutEvent& event) {
  Turn turn(state);
  switch (event.kind_case()) {
    case v1::RolloutEvent::kStarted:
      turn.Started(event.started());
      break;
    case v1::RolloutEvent::kRecovered:
      turn.Recovered();
      break;
    case v1::RolloutEvent::kReadiness:
      turn.Ready(event.readiness());
      break;
    case v1::RolloutEvent::kAccepted:
      turn.Accepted(event.accepted().node());
      break;
    case v1::RolloutEvent::kVerdict:
      turn.Verdict(event.verdict());
      break;
    case v1::RolloutEvent::kSilent:
      turn.Silent(event.silent().node());
      break;
    case v1::RolloutEvent::kReadinessTimedOut:
      turn.ReadinessTimedOut(event.readiness_timed_out().node());
      break;
    case v1::RolloutEvent::KIND_NOT_SET:
      break;
  }
  return turn.Settle();
}

std::string StateDigest(const State& state) {
  // Length-prefixed, so that no two states share a text.
  std::string text;
  const auto add = [&text](const std::string& field) {
    absl::StrAppend(&text, field.size(), ":", field, ";");
  };
  absl::StrAppend(&text, static_cast<int>(state.phase), ";", static_cast<int>(state.stop_cause),
                  ";");
  for (const NodeProgress& node : state.nodes) {
    add(node.name);
    absl::StrAppend(&text, static_cast<int>(node.phase), ";");
    add(node.reason);
  }
  absl::StrAppend(&text, "c", state.cluster.size(), ";");
  for (const std::string& name : state.cluster) add(name);
  absl::StrAppend(&text, "r", state.ready.size(), ";");
  for (const std::string& name : state.ready) add(name);
  add(state.stop_node);
  add(state.stop_reason);
  add(state.next);
  add(state.awaiting_readiness);
  return Sha256Hex(text);
}

std::string Describe(const State& state) {
  std::size_t committed = 0;
  std::string in_flight;
  for (const NodeProgress& node : state.nodes) {
    committed += node.phase == v1::NODE_PHASE_COMMITTED ? 1 : 0;
    if (InFlight(node)) in_flight = node.name;
  }
  const std::string count = absl::StrCat(committed, " of ", state.nodes.size(), " nodes committed");
  switch (state.phase) {
    case v1::ROLLOUT_PHASE_COMPLETED:
      return absl::StrCat("completed: ", count);
    case v1::ROLLOUT_PHASE_STOPPED:
      return absl::StrCat("stopped at ", state.stop_node, ": ", state.stop_reason, " (", count,
                          ")");
    case v1::ROLLOUT_PHASE_RUNNING:
      if (!in_flight.empty()) return absl::StrCat("running on ", in_flight, ", ", count);
      if (!state.awaiting_readiness.empty()) {
        std::vector<std::string> missing;
        std::set_difference(state.cluster.begin(), state.cluster.end(), state.ready.begin(),
                            state.ready.end(), std::back_inserter(missing));
        return absl::StrCat("holding before ", state.awaiting_readiness,
                            " until connected and ready: ", absl::StrJoin(missing, ", "), "; ",
                            count);
      }
      return absl::StrCat("running, ", count);
    default:
      return "not started";
  }
}

}  // namespace belay::rollout
