#include "server/fleet/engine.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace belay::fleet {
namespace {

bool IsDone(const ClusterProgress& cluster) {
  return cluster.phase == v1::CLUSTER_PHASE_COMPLETED || cluster.phase == v1::CLUSTER_PHASE_FALLEN;
}

std::string WhoAndWhy(const v1::OperatorWord& word) {
  return word.reason().empty() ? word.operator_()
                               : absl::StrCat(word.operator_(), " (", word.reason(), ")");
}

// Turns one fleet rollout while it is being advanced.
class Turn {
 public:
  explicit Turn(const State& state) : step_{state, {}} {}

  void Started(const v1::FleetStarted& event) {
    if (s().phase != v1::ROLLOUT_PHASE_UNSPECIFIED) return;
    for (const v1::FleetStage& stage : event.stages()) {
      for (const std::string& name : stage.clusters()) {
        s().clusters.push_back({name, static_cast<std::uint32_t>(s().stages.size()),
                                v1::CLUSTER_PHASE_WAITING, "", 1});
      }
      s().stages.push_back({stage.name(), stage.strict(), stage.pause_after()});
    }
    const v1::FleetOptions& options = event.options();
    s().parallel = std::max(options.parallel(), 1U);
    s().budget = options.failure_budget();
    s().soaks = options.soak_ms() > 0;
    s().has_deadline = options.deadline_ms() > 0;
    s().needs_approval = options.approval();
    s().submitter = event.submitter();
    Go();
  }

  // Timers are gone with the coordinator.
  void Recovered() {
    if (HasEnded(s()) || s().phase == v1::ROLLOUT_PHASE_UNSPECIFIED) return;
    if (s().has_deadline) Arm(Timer::Deadline);
    if (s().soaking) Arm(Timer::Soak);
  }

  void Ended(const v1::ClusterEnded& event) {
    const auto cluster = std::find_if(
        s().clusters.begin(), s().clusters.end(),
        [&](const ClusterProgress& progress) { return progress.name == event.cluster(); });
    if (cluster == s().clusters.end() || cluster->phase != v1::CLUSTER_PHASE_RUNNING ||
        cluster->attempt != event.attempt()) {
      return;
    }
    cluster->reason = event.reason();
    switch (event.outcome()) {
      case v1::CLUSTER_OUTCOME_COMPLETED:
        cluster->phase = v1::CLUSTER_PHASE_COMPLETED;
        return;
      case v1::CLUSTER_OUTCOME_HELD_BACK:
        // Only while everything is being stopped; else it is a cluster that did not get there.
        if (s().phase == v1::ROLLOUT_PHASE_STOPPING) {
          cluster->phase = v1::CLUSTER_PHASE_HELD_BACK;
          return;
        }
        break;
      default:  // what is not understood is not a success
        break;
    }
    cluster->phase = v1::CLUSTER_PHASE_FALLEN;
    const bool strict = s().stages[cluster->stage].strict;
    if (!strict && Fallen(s()) <= s().budget) return;
    Stop(v1::STOP_CAUSE_ROLLED_BACK, cluster->name,
         absl::StrCat(strict ? absl::StrCat("it is in the ", s().stages[cluster->stage].name,
                                            " and did not get there: ")
                             : "it did not get there, and no more may fall: ",
                      cluster->reason));
  }

  void SoakEnded(std::uint32_t stage) {
    if (!s().soaking || stage != s().stage) return;
    s().soaking = false;
    s().soaked = true;
  }

  void DeadlinePassed() {
    if (!s().has_deadline || s().phase == v1::ROLLOUT_PHASE_STOPPING) return;
    Stop(v1::STOP_CAUSE_DEADLINE, "", "its deadline has passed");
  }

  void Frozen(const std::string& reason) {
    Stop(v1::STOP_CAUSE_DEFECT, "", absl::StrCat("a defect of belay-server: ", reason));
  }

