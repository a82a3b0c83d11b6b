#include "tests/model/fleet_search.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace belay::fleet::model {
namespace {

constexpr std::array<const char*, kClusters> kNames = {"a", "b", "c"};

bool IsOpen(const ClusterTruth& truth) {
  return truth.child.exists && truth.child.phase != v1::ROLLOUT_PHASE_COMPLETED &&
         truth.child.phase != v1::ROLLOUT_PHASE_STOPPED;
}

v1::FleetEvent EndOf(const FleetWorld& world, std::size_t cluster, v1::ClusterOutcome outcome) {
  v1::FleetEvent event;
  v1::ClusterEnded& ended = *event.mutable_cluster_ended();
  ended.set_cluster(kNames[cluster]);
  ended.set_attempt(world.memory.clusters[cluster].attempt);
  ended.set_outcome(outcome);
  ended.set_reason("so it went");
  return event;
}

// As the rollout engine takes them: nothing begins, what is in flight goes on.
void AbortChild(ClusterTruth& truth) {
  truth.child.phase = truth.in_flight ? v1::ROLLOUT_PHASE_STOPPING : v1::ROLLOUT_PHASE_STOPPED;
  truth.child.stop_cause = v1::STOP_CAUSE_ABORTED;
  truth.child.paused_by_fleet = false;
}

}  // namespace

std::string FleetWorld::Key() const {
  std::string key = absl::StrCat(StateDigest(memory), up, soak_timer, deadline_timer, ";",
                                 left.crashes, ";", left.verbs, ";", left.doubles, ";");
  for (const ClusterTruth& each : truth) {
    absl::StrAppend(&key, each.child.exists, static_cast<int>(each.child.phase), ";",
                    each.child.attempt, each.child.paused_by_fleet,
                    static_cast<int>(each.child.stop_cause), each.done, each.in_flight, each.fell,
                    ";");
  }
  return key;
}

FleetSearch::FleetSearch(Budget budget, Wanted wanted) : wanted_(wanted) {
  FleetWorld world;
  world.left = budget;
  v1::FleetEvent event;
  v1::FleetStarted& started = *event.mutable_started();
  v1::FleetStage& canary = *started.add_stages();
  canary.set_name("canary");
  canary.add_clusters("a");
  canary.set_strict(wanted.strict);
  canary.set_pause_after(wanted.pause_after);
  v1::FleetStage& wave = *started.add_stages();
  wave.set_name("wave 1");
  wave.add_clusters("b");
  wave.add_clusters("c");
  v1::FleetOptions& options = *started.mutable_options();
  options.set_parallel(wanted.parallel);
  options.set_failure_budget(wanted.budget);
  options.set_soak_ms(wanted.soak ? 1 : 0);
  options.set_approval(wanted.approval);
  options.set_deadline_ms(wanted.deadline ? 1 : 0);
  started.set_submitter("ada");
  if (Deliver(world, event)) Reconcile(world);
}

std::string FleetSearch::Run() {
  while (violation_.empty()) {
    for (FleetWorld& world : next_) {
      ++transitions_;
      if (!seen_.insert(world.Key()).second) continue;
      completed_ += world.memory.phase == v1::ROLLOUT_PHASE_COMPLETED ? 1 : 0;
      stopped_ += world.memory.phase == v1::ROLLOUT_PHASE_STOPPED ? 1 : 0;
      queue_.push_back(std::move(world));
    }
    next_.clear();
    if (queue_.empty()) break;
    const FleetWorld world = std::move(queue_.front());
    queue_.pop_front();
    Expand(world);
  }
  return violation_;
}

// Journalled, and in effect; false when a promise was broken.
bool FleetSearch::Deliver(FleetWorld& world, const v1::FleetEvent& event) {
  const Step step = Advance(world.memory, event);
  auto broken = BrokenInvariant(step.state);
  if (!broken) broken = BrokenTransition(world.memory, event, step);
  if (broken) {
    Violation(
        absl::StrCat(*broken, " at ", event.ShortDebugString(), " in: ", Describe(world.memory)));
    return false;
  }
  world.memory = step.state;
  for (const Action& action : step.actions) {
    if (action.kind != Action::Kind::ArmTimer) continue;
    (action.timer == Timer::Soak ? world.soak_timer : world.deadline_timer) = true;
  }
  if (HasEnded(world.memory)) world.soak_timer = world.deadline_timer = false;
  return true;
}

