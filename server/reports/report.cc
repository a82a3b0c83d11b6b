#include "absl/strings/str_cat.h"
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
    for (const v1::Step& planned : plan.steps()) {
      if (!row.reverts.empty()) break;  // the node says which there are
      v1::StepOutcome& step = *node.add_steps();
      step.set_name(planned.name());
      *step.mutable_controls() = planned.controls();
    }
    for (const store::RecordRow& entry : records) {
      const v1::Record& record = entry.record;
      if (entry.node != progress.name || record.run().rollout_id() != row.id ||
          record.run().attempt() != progress.attempt ||
          record.run().plan_digest() != row.plan_digest) {
        continue;
      }
      for (const std::string& name : record.run_accepted().undoes().names()) {
        node.add_steps()->set_name(absl::StrCat(name, ", backwards"));
      }
      if (!IsOfStep(record)) continue;
      const auto index = static_cast<std::size_t>(record.step());
      if (index >= static_cast<std::size_t>(node.steps_size())) continue;
      Apply(record, *node.mutable_steps(static_cast<int>(index)));
    }
  }
  return report;
}

}  // namespace belay::reports
