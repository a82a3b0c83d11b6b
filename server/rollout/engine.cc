#include "server/rollout/engine.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "belay/v1/journal.pb.h"
#include "server/rollout/verbs.h"

namespace belay::rollout {
namespace {

// A verdict that outranks whatever else ends a rollout.
bool IsFall(v1::StopCause cause) {
  return cause == v1::STOP_CAUSE_ROLLED_BACK || cause == v1::STOP_CAUSE_QUARANTINED ||
         cause == v1::STOP_CAUSE_EMERGENCY_STOP || cause == v1::STOP_CAUSE_REFUSED ||
         cause == v1::STOP_CAUSE_SILENT;
}

std::string WhoAndWhy(const v1::OperatorWord& word) {
  return word.reason().empty() ? word.operator_()
                               : absl::StrCat(word.operator_(), " (", word.reason(), ")");
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
  Turn(const State& state, std::int64_t unix_ms) : step_{state, {}}, unix_ms_(unix_ms) {}

  void Started(const v1::RolloutStarted& event) {
    if (s().phase != v1::ROLLOUT_PHASE_UNSPECIFIED) return;
    for (const std::string& name : event.nodes()) {
      s().nodes.push_back({name, v1::NODE_PHASE_WAITING, "", 1, 0});
      s().cluster.insert(name);
    }
    s().cluster.insert(event.cluster_nodes().begin(), event.cluster_nodes().end());
    s().submitter = event.submitter();
    s().leader_last = event.leader_last();
    s().needs_approval = event.options().approval();
    s().soaks = event.options().soak_ms() > 0;
    s().has_deadline = event.options().deadline_ms() > 0;
    s().windows = WindowsOf(event.options().windows());
    s().plan_phase = s().first_phase = event.first_phase();
    s().last_phase = event.last_phase();
    Go();
  }

  // What was known of the cluster is as old as the crash, and timers are gone with it.
  void Recovered() {
    s().ready.clear();
    s().hold.clear();
    s().leader.clear();
    s().address_holder.clear();
    s().awaiting_readiness.clear();
    if (HasEnded(s())) return;
    ArmDeadline();
    if (!s().soaking.empty()) Arm(s().soaking, Timer::Soak);
    for (const NodeProgress& node : s().nodes) {
      if (!IsInFlight(node.phase)) continue;
      Arm(node.name, Timer::Verdict);
      if (MayBeTold(s(), node)) Execute(node.name);
    }
  }

  void Ready(const v1::ClusterReadiness& event) {
    s().ready = {event.ready().begin(), event.ready().end()};
    s().hold = event.hold();
    if (!s().leader_last) return;
    s().leader = event.etcd_leader();
    s().address_holder = event.virtual_address_holder();
  }

  void Accepted(const v1::NodeAccepted& event) {
    NodeProgress* node = Find(s(), event.node());
    if (node != nullptr && node->phase == v1::NODE_PHASE_DISPATCHED &&
        node->attempt == std::max(event.attempt(), 1u) && event.phase() == s().plan_phase) {
      node->phase = v1::NODE_PHASE_IN_PROGRESS;
    }
  }

  void Verdict(const v1::NodeVerdict& event) {
    NodeProgress* node = Find(s(), event.node());
    if (node == nullptr || node->attempt != std::max(event.attempt(), 1u)) return;
    // A late word of an earlier phase says nothing of this one.
    if (event.phase() != s().plan_phase) return;
    // A node that was given up as silent may still tell how it went; the rollout stays stopped.
    if (!IsInFlight(node->phase) && node->phase != v1::NODE_PHASE_SILENT) return;
    const bool was_in_flight = IsInFlight(node->phase);
    node->reason = event.reason();
    v1::StopCause cause = v1::STOP_CAUSE_UNSPECIFIED;
    switch (event.verdict()) {
      case v1::VERDICT_COMMITTED:
        node->phase = v1::NODE_PHASE_COMMITTED;
        node->committed_phase = s().plan_phase;
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
    if (cause != v1::STOP_CAUSE_UNSPECIFIED) {
      Stop(cause, node->name, node->reason, event.next());
    } else if (s().soaks && s().phase != v1::ROLLOUT_PHASE_STOPPING && IsSomethingLeft()) {
      s().soaking = node->name;
      Arm(node->name, Timer::Soak);
    }
  }

  void Silent(const std::string& name) {
    NodeProgress* node = Find(s(), name);
    if (node == nullptr || !IsInFlight(node->phase)) return;
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

  void SoakEnded(const std::string& name) {
    if (s().soaking == name) s().soaking.clear();
  }

  void DeadlinePassed() {
    if (!s().has_deadline || s().phase == v1::ROLLOUT_PHASE_STOPPING) return;
    Stop(v1::STOP_CAUSE_DEADLINE, "", "its deadline has passed", "");
  }

  void Frozen(const std::string& reason) {
    Stop(v1::STOP_CAUSE_DEFECT, "", absl::StrCat("a defect of belay-server: ", reason), "");
  }

  void Paused(const v1::OperatorWord& word) {
    s().phase = v1::ROLLOUT_PHASE_PAUSED;
    s().paused_by = WhoAndWhy(word);
    AwaitNobody();
    Announce();
  }

  void Resumed() {
    s().phase = v1::ROLLOUT_PHASE_RUNNING;
    s().paused_by.clear();
    Announce();
  }

  void Aborted(const v1::OperatorWord& word) {
    Stop(v1::STOP_CAUSE_ABORTED, "", absl::StrCat("aborted by ", WhoAndWhy(word)), "");
  }

  void Approved(const v1::OperatorWord& word) {
    s().phase = v1::ROLLOUT_PHASE_RUNNING;
    s().approved_by = word.operator_();
    Announce();
  }

  // What has committed stays, what has fallen gets a new attempt, then the rest.
  void Retried(const v1::OperatorWord& word) {
    for (NodeProgress& node : s().nodes) {
      if (node.phase == v1::NODE_PHASE_COMMITTED || node.phase == v1::NODE_PHASE_WAITING) continue;
      node = {node.name, v1::NODE_PHASE_WAITING, "", node.attempt + 1, node.committed_phase};
    }
    s().stop_cause = v1::STOP_CAUSE_UNSPECIFIED;
    s().stop_node.clear();
    s().stop_reason.clear();
    s().next.clear();
    s().ready = {};  // nobody has looked since it stopped
    s().hold.clear();
    s().leader.clear();
    s().address_holder.clear();
    s().retry_request = word.request_id();
    Go();
    Announce();
  }

  // The only place that begins a node.  Called once, at the end of every event.
  Step Settle() {
    if (s().phase == v1::ROLLOUT_PHASE_UNSPECIFIED || HasEnded(s())) return std::move(step_);
    for (const NodeProgress& node : s().nodes) {
      if (IsInFlight(node.phase)) return std::move(step_);
    }
    if (s().phase == v1::ROLLOUT_PHASE_STOPPING) {
      s().phase = v1::ROLLOUT_PHASE_STOPPED;
      Announce();
      return std::move(step_);
    }
    if (s().phase == v1::ROLLOUT_PHASE_AWAITING_APPROVAL) return std::move(step_);
    NodeProgress* next = NextWaiting();
    if (!IsSomethingLeft()) {
      s().phase = v1::ROLLOUT_PHASE_COMPLETED;
      s().paused_by.clear();
      Announce();
      return std::move(step_);
    }
    if (s().phase != v1::ROLLOUT_PHASE_RUNNING || !s().soaking.empty()) return std::move(step_);
    if (next == nullptr) {
      PassBarrier();
      next = NextWaiting();
    }
    // The driver looks ahead and tells in time; this is for one that stood still meanwhile.  It is
    // written down, so that the driver sees that it has to tell anew.
    if (s().hold.empty() && !IsOpen(s().windows, unix_ms_)) s().hold = "its maintenance window";
    if (!s().hold.empty()) {
      AwaitNobody();  // it can last for days; nobody is late meanwhile
      return std::move(step_);
    }
    if (!AllReady(s())) {
      if (s().awaiting_readiness != next->name) {
        s().awaiting_readiness = next->name;
        Arm(next->name, Timer::Readiness);
      }
      return std::move(step_);
    }
    AwaitNobody();
    Begin(next);
    return std::move(step_);
  }

 private:
  State& s() { return step_.state; }

  void Go() {
    s().phase = s().needs_approval && s().approved_by.empty() ? v1::ROLLOUT_PHASE_AWAITING_APPROVAL
                                                              : v1::ROLLOUT_PHASE_RUNNING;
    ArmDeadline();
  }
  NodeProgress* NextWaiting() {
    auto it = std::find_if(s().nodes.begin(), s().nodes.end(), [](const NodeProgress& node) {
      return node.phase == v1::NODE_PHASE_WAITING;
    });
    return it == s().nodes.end() ? nullptr : &*it;
  }
  bool IsSomethingLeft() { return NextWaiting() != nullptr || s().plan_phase != s().last_phase; }
  // Every node has committed the phase: all of them wait for the next one.
  void PassBarrier() {
    s().plan_phase = NextPlanPhase(s());
    for (NodeProgress& node : s().nodes) {
      node = {node.name, v1::NODE_PHASE_WAITING, "", 1, node.committed_phase};
    }
    Announce();
  }
  // All after the first that waits are waiting too.  One that goes late lets them go first.
  void Begin(NodeProgress* next) {
    const auto first = s().nodes.begin() + (next - s().nodes.data());
    while (std::any_of(first, s().nodes.end(), [&](const NodeProgress& other) {
      return Lateness(s(), other.name) < Lateness(s(), first->name);
    })) {
      std::rotate(first, first + 1, s().nodes.end());
    }
    next->phase = v1::NODE_PHASE_DISPATCHED;
    // The timer first: a crash between the two then leaves a node that is watched but not told.
    Arm(next->name, Timer::Verdict);
    Execute(next->name);
  }
  std::string MissingText() {
    std::vector<std::string> missing;
    std::set_difference(s().cluster.begin(), s().cluster.end(), s().ready.begin(), s().ready.end(),
                        std::back_inserter(missing));
    return absl::StrJoin(missing, ", ");
  }
  void Execute(const std::string& node) {
    step_.actions.push_back({Action::Kind::Execute, node, Timer::Verdict});
  }
  void Arm(const std::string& node, Timer timer) {
    step_.actions.push_back({Action::Kind::ArmTimer, node, timer});
  }
  void Disarm(const std::string& node, Timer timer) {
    step_.actions.push_back({Action::Kind::DisarmTimer, node, timer});
  }
  void ArmDeadline() {
    if (s().has_deadline) Arm("", Timer::Deadline);
  }
  void AwaitNobody() {
    if (s().awaiting_readiness.empty()) return;
    Disarm(s().awaiting_readiness, Timer::Readiness);
    s().awaiting_readiness.clear();
  }
  void Announce() { step_.actions.push_back({Action::Kind::Announce, "", Timer::Verdict}); }
  // Nothing begins from here on; Settle ends the rollout when nothing is in flight any more.
  void Stop(v1::StopCause cause, const std::string& node, const std::string& reason,
            const std::string& next) {
    if (s().phase == v1::ROLLOUT_PHASE_UNSPECIFIED || HasEnded(s())) return;
    const bool was_stopping = s().phase == v1::ROLLOUT_PHASE_STOPPING;
    if (was_stopping && !IsFall(cause)) return;
    s().stop_reason = was_stopping ? absl::StrCat(reason, " (", s().stop_reason, ")") : reason;
    s().phase = v1::ROLLOUT_PHASE_STOPPING;
    s().stop_cause = cause;
    s().stop_node = node;
    s().next = next;
    s().paused_by.clear();
    s().soaking.clear();
    AwaitNobody();
    if (!was_stopping) Announce();
  }

  Step step_;
  const std::int64_t unix_ms_;  // of the event
};

}  // namespace

Step Advance(const State& state, const v1::RolloutEvent& event) {
  Turn turn(state, event.wall_unix_ms());
  const bool allowed = Judge(state, event).kind == Allowance::Kind::Takes;
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
      turn.Accepted(event.accepted());
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
    case v1::RolloutEvent::kPaused:
      if (allowed) turn.Paused(event.paused());
      break;
    case v1::RolloutEvent::kResumed:
      if (allowed) turn.Resumed();
      break;
    case v1::RolloutEvent::kAborted:
      if (allowed) turn.Aborted(event.aborted());
      break;
    case v1::RolloutEvent::kApproved:
      if (allowed) turn.Approved(event.approved());
      break;
    case v1::RolloutEvent::kRetried:
      if (allowed) turn.Retried(event.retried());
      break;
    case v1::RolloutEvent::kSoakEnded:
      turn.SoakEnded(event.soak_ended().node());
      break;
    case v1::RolloutEvent::kDeadlinePassed:
      turn.DeadlinePassed();
      break;
    case v1::RolloutEvent::kFrozen:
      turn.Frozen(event.frozen().reason());
      break;
    case v1::RolloutEvent::KIND_NOT_SET:
      break;
  }
  return turn.Settle();
}

}  // namespace belay::rollout