  void Paused(const v1::OperatorWord& word) {
    s().phase = v1::ROLLOUT_PHASE_PAUSED;
    s().paused_by = WhoAndWhy(word);
    Announce();
  }

  void Resumed() {
    s().phase = v1::ROLLOUT_PHASE_RUNNING;
    s().paused_by.clear();
    // At a pause point this is what it waits for; elsewhere nothing has ended yet.
    s().resumed = StageDone() && !s().soaking && (s().soaked || !s().soaks);
    Announce();
  }

  void Aborted(const v1::OperatorWord& word) {
    Stop(v1::STOP_CAUSE_ABORTED, "", absl::StrCat("aborted by ", WhoAndWhy(word)));
  }

  void Approved(const v1::OperatorWord& word) {
    s().phase = v1::ROLLOUT_PHASE_RUNNING;
    s().approved_by = word.operator_();
    Announce();
  }

  // What has completed stays; the rest gets a new attempt where it had begun.
  void Retried(const v1::OperatorWord& word) {
    for (ClusterProgress& cluster : s().clusters) {
      if (cluster.phase != v1::CLUSTER_PHASE_FALLEN &&
          cluster.phase != v1::CLUSTER_PHASE_HELD_BACK) {
        continue;
      }
      cluster.phase = v1::CLUSTER_PHASE_WAITING;
      cluster.reason.clear();
      ++cluster.attempt;
    }
    s().stage = 0;
    while (s().stage + 1 < s().stages.size() && StageDone()) ++s().stage;
    s().soaked = s().resumed = false;
    s().stop_cause = v1::STOP_CAUSE_UNSPECIFIED;
    s().stop_cluster.clear();
    s().stop_reason.clear();
    s().retry_request = word.request_id();
    Go();
    Announce();
  }

  // The only place that begins a cluster.  Called once, at the end of every event.
  Step Settle() {
    if (s().phase == v1::ROLLOUT_PHASE_UNSPECIFIED || HasEnded(s())) return std::move(step_);
    const bool any =
        std::any_of(s().clusters.begin(), s().clusters.end(),
                    [](const ClusterProgress& c) { return c.phase == v1::CLUSTER_PHASE_RUNNING; });
    if (s().phase == v1::ROLLOUT_PHASE_STOPPING) {
      if (!any) End(v1::ROLLOUT_PHASE_STOPPED);
      return std::move(step_);
    }
    if (s().phase == v1::ROLLOUT_PHASE_AWAITING_APPROVAL) return std::move(step_);
    while (StageDone() && PassStage()) {
    }
    if (s().phase == v1::ROLLOUT_PHASE_RUNNING && !s().soaking) Begin();
    return std::move(step_);
  }

 private:
  State& s() { return step_.state; }

  bool StageDone() {
    return std::all_of(s().clusters.begin(), s().clusters.end(), [this](const ClusterProgress& c) {
      return c.stage != s().stage || IsDone(c);
    });
  }

  // The stage that was reached is done: false while something is to be waited for before the next.
  bool PassStage() {
    if (s().stage + 1 == s().stages.size()) {
      End(v1::ROLLOUT_PHASE_COMPLETED);
      return false;
    }
    if (s().soaking) return false;
    if (s().soaks && !s().soaked) {
      s().soaking = true;
      Arm(Timer::Soak);
      return false;
    }
    if (s().stages[s().stage].pause_after && !s().resumed) {
      if (s().phase != v1::ROLLOUT_PHASE_PAUSED) {
        s().phase = v1::ROLLOUT_PHASE_PAUSED;
        s().paused_by = absl::StrCat("the pause point after ", s().stages[s().stage].name);
        Announce();
      }
      return false;
    }
    if (s().phase != v1::ROLLOUT_PHASE_RUNNING) return false;
    ++s().stage;
    s().soaked = s().resumed = false;
    return true;
  }

