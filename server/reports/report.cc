#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/plan/phases.h"
#include "server/reports/reports.h"

namespace belay::reports {
namespace {

// One record into the outcome of its step.  Later records of a step complete earlier ones.
void Apply(const v1::Record& record, v1::StepOutcome& step) {
  const auto finish = [&](v1::Verdict verdict, const std::string& reason) {
    step.set_verdict(verdict);
    step.set_reason(reason);
    step.set_finished_unix_ms(record.wall_unix_ms());
  };
  switch (record.kind_case()) {
    case v1::Record::kPrepared:
      *step.mutable_changes() = record.prepared().changes();
      step.set_prepared_unix_ms(record.wall_unix_ms());
      return;
    case v1::Record::kCommitted:
      *step.mutable_report() = record.committed().report();
      return finish(v1::VERDICT_COMMITTED, "");
    case v1::Record::kRollingBack:
      *step.mutable_report() = record.rolling_back().report();
      step.set_reason(record.rolling_back().reason());
      return;
    case v1::Record::kRolledBack:
      *step.mutable_rollback_report() = record.rolled_back().report();
      return finish(v1::VERDICT_ROLLED_BACK, record.rolled_back().reason());
    case v1::Record::kQuarantined:
      return finish(v1::VERDICT_QUARANTINED, record.quarantined().reason());
    case v1::Record::kEmergencyStop:
      *step.mutable_rollback_report() = record.emergency_stop().report();
      *step.mutable_manual_commands() = record.emergency_stop().manual_commands();
      return finish(v1::VERDICT_EMERGENCY_STOP, record.emergency_stop().reason());
    case v1::Record::kJournalCreated:
    case v1::Record::kRunAccepted:
    case v1::Record::kRunRefused:
    case v1::Record::kApplied:
    case v1::Record::kGateResumed:
    case v1::Record::kRestored:
    case v1::Record::kEmergencyCleared:
    case v1::Record::kRunFinished:
    case v1::Record::kCheckpoint:
    case v1::Record::KIND_NOT_SET:
      return;
  }
}

bool IsOfStep(const v1::Record& record) {
  return record.has_prepared() || record.has_committed() || record.has_rolling_back() ||
         record.has_rolled_back() || record.has_quarantined() || record.has_emergency_stop();
}

bool IsOf(const store::RolloutRow& row, const rollout::NodeProgress& node,
          const store::RecordRow& entry) {
  const v1::RunKey& run = entry.record.run();
  return entry.node == node.name && run.rollout_id() == row.id &&
         run.plan_digest() == row.plan_digest;
}

// By phase.  Of the one that the rollout is in the engine knows; of those before it the last one
// that the node has told is the one that committed.
std::map<std::uint32_t, std::uint32_t> LastAttempts(const store::RolloutRow& row,
                                                    const rollout::State& state,
                                                    const rollout::NodeProgress& node,
                                                    const std::vector<store::RecordRow>& records) {
  std::map<std::uint32_t, std::uint32_t> attempts;
  for (const store::RecordRow& entry : records) {
    if (!IsOf(row, node, entry)) continue;
    std::uint32_t& attempt = attempts[entry.record.run().phase()];
    attempt = std::max(attempt, entry.record.run().attempt());
  }
  attempts[state.plan_phase] = node.attempt;
  return attempts;
}

}  // namespace

v1::RolloutReport Report(const store::RolloutRow& row, const rollout::State& state,
                         const std::vector<store::RecordRow>& records,
                         const v1::RemediationPlan& plan) {
  v1::RolloutReport report;
  *report.mutable_rollout() = Snapshot(row, state);
  for (const rollout::NodeProgress& progress : state.nodes) {
    v1::NodeReport& node = *report.add_nodes();
    node.set_node(progress.name);
    node.set_phase(progress.phase);
    node.set_reason(progress.reason);
    for (int i = 0; i < plan.steps_size(); ++i) {
      if (!row.reverts.empty()) break;  // the node says which there are
      v1::StepOutcome& step = *node.add_steps();
      step.set_name(plan.steps(i).name());
      step.set_phase(PhaseName(plan, PhaseOfStep(plan, i)));
      *step.mutable_controls() = plan.steps(i).controls();
    }
    const std::map<std::uint32_t, std::uint32_t> attempts =
        LastAttempts(row, state, progress, records);
    std::size_t undone_before = 0;  // by the runs of other phases
    for (const store::RecordRow& entry : records) {
      const v1::Record& record = entry.record;
      const v1::RunKey& run = record.run();
      if (!IsOf(row, progress, entry) || run.attempt() != attempts.at(run.phase())) continue;
      if (record.run_accepted().has_undoes()) {
        undone_before = static_cast<std::size_t>(node.steps_size());
      }
      for (const std::string& name : record.run_accepted().undoes().names()) {
        v1::StepOutcome& step = *node.add_steps();
        step.set_name(absl::StrCat(name, ", backwards"));
        step.set_phase(PhaseName(plan, run.phase()));
      }
      if (!IsOfStep(record)) continue;
      const std::size_t index = undone_before + record.step();
      if (index >= static_cast<std::size_t>(node.steps_size())) continue;
      Apply(record, *node.mutable_steps(static_cast<int>(index)));
    }
  }
  return report;
}

}  // namespace belay::reports
