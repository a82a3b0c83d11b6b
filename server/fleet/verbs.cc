// The table of docs/fleet.md, and how a state is told.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/digest.h"
#include "server/fleet/engine.h"

namespace belay::fleet {
namespace {

using Kind = Allowance::Kind;

Allowance Refused(const std::string& why) { return {Kind::Refused, why}; }
Allowance Takes() { return {Kind::Takes, ""}; }
Allowance Already() { return {Kind::Already, ""}; }

bool Is(const State& state, v1::RolloutPhase phase) { return state.phase == phase; }

Allowance JudgePause(const State& state) {
  if (Is(state, v1::ROLLOUT_PHASE_RUNNING)) return Takes();
  if (Is(state, v1::ROLLOUT_PHASE_PAUSED)) return Already();
  return Refused("it does not run, so nothing begins anyway");
}

Allowance JudgeResume(const State& state) {
  if (Is(state, v1::ROLLOUT_PHASE_PAUSED)) return Takes();
  if (Is(state, v1::ROLLOUT_PHASE_RUNNING)) return Already();
  if (Is(state, v1::ROLLOUT_PHASE_AWAITING_APPROVAL)) {
    return Refused("it waits for an approval; somebody other than its submitter gives it");
  }
  if (Is(state, v1::ROLLOUT_PHASE_STOPPED)) {
    return Refused("it has stopped; what goes on from here is retry");
  }
  return Refused("it is not paused");
}

Allowance JudgeAbort(const State& state) {
  if (Is(state, v1::ROLLOUT_PHASE_STOPPING) || Is(state, v1::ROLLOUT_PHASE_STOPPED)) {
    return Already();
  }
  if (Is(state, v1::ROLLOUT_PHASE_COMPLETED)) return Refused("it has ended");
  return Takes();
}

Allowance JudgeApprove(const State& state, const v1::OperatorWord& word) {
  if (Is(state, v1::ROLLOUT_PHASE_AWAITING_APPROVAL)) {
    if (word.operator_().empty() || word.operator_() == state.submitter) {
      return Refused("whoever submitted it cannot approve it; ask somebody else");
    }
    return Takes();
  }
  if (Is(state, v1::ROLLOUT_PHASE_RUNNING) || Is(state, v1::ROLLOUT_PHASE_PAUSED)) {
    return state.approved_by.empty() ? Refused("it needs no approval") : Already();
  }
  return Refused("it has ended, or is being stopped");
}

Allowance JudgeRetry(const State& state, const v1::OperatorWord& word) {
  const bool same = !word.request_id().empty() && word.request_id() == state.retry_request;
  if (same) return Already();
  if (Is(state, v1::ROLLOUT_PHASE_STOPPED)) {
    if (state.stop_cause != v1::STOP_CAUSE_DEFECT) return Takes();
    return Refused("a defect of belay-server stopped it; start a new one");
  }
  if (Is(state, v1::ROLLOUT_PHASE_COMPLETED)) return Refused("there is nothing left to retry");
  return Refused("it has not ended; only a stopped one is retried");
}

}  // namespace

Allowance Judge(const State& state, const v1::FleetEvent& event) {
  if (Is(state, v1::ROLLOUT_PHASE_UNSPECIFIED)) return Refused("it has not started");
  switch (event.kind_case()) {
    case v1::FleetEvent::kPaused:
      return JudgePause(state);
    case v1::FleetEvent::kResumed:
      return JudgeResume(state);
    case v1::FleetEvent::kAborted:
      return JudgeAbort(state);
    case v1::FleetEvent::kApproved:
      return JudgeApprove(state, event.approved());
    case v1::FleetEvent::kRetried:
      return JudgeRetry(state, event.retried());
    case v1::FleetEvent::kStarted:
    case v1::FleetEvent::kRecovered:
    case v1::FleetEvent::kClusterEnded:
    case v1::FleetEvent::kSoakEnded:
    case v1::FleetEvent::kDeadlinePassed:
    case v1::FleetEvent::kFrozen:
    case v1::FleetEvent::KIND_NOT_SET:
      break;
  }
  return Refused("this is nothing an operator asks for");
}

// Length-prefixed, so that no two states share a text.
std::string StateDigest(const State& state) {
  std::string text = absl::StrCat(static_cast<int>(state.phase), ";", state.stage, ";",
                                  state.soaking, state.soaked, state.resumed, state.soaks,
                                  state.has_deadline, state.needs_approval, ";", state.parallel,
                                  ";", state.budget, ";", static_cast<int>(state.stop_cause), ";");
  const auto add = [&text](const std::string& field) {
    absl::StrAppend(&text, field.size(), ":", field, ";");
  };
  for (const ClusterProgress& cluster : state.clusters) {
    add(cluster.name);
    absl::StrAppend(&text, cluster.stage, ";", static_cast<int>(cluster.phase), ";",
                    cluster.attempt, ";");
    add(cluster.reason);
  }
  for (const Stage& stage : state.stages) {
    add(stage.name);
    absl::StrAppend(&text, stage.strict, stage.pause_after, ";");
  }
  for (const std::string* field : {&state.submitter, &state.approved_by, &state.paused_by,
                                   &state.stop_cluster, &state.stop_reason, &state.retry_request}) {
    add(*field);
  }
  return Sha256Hex(text);
}

std::string Describe(const State& state) {
  std::size_t done = 0;
  std::string under_way;
  for (const ClusterProgress& cluster : state.clusters) {
    done += cluster.phase == v1::CLUSTER_PHASE_COMPLETED ? 1 : 0;
    if (cluster.phase != v1::CLUSTER_PHASE_RUNNING) continue;
    absl::StrAppend(&under_way, under_way.empty() ? "" : ", ", cluster.name);
  }
  const std::uint32_t fallen = Fallen(state);
  const std::string count =
      absl::StrCat(done, " of ", state.clusters.size(), " clusters completed",
                   fallen == 0 ? "" : absl::StrCat(", ", fallen, " did not get there"));
  const std::string stage =
      state.stage < state.stages.size() ? state.stages[state.stage].name : std::string();
  switch (state.phase) {
    case v1::ROLLOUT_PHASE_COMPLETED:
      return absl::StrCat("completed: ", count);
    case v1::ROLLOUT_PHASE_STOPPED:
    case v1::ROLLOUT_PHASE_STOPPING:
      return absl::StrCat(
          Is(state, v1::ROLLOUT_PHASE_STOPPED) ? "stopped" : "being stopped",
          state.stop_cluster.empty() ? "" : absl::StrCat(" at ", state.stop_cluster), ": ",
          state.stop_reason, " (", count, ")");
    case v1::ROLLOUT_PHASE_PAUSED:
      return absl::StrCat("paused by ", state.paused_by, ", ", count);
    case v1::ROLLOUT_PHASE_AWAITING_APPROVAL:
      return absl::StrCat("waiting for somebody other than ", state.submitter, " to approve");
    case v1::ROLLOUT_PHASE_RUNNING:
      if (state.soaking) return absl::StrCat("soaking after ", stage, ", ", count);
      return absl::StrCat(stage, " runs in ", under_way, ", ", count);
    default:
      return "not started";
  }
}

}  // namespace belay::fleet