  void Begin() {
    std::uint32_t running = 0;
    for (const ClusterProgress& cluster : s().clusters) {
      running += cluster.phase == v1::CLUSTER_PHASE_RUNNING ? 1 : 0;
    }
    for (ClusterProgress& cluster : s().clusters) {
      if (running >= s().parallel) return;
      if (cluster.stage != s().stage || cluster.phase != v1::CLUSTER_PHASE_WAITING) continue;
      cluster.phase = v1::CLUSTER_PHASE_RUNNING;
      ++running;
    }
  }

  void Go() {
    s().phase = s().needs_approval && s().approved_by.empty() ? v1::ROLLOUT_PHASE_AWAITING_APPROVAL
                                                              : v1::ROLLOUT_PHASE_RUNNING;
    if (s().has_deadline) Arm(Timer::Deadline);
  }

  // Nothing begins from here on; it ends when nothing is under way any more.
  void Stop(v1::StopCause cause, const std::string& cluster, const std::string& reason) {
    if (s().phase == v1::ROLLOUT_PHASE_UNSPECIFIED || HasEnded(s())) return;
    if (s().phase == v1::ROLLOUT_PHASE_STOPPING) {
      // A fall outranks what an operator or the clock has said; the earlier one stays in brackets.
      if (cause != v1::STOP_CAUSE_ROLLED_BACK || s().stop_cause == cause) return;
      s().stop_reason = absl::StrCat(reason, " (", s().stop_reason, ")");
    } else {
      s().stop_reason = reason;
      Announce();
    }
    s().phase = v1::ROLLOUT_PHASE_STOPPING;
    s().stop_cause = cause;
    s().stop_cluster = cluster;
    s().paused_by.clear();
    s().soaking = false;
  }

  void End(v1::RolloutPhase phase) {
    s().phase = phase;
    s().paused_by.clear();
    s().soaking = false;
    Announce();
  }

  void Arm(Timer timer) { step_.actions.push_back({Action::Kind::ArmTimer, timer}); }
  void Announce() { step_.actions.push_back({Action::Kind::Announce, Timer::Soak}); }

  Step step_;
};

}  // namespace

bool HasEnded(const State& state) {
  return state.phase == v1::ROLLOUT_PHASE_COMPLETED || state.phase == v1::ROLLOUT_PHASE_STOPPED;
}

std::uint32_t Fallen(const State& state) {
  std::uint32_t fallen = 0;
  for (const ClusterProgress& cluster : state.clusters) {
    fallen += cluster.phase == v1::CLUSTER_PHASE_FALLEN ? 1 : 0;
  }
  return fallen;
}

Step Advance(const State& state, const v1::FleetEvent& event) {
  Turn turn(state);
  const bool allowed = Judge(state, event).kind == Allowance::Kind::Takes;
  switch (event.kind_case()) {
    case v1::FleetEvent::kStarted:
      turn.Started(event.started());
      break;
    case v1::FleetEvent::kRecovered:
      turn.Recovered();
      break;
    case v1::FleetEvent::kClusterEnded:
      turn.Ended(event.cluster_ended());
      break;
    case v1::FleetEvent::kSoakEnded:
      turn.SoakEnded(event.soak_ended().stage());
      break;
    case v1::FleetEvent::kDeadlinePassed:
      turn.DeadlinePassed();
      break;
    case v1::FleetEvent::kFrozen:
      turn.Frozen(event.frozen().reason());
      break;
    case v1::FleetEvent::kPaused:
      if (allowed) turn.Paused(event.paused());
      break;
    case v1::FleetEvent::kResumed:
      if (allowed) turn.Resumed();
      break;
    case v1::FleetEvent::kAborted:
      if (allowed) turn.Aborted(event.aborted());
      break;
    case v1::FleetEvent::kApproved:
      if (allowed) turn.Approved(event.approved());
      break;
    case v1::FleetEvent::kRetried:
      if (allowed) turn.Retried(event.retried());
      break;
    case v1::FleetEvent::KIND_NOT_SET:
      break;
  }
  return turn.Settle();
}

}  // namespace belay::fleet
