#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/plan/phases.h"
#include "common/plan/sign.h"
#include "server/reports/reports.h"

namespace belay::reports {
namespace {

// The next command to type.  Every stop has one; what the node said comes first.
std::string NextOf(const store::RolloutRow& row, const rollout::State& state) {
  if (state.phase == v1::ROLLOUT_PHASE_AWAITING_APPROVAL) {
    return absl::StrCat("belayctl rollout approve ", row.id, "   # by somebody other than ",
                        state.submitter);
  }
  if (state.phase == v1::ROLLOUT_PHASE_PAUSED) {
    return absl::StrCat("belayctl rollout resume ", row.id);
  }
  if (state.phase != v1::ROLLOUT_PHASE_STOPPED) return "";
  const std::string report = absl::StrCat("belayctl report ", row.id);
  const std::string node = absl::StrCat(row.cluster, "/", state.stop_node);
  if (state.stop_cause == v1::STOP_CAUSE_EMERGENCY_STOP) {
    return absl::StrCat(report, "   # then mend ", node,
                        " by the commands shown there, and: belayctl node clear-emergency ", node,
                        " --reason REASON");
  }
  if (state.stop_cause == v1::STOP_CAUSE_SILENT ||
      state.stop_cause == v1::STOP_CAUSE_CLUSTER_NOT_READY) {
    return absl::StrCat("belayctl node list   # then: ", report);
  }
  if (state.stop_cause == v1::STOP_CAUSE_ABORTED || state.stop_cause == v1::STOP_CAUSE_DEADLINE) {
    return absl::StrCat(report, "   # and to go on: belayctl rollout retry ", row.id);
  }
  if (state.next.empty()) return report;
  return absl::StrCat(report, "   # then: ", state.next);
}

std::string WaitingFor(const rollout::State& state) {
  for (const rollout::NodeProgress& node : state.nodes) {
    if (rollout::IsInFlight(node.phase)) return "";
  }
  if (state.phase == v1::ROLLOUT_PHASE_AWAITING_APPROVAL) {
    return absl::StrCat("the approval of somebody other than ", state.submitter);
  }
  if (state.phase == v1::ROLLOUT_PHASE_PAUSED) {
    return absl::StrCat("somebody to resume it; paused by ", state.paused_by);
  }
  if (state.phase != v1::ROLLOUT_PHASE_RUNNING) return "";
  if (!state.soaking.empty()) return absl::StrCat("the soak time after ", state.soaking);
  if (!state.hold.empty()) return state.hold;
  if (state.awaiting_readiness.empty()) return "";
  std::vector<std::string> missing;
  std::set_difference(state.cluster.begin(), state.cluster.end(), state.ready.begin(),
                      state.ready.end(), std::back_inserter(missing));
  return absl::StrCat(absl::StrJoin(missing, ", "), " to be connected and ready, before ",
                      state.awaiting_readiness, " begins");
}

void SetRow(const store::RolloutRow& row, v1::Rollout& rollout) {
  rollout.set_id(row.id);
  rollout.set_cluster(row.cluster);
  rollout.set_plan_name(row.plan_name);
  rollout.set_plan_digest(row.plan_digest);
  rollout.set_started_by(row.started_by);
  rollout.set_started_unix_ms(row.started_unix_ms);
  rollout.set_finished_unix_ms(row.finished_unix_ms);
  *rollout.mutable_options() = row.options;
  rollout.set_reverts(row.reverts);
}

void SetPhases(const store::RolloutRow& row, const rollout::State& state, v1::Rollout& rollout) {
  if (state.plan_phase == 0) return;
  v1::PhaseOfPlan& phase = *rollout.mutable_plan_phase();
  phase.set_number(state.plan_phase);
  const absl::StatusOr<v1::RemediationPlan> plan = DecodeUnverified(row.plan);
  if (!plan.ok()) return;  // of a newer version; the numbers say enough
  phase.set_count(static_cast<std::uint32_t>(plan->phases_size()));
  phase.set_name(PhaseName(*plan, state.plan_phase));
  phase.set_last(PhaseName(*plan, state.last_phase));
  for (std::size_t i = 0; i < state.nodes.size(); ++i) {
    rollout.mutable_nodes(static_cast<int>(i))
        ->set_committed_phase(PhaseName(*plan, state.nodes[i].committed_phase));
  }
}

}  // namespace

absl::StatusOr<rollout::State> Replay(const std::string& rollout_id,
                                      const std::vector<store::EventRow>& events) {
  rollout::State state;
  for (const store::EventRow& row : events) {
    state = rollout::Advance(state, row.event).state;
    if (rollout::StateDigest(state) == row.state_digest) continue;
    return absl::DataLossError(absl::StrCat(
        "replay of rollout ", rollout_id, ": event ", row.seq,
        " leads to another state than it did when it happened; nothing was changed. The database "
        "was altered, or was written by another belay-server: run the one that wrote it"));
  }
  return state;
}

v1::Rollout Unreadable(const store::RolloutRow& row, const std::string& why) {
  v1::Rollout rollout;
  SetRow(row, rollout);
  rollout.set_phase(v1::ROLLOUT_PHASE_UNREADABLE);
  rollout.set_stop_cause(v1::STOP_CAUSE_DEFECT);
  rollout.set_stop_reason(why);
  for (const std::string& name : row.order) {
    v1::RolloutNode& node = *rollout.add_nodes();
    node.set_name(name);
    node.set_reason("not known: the rollout cannot be read");
  }
  if (row.finished_unix_ms == 0) {
    rollout.set_next(absl::StrCat("see to each node of ", row.cluster,
                                  ", then: belayctl rollout abort ", row.id, " --reason REASON"));
  }
  return rollout;
}

v1::Rollout Snapshot(const store::RolloutRow& row, const rollout::State& state) {
  v1::Rollout rollout;
  SetRow(row, rollout);
  rollout.set_phase(state.phase);
  rollout.set_stop_cause(state.stop_cause);
  rollout.set_stop_node(state.stop_node);
  rollout.set_stop_reason(state.stop_reason);
  rollout.set_next(NextOf(row, state));
  rollout.set_waiting_for(WaitingFor(state));
  rollout.set_approved_by(state.approved_by);
  rollout.set_paused_by(state.paused_by);
  for (const rollout::NodeProgress& progress : state.nodes) {
    v1::RolloutNode& node = *rollout.add_nodes();
    node.set_name(progress.name);
    node.set_phase(progress.phase);
    node.set_reason(progress.reason);
    node.set_attempt(progress.attempt);
    if (rollout::IsInFlight(progress.phase)) {
      node.set_progress(progress.phase == v1::NODE_PHASE_DISPATCHED ? "told to begin"
                                                                    : "in progress");
    }
  }
  SetPhases(row, state, rollout);
  return rollout;
}

}  // namespace belay::reports