bool FleetSearch::DoDuty(FleetWorld& world, std::size_t cluster, Duty duty) {
  ClusterTruth& truth = world.truth[cluster];
  switch (duty) {
    case Duty::Nothing:
      return true;
    case Duty::Start:
      if (world.memory.phase != v1::ROLLOUT_PHASE_RUNNING) {
        Violation("a rollout is begun although the fleet does not run");
      }
      truth = ClusterTruth();
      truth.child.exists = true;
      truth.child.phase = v1::ROLLOUT_PHASE_RUNNING;
      return true;
    case Duty::Retry:
      if (truth.child.phase == v1::ROLLOUT_PHASE_COMPLETED) {  // the rollout engine refuses
        return Deliver(world, EndOf(world, cluster, v1::CLUSTER_OUTCOME_FALLEN));
      }
      truth.child.attempt = world.memory.clusters[cluster].attempt;
      truth.child.phase = v1::ROLLOUT_PHASE_RUNNING;
      truth.child.stop_cause = v1::STOP_CAUSE_UNSPECIFIED;
      truth.fell = false;
      return true;
    case Duty::Pause:
      truth.child.phase = v1::ROLLOUT_PHASE_PAUSED;
      truth.child.paused_by_fleet = true;
      return true;
    case Duty::Resume:
      if (!truth.child.paused_by_fleet) Violation("what an operator has paused was resumed");
      truth.child.phase = v1::ROLLOUT_PHASE_RUNNING;
      truth.child.paused_by_fleet = false;
      return true;
    case Duty::Abort:
      AbortChild(truth);
      return true;
    case Duty::ReportCompleted:
      return Deliver(world, EndOf(world, cluster, v1::CLUSTER_OUTCOME_COMPLETED));
    case Duty::ReportFallen:
      return Deliver(world, EndOf(world, cluster, v1::CLUSTER_OUTCOME_FALLEN));
    case Duty::ReportHeldBack:
      return Deliver(world, EndOf(world, cluster, v1::CLUSTER_OUTCOME_HELD_BACK));
  }
  return true;
}

// Until nothing is owed any more.  The crash may come before any of it.
void FleetSearch::Reconcile(FleetWorld world) {
  constexpr int kMost = 50;
  for (int round = 0; round < kMost; ++round) {
    if (world.left.crashes > 0) {
      FleetWorld crashed = world;
      --crashed.left.crashes;
      crashed.up = crashed.soak_timer = crashed.deadline_timer = false;
      next_.push_back(std::move(crashed));
    }
    bool owed = false;
    for (std::size_t i = 0; i < kClusters && !owed; ++i) {
      const Duty duty = DutyOf(world.memory, world.memory.clusters[i], world.truth[i].child);
      if (duty == Duty::Nothing) continue;
      owed = true;
      if (!DoDuty(world, i, duty)) return;
    }
    if (!owed) return next_.push_back(std::move(world));
  }
  Violation("what is owed never ends");
}

// I5 and I6 over clusters, told from the truth.
void FleetSearch::CheckBeginning(const FleetWorld& world, std::size_t cluster) {
  std::uint32_t fallen = 0;
  std::uint32_t open = 0;
  for (std::size_t i = 0; i < kClusters; ++i) {
    const ClusterTruth& truth = world.truth[i];
    open += IsOpen(truth) ? 1 : 0;
    fallen += truth.fell ? 1 : 0;
    if (truth.fell && i == 0 && wanted_.strict && cluster != 0) {
      Violation("a node begins although the canary has fallen");
    }
  }
  if (fallen > wanted_.budget && !world.truth[cluster].fell) {
    Violation("a node begins although more clusters have fallen than may");
  }
  if (open > wanted_.parallel) Violation("more clusters are open than may be");
  if (world.memory.phase != v1::ROLLOUT_PHASE_RUNNING) {
    Violation("a node begins although the fleet does not run");
  }
  if (cluster != 0 && (!world.truth[0].child.exists || IsOpen(world.truth[0]))) {
    Violation("a node of a wave begins before the canary has ended");
  }
}

void FleetSearch::ExpandClusters(const FleetWorld& world) {
  for (std::size_t i = 0; i < kClusters; ++i) {
    const ClusterTruth& now = world.truth[i];
    if (now.child.phase == v1::ROLLOUT_PHASE_RUNNING && !now.in_flight && IsOpen(now)) {
      CheckBeginning(world, i);
      FleetWorld after = world;
      after.truth[i].in_flight = true;
      next_.push_back(std::move(after));
    }
    if (!now.in_flight) continue;
    for (const bool falls : {false, true}) {
      FleetWorld after = world;
      ClusterTruth& truth = after.truth[i];
      truth.in_flight = false;
      if (falls) {
        truth.fell = true;
        truth.child.phase = v1::ROLLOUT_PHASE_STOPPED;
        truth.child.stop_cause = v1::STOP_CAUSE_ROLLED_BACK;
        truth.child.paused_by_fleet = false;
      } else if (++truth.done == kNodesEach) {
        truth.child.phase = v1::ROLLOUT_PHASE_COMPLETED;
        truth.child.stop_cause = v1::STOP_CAUSE_UNSPECIFIED;
        truth.child.paused_by_fleet = false;
      } else if (truth.child.phase == v1::ROLLOUT_PHASE_STOPPING) {
        truth.child.phase = v1::ROLLOUT_PHASE_STOPPED;
      }
      Reconcile(std::move(after));
    }
  }
}

