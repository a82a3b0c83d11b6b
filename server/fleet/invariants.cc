// What must hold of every state and step of a fleet rollout.  Used by the model checker and, as
// checks, in production.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/fleet/engine.h"

namespace belay::fleet {
namespace {

bool GoesOn(v1::RolloutPhase phase) {
  return phase == v1::ROLLOUT_PHASE_RUNNING || phase == v1::ROLLOUT_PHASE_PAUSED ||
         phase == v1::ROLLOUT_PHASE_AWAITING_APPROVAL;
}
bool IsDone(const ClusterProgress& cluster) {
  return cluster.phase == v1::CLUSTER_PHASE_COMPLETED || cluster.phase == v1::CLUSTER_PHASE_FALLEN;
}
std::size_t Running(const State& state) {
  return static_cast<std::size_t>(
      std::count_if(state.clusters.begin(), state.clusters.end(),
                    [](const ClusterProgress& c) { return c.phase == v1::CLUSTER_PHASE_RUNNING; }));
}

// What a cluster's phase may become.
bool MayBecome(const ClusterProgress& was, const ClusterProgress& is, bool retried) {
  if (was.attempt != is.attempt) {
    return retried && is.attempt == was.attempt + 1 &&
           (was.phase == v1::CLUSTER_PHASE_FALLEN || was.phase == v1::CLUSTER_PHASE_HELD_BACK);
  }
  if (was.phase == is.phase) return true;
  if (was.phase == v1::CLUSTER_PHASE_WAITING) return is.phase == v1::CLUSTER_PHASE_RUNNING;
  return was.phase == v1::CLUSTER_PHASE_RUNNING && is.phase != v1::CLUSTER_PHASE_WAITING;
}

std::optional<std::string> BrokenClusters(const State& state) {
  for (const ClusterProgress& cluster : state.clusters) {
    if (cluster.stage >= state.stages.size()) return "a cluster is in a stage that there is not";
    if (cluster.phase == v1::CLUSTER_PHASE_RUNNING && cluster.stage != state.stage) {
      return absl::StrCat(cluster.name, " is under way in a stage that was not reached");
    }
    if (!GoesOn(state.phase)) continue;
    if (cluster.phase == v1::CLUSTER_PHASE_FALLEN && state.stages[cluster.stage].strict) {
      return absl::StrCat("it goes on although ", cluster.name, " fell in a strict stage");
    }
    if (cluster.phase == v1::CLUSTER_PHASE_HELD_BACK) {
      return absl::StrCat("it goes on although ", cluster.name, " was held back");
    }
    if (cluster.stage < state.stage && !IsDone(cluster)) {
      return absl::StrCat(cluster.name, " is not done and its stage has passed");
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> BrokenInvariant(const State& state) {
  if (state.phase == v1::ROLLOUT_PHASE_UNSPECIFIED) return std::nullopt;
  if (auto broken = BrokenClusters(state)) return broken;
  const std::size_t running = Running(state);
  if (running > state.parallel) return "more clusters are under way than may be";
  if (GoesOn(state.phase) && Fallen(state) > state.budget) {
    return "it goes on although more have fallen than may";
  }
  const bool stopping = state.phase == v1::ROLLOUT_PHASE_STOPPING;
  const bool stopped = state.phase == v1::ROLLOUT_PHASE_STOPPED;
  if (stopping && running == 0) return "being stopped although nothing is under way";
  if (HasEnded(state) && running > 0) return "ended with a cluster under way";
  if ((stopping || stopped) != (state.stop_cause != v1::STOP_CAUSE_UNSPECIFIED)) {
    return "stopped without a cause, or a cause without a stop";
  }
  const bool all_done = std::all_of(state.clusters.begin(), state.clusters.end(), IsDone);
  if (state.phase == v1::ROLLOUT_PHASE_COMPLETED && !all_done) {
    return "completed with a cluster that is not done";
  }
  if (state.phase == v1::ROLLOUT_PHASE_AWAITING_APPROVAL && running > 0) {
    return "a cluster is under way that nobody has approved";
  }
  if (state.needs_approval && state.phase == v1::ROLLOUT_PHASE_RUNNING &&
      (state.approved_by.empty() || state.approved_by == state.submitter)) {
    return "it runs without the approval of somebody other than its submitter";
  }
  if ((state.phase == v1::ROLLOUT_PHASE_PAUSED) == state.paused_by.empty()) {
    return "paused by nobody, or somebody's pause is not kept";
  }
  if (state.soaking && (!GoesOn(state.phase) || running > 0)) {
    return "a soak time runs after the end, or beside a cluster that is under way";
  }
  return std::nullopt;
}

std::optional<std::string> BrokenTransition(const State& before, const v1::FleetEvent& event,
                                            const Step& after) {
  const State& now = after.state;
  if (before.phase == v1::ROLLOUT_PHASE_UNSPECIFIED) return std::nullopt;
  const bool retried = event.has_retried() && before.phase == v1::ROLLOUT_PHASE_STOPPED;
  if (HasEnded(before) && !retried && now != before) return "an ended fleet rollout has changed";
  if (before.phase == v1::ROLLOUT_PHASE_STOPPING && GoesOn(now.phase)) {
    return "what was being stopped goes on";
  }
  if (before.phase == v1::ROLLOUT_PHASE_PAUSED && now.phase == v1::ROLLOUT_PHASE_RUNNING &&
      !event.has_resumed()) {
    return "what was paused runs although nobody has resumed it";
  }
  if (before.phase == v1::ROLLOUT_PHASE_AWAITING_APPROVAL &&
      now.phase == v1::ROLLOUT_PHASE_RUNNING && !event.has_approved()) {
    return "it runs although nobody has approved it";
  }
  if (before.clusters.size() != now.clusters.size() || before.stages != now.stages) {
    return "the clusters or stages have changed";
  }
  if (now.stage > before.stage && !retried) {
    const Stage& passed = before.stages[before.stage];
    if (passed.pause_after && !before.resumed && !now.resumed && !event.has_resumed()) {
      return absl::StrCat("nobody has resumed after ", passed.name);
    }
    if (before.soaks && !before.soaked && !event.has_soak_ended()) {
      return absl::StrCat("the soak time after ", passed.name, " is not over");
    }
  }
  for (std::size_t i = 0; i < now.clusters.size(); ++i) {
    const ClusterProgress& was = before.clusters[i];
    const ClusterProgress& is = now.clusters[i];
    if (was.name != is.name || was.stage != is.stage || !MayBecome(was, is, retried)) {
      return absl::StrCat(was.name, " went from phase ", static_cast<int>(was.phase), " to ",
                          static_cast<int>(is.phase));
    }
    const bool begun = is.phase == v1::CLUSTER_PHASE_RUNNING &&
                       (was.phase != is.phase || was.attempt != is.attempt);
    if (begun && (now.phase != v1::ROLLOUT_PHASE_RUNNING || now.soaking)) {
      return absl::StrCat(is.name, " began although the fleet does not run");
    }
  }
  // Progress cannot stop: what runs waits for something that comes by itself.
  if (now.phase == v1::ROLLOUT_PHASE_RUNNING && !now.soaking && Running(now) == 0) {
    return "it runs but waits for nothing";
  }
  return std::nullopt;
}

}  // namespace belay::fleet