void FleetSearch::ExpandOperators(const FleetWorld& world) {
  if (world.left.verbs == 0) return;
  for (int verb = 0; verb < 5; ++verb) {
    v1::FleetEvent event;
    v1::OperatorWord word;
    word.set_operator_("bob");
    word.set_request_id(absl::StrCat("q", world.left.verbs));
    if (verb == 0) *event.mutable_paused() = word;
    if (verb == 1) *event.mutable_resumed() = word;
    if (verb == 2) *event.mutable_aborted() = word;
    if (verb == 3) *event.mutable_approved() = word;
    if (verb == 4) *event.mutable_retried() = word;
    if (Judge(world.memory, event).kind != Allowance::Kind::Takes) continue;
    FleetWorld after = world;
    --after.left.verbs;
    if (Deliver(after, event)) Reconcile(std::move(after));
  }
  // What operators do to a cluster's own rollout.
  for (std::size_t i = 0; i < kClusters; ++i) {
    if (!IsOpen(world.truth[i])) continue;
    for (const bool abort : {true, false}) {
      FleetWorld after = world;
      --after.left.verbs;
      if (abort && world.truth[i].child.phase != v1::ROLLOUT_PHASE_STOPPING) {
        AbortChild(after.truth[i]);
      } else if (!abort && world.truth[i].child.phase == v1::ROLLOUT_PHASE_RUNNING) {
        after.truth[i].child.phase = v1::ROLLOUT_PHASE_PAUSED;
      } else {
        continue;
      }
      Reconcile(std::move(after));
    }
  }
}

void FleetSearch::ExpandTimers(const FleetWorld& world) {
  if (world.memory.soaking && !world.soak_timer) Violation("a soak time that nobody watches");
  const bool goes_on = !HasEnded(world.memory) && world.memory.phase != v1::ROLLOUT_PHASE_STOPPING;
  if (world.memory.has_deadline && goes_on && !world.deadline_timer) {
    Violation("a deadline that nobody watches");
  }
  v1::FleetEvent event;
  if (world.soak_timer) {
    FleetWorld after = world;
    after.soak_timer = false;
    event.mutable_soak_ended()->set_stage(world.memory.stage);
    if (Deliver(after, event)) Reconcile(std::move(after));
  }
  if (world.deadline_timer) {
    FleetWorld after = world;
    after.deadline_timer = false;
    event.mutable_deadline_passed();
    if (Deliver(after, event)) Reconcile(std::move(after));
  }
}

void FleetSearch::Expand(const FleetWorld& world) {
  if (!world.up) {
    FleetWorld restarted = world;
    restarted.up = true;
    v1::FleetEvent event;
    event.mutable_recovered();
    if (Deliver(restarted, event)) Reconcile(std::move(restarted));
    return;
  }
  ExpandTimers(world);
  ExpandClusters(world);
  if (world.left.doubles > 0) {
    for (std::size_t i = 0; i < kClusters; ++i) {
      FleetWorld after = world;
      --after.left.doubles;
      v1::FleetEvent event = EndOf(world, i, v1::CLUSTER_OUTCOME_COMPLETED);
      if (world.memory.clusters[i].phase == v1::CLUSTER_PHASE_RUNNING) {
        event.mutable_cluster_ended()->set_attempt(world.memory.clusters[i].attempt + 1);
      }
      if (Deliver(after, event)) Reconcile(std::move(after));
    }
  }
  const bool waits_for_people = world.memory.phase == v1::ROLLOUT_PHASE_PAUSED ||
                                world.memory.phase == v1::ROLLOUT_PHASE_AWAITING_APPROVAL;
  bool a_cluster_waits = false;
  for (const ClusterTruth& truth : world.truth) {
    a_cluster_waits |= truth.child.phase == v1::ROLLOUT_PHASE_PAUSED && IsOpen(truth);
  }
  if (next_.empty() && !HasEnded(world.memory) && !waits_for_people && !a_cluster_waits) {
    Violation(absl::StrCat("stuck: ", Describe(world.memory)));
  }
  ExpandOperators(world);
}

}  // namespace belay::fleet::model
