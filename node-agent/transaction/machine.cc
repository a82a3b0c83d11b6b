#include "node-agent/transaction/machine.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/plan/phases.h"
#include "node-agent/transaction/checkpoint.h"
#include "node-agent/transaction/phase_order.h"
#include "node-agent/transaction/undo.h"

namespace belay {
namespace {

using Kind = v1::Record::KindCase;

std::string KindName(const v1::Record& record) {
  const auto* field =
      record.GetDescriptor()->FindFieldByNumber(static_cast<int>(record.kind_case()));
  return field == nullptr ? "of unknown kind" : field->name();
}

// Empty when `record` may follow; else why not.
std::string CheckTransaction(const NodeState& state, const v1::Record& record, bool phase_fits) {
  if (!state.current) return "no run is in progress";
  if (RunKeyText(record.run()) != RunKeyText(state.current->key)) return "it is of another run";
  if (state.due_outcome) return "the run has ended and only run_finished may follow";
  if (!phase_fits) return "it does not belong to this phase";
  const bool opens = state.phase == Phase::Idle;
  if (record.step() != (opens ? state.current->next_step : state.step)) return "wrong step";
  if (opens && record.step() >= state.current->step_count) return "the plan has no such step";
  return "";
}

std::string CheckAccepted(const NodeState& state, const v1::Record& record) {
  const v1::RunAccepted& accepted = record.run_accepted();
  v1::RemediationPlan plan;
  if (state.current) return "another run is in progress";
  if (state.emergency) return "the node is in emergency stop";
  if (record.run().rollout_id().empty()) return "it names no run";
  if (state.finished_runs.count(RunKeyText(record.run())) != 0) return "the run is finished";
  if (accepted.epoch() < state.highest_epoch) return "its epoch is old";
  if (accepted.has_undoes()) {
    return WhyNotUndone(state, record.run().phase(), accepted.undoes());
  }
  if (!plan.ParseFromString(accepted.plan().plan()) || plan.steps_size() == 0) {
    return "its plan has no steps";
  }
  if (!StepsOfPhase(plan, record.run().phase())) return "its plan has no such phase";
  return WhyPhaseNotDue(state, record.run());
}

std::string CheckRefused(const NodeState& state, const v1::Record& record) {
  const std::string key = RunKeyText(record.run());
  if (record.run().rollout_id().empty()) return "it names no run";
  if (state.current && key == RunKeyText(state.current->key)) return "the run is in progress";
  if (state.finished_runs.count(key) != 0) return "the run is finished";
  return "";
}

std::string CheckFinished(const NodeState& state, const v1::Record& record) {
  const v1::Verdict verdict = record.run_finished().verdict();
  if (!state.current) return "no run is in progress";
  if (RunKeyText(record.run()) != RunKeyText(state.current->key)) return "it is of another run";
  if (state.phase != Phase::Idle) return "a transaction is in progress";
  if (state.due_outcome) {
    return verdict == state.due_outcome->verdict() ? "" : "it contradicts the verdict of the step";
  }
  if (verdict == v1::VERDICT_REFUSED) return "";
  if (verdict != v1::VERDICT_COMMITTED) return "no step has ended with that verdict";
  if (state.current->next_step != state.current->step_count) return "steps are left";
  return "";
}

std::string CheckCleared(const NodeState& state, const v1::Record& record) {
  const std::string& request = record.emergency_cleared().request_id();
  if (!state.emergency) return "there is no emergency";
  if (state.current) return "a run is in progress";
  if (request.empty() || state.cleared_requests.count(request) != 0) return "its request was used";
  if (record.emergency_cleared().reason().empty()) return "it has no reason";
  return "";
}

std::string Check(const NodeState& state, const v1::Record& record) {
  const Phase phase = state.phase;
  switch (record.kind_case()) {
    case Kind::kJournalCreated:
      return record.journal_created().journal_id().empty() ? "it has no id"
             : state.journal_id.empty()                    ? ""
                                                           : "the journal has begun before";
    case Kind::kRunAccepted:
      return CheckAccepted(state, record);
    case Kind::kRunRefused:
      return CheckRefused(state, record);
    case Kind::kPrepared:
      if (record.prepared().changes().empty()) return "it changes nothing";
      return CheckTransaction(state, record, phase == Phase::Idle);
    case Kind::kApplied:
      return CheckTransaction(state, record, phase == Phase::Prepared);
    case Kind::kGateResumed:
      return CheckTransaction(state, record, phase == Phase::Applied || phase == Phase::Restored);
    case Kind::kCommitted: {
      const bool changed = record.committed().report().changed();
      if (!changed && state.current && state.current->undoes) return "it has undone nothing";
      return CheckTransaction(state, record, phase == (changed ? Phase::Applied : Phase::Idle));
    }
    case Kind::kRollingBack:
      return CheckTransaction(state, record, phase == Phase::Prepared || phase == Phase::Applied);
    case Kind::kRestored:
      return CheckTransaction(state, record, phase == Phase::RollingBack);
    case Kind::kRolledBack:
      return CheckTransaction(state, record, phase == Phase::Restored);
    case Kind::kQuarantined:
      return CheckTransaction(state, record, phase != Phase::Idle);
    case Kind::kEmergencyStop:
      return CheckTransaction(state, record,
                              phase == Phase::RollingBack || phase == Phase::Restored);
    case Kind::kEmergencyCleared:
      return CheckCleared(state, record);
    case Kind::kRunFinished:
      return CheckFinished(state, record);
    case Kind::kCheckpoint:
      return "it is not the first one";
    case Kind::KIND_NOT_SET:
      return "its kind is unknown";
  }
  return "its kind is unknown";
}

v1::RunFinished Outcome(v1::Verdict verdict, const std::string& reason, const std::string& next) {
  v1::RunFinished outcome;
  outcome.set_verdict(verdict);
  outcome.set_reason(reason);
  outcome.set_next(next);
  return outcome;
}

void Close(NodeState* state) {
  state->phase = Phase::Idle;
  state->prepared.Clear();
  state->applied.Clear();
  state->rolling_back.Clear();
  state->restored.Clear();
  state->gate_resumes = 0;
  state->prepared_seq = 0;
  state->prepared_unix_ms = 0;
  state->step = 0;
}

void CloseWith(NodeState* state, v1::RunFinished outcome) {
  Close(state);
  state->due_outcome = std::move(outcome);
}

void Keep(NodeState* state, RunState run, const v1::RunFinished& outcome) {
  run.finished = true;
  run.outcome = outcome;
  run.plan.Clear();  // nobody reads it any more, and every run is remembered for ever
  state->last_finished = RunKeyText(run.key);
  state->finished_runs[state->last_finished] = std::move(run);
}

void KeepStep(NodeState* state, const v1::Record& record) {
  KeptStep step{record.run(), record.seq(), record.wall_unix_ms(), {}};
  for (const v1::FileChange& change : record.prepared().changes()) {
    step.changes.push_back(change);
    step.changes.back().clear_diff();
  }
  state->kept_steps.push_back(std::move(step));
  if (state->kept_steps.size() > kStepsKept) state->kept_steps.erase(state->kept_steps.begin());
}

void OpenRun(NodeState* state, const v1::Record& record) {
  v1::RemediationPlan plan;
  plan.ParseFromString(record.run_accepted().plan().plan());
  RunState& run = state->current.emplace();
  run.key = record.run();
  run.plan = record.run_accepted().plan();
  run.epoch = record.run_accepted().epoch();
  if (record.run_accepted().has_undoes()) {
    run.undoes = record.run_accepted().undoes();
    run.step_count = static_cast<std::uint32_t>(run.undoes->prepared_seqs_size());
  } else if (const auto steps = StepsOfPhase(plan, run.key.phase())) {
    run.first_step = run.next_step = steps->first;
    run.step_count = steps->end;
  }
  state->highest_epoch = run.epoch;
}

void BeginRollback(NodeState* state, const v1::RollingBack& rolling_back) {
  if (state->phase == Phase::Prepared) {
    // A process that started after this moment may have read a new manifest.
    const bool untouched = rolling_back.manifests_untouched();
    state->applied.set_boot_id(untouched ? rolling_back.boot_id() : state->prepared.boot_id());
    state->applied.set_boottime_ns(untouched ? rolling_back.boottime_ns()
                                             : state->prepared.boottime_ns());
  }
  state->phase = Phase::RollingBack;
  state->rolling_back = rolling_back;
  state->gate_resumes = 0;
}

void Apply(NodeState* state, const v1::Record& record) {
  switch (record.kind_case()) {
    case Kind::kJournalCreated:
      state->journal_id = record.journal_created().journal_id();
      return;
    case Kind::kRunAccepted:
      OpenRun(state, record);
      return;
    case Kind::kRunRefused: {
      RunState run;
      run.key = record.run();
      const v1::RunRefused& refused = record.run_refused();
      Keep(state, std::move(run), Outcome(v1::VERDICT_REFUSED, refused.reason(), refused.next()));
      return;
    }
    case Kind::kPrepared:
      state->phase = Phase::Prepared;
      state->prepared = record.prepared();
      state->prepared_seq = record.seq();
      state->prepared_unix_ms = record.wall_unix_ms();
      state->step = record.step();
      KeepStep(state, record);
      return;
    case Kind::kApplied:
      state->phase = Phase::Applied;
      state->applied = record.applied();
      return;
    case Kind::kGateResumed:
      ++state->gate_resumes;
      return;
    case Kind::kCommitted:
      if (record.committed().report().changed()) CountCommitted(state);
      Close(state);
      ++state->current->next_step;
      return;
    case Kind::kRollingBack:
      BeginRollback(state, record.rolling_back());
      return;
    case Kind::kRestored:
      state->phase = Phase::Restored;
      state->restored = record.restored();
      return;
    case Kind::kRolledBack:
      CloseWith(state, Outcome(v1::VERDICT_ROLLED_BACK, record.rolled_back().reason(),
                               "read the report, correct the plan and start a new rollout"));
      return;
    case Kind::kQuarantined:
      CloseWith(state, Outcome(v1::VERDICT_QUARANTINED, record.quarantined().reason(),
                               record.quarantined().next()));
      return;
    case Kind::kEmergencyStop:
      state->emergency = true;
      state->emergency_reason = record.emergency_stop().reason();
      CloseWith(state, Outcome(v1::VERDICT_EMERGENCY_STOP, record.emergency_stop().reason(),
                               "on the node, run the commands that the report names, see that the "
                               "component is healthy, then: belayctl node clear-emergency"));
      return;
    case Kind::kEmergencyCleared:
      state->emergency = false;
      state->emergency_reason.clear();
      state->cleared_requests.insert(record.emergency_cleared().request_id());
      return;
    case Kind::kRunFinished:
      Keep(state, *std::move(state->current), record.run_finished());
      state->current.reset();
      state->due_outcome.reset();
      return;
    case Kind::kCheckpoint:  // never gets here: Advance begins with it
    case Kind::KIND_NOT_SET:
      return;
  }
}

}  // namespace

std::string RunKeyText(const v1::RunKey& key) {
  return absl::StrCat(key.rollout_id(), "/", key.attempt(), "/", key.plan_digest(),
                      key.phase() == 0 ? "" : absl::StrCat("/", key.phase()));
}

std::string PhaseText(Phase phase) {
  switch (phase) {
    case Phase::Idle:
      return "idle";
    case Phase::Prepared:
      return "prepared";
    case Phase::Applied:
      return "applied";
    case Phase::RollingBack:
      return "rolling back";
    case Phase::Restored:
      return "restored";
  }
  return "unknown";
}

bool IsAtRest(const NodeState& state) {
  return state.phase == Phase::Idle && !state.current && !state.due_outcome && !state.emergency;
}

absl::StatusOr<NodeState> Advance(NodeState state, const v1::Record& record) {
  if (record.has_checkpoint() && state.last_seq == 0) return StateOf(record);
  std::string why;
  if (record.seq() != state.last_seq + 1) {
    why = absl::StrCat("record ", state.last_seq + 1, " is missing");
  } else if (state.journal_id.empty() && !record.has_journal_created()) {
    why = "the journal has no beginning";
  } else {
    why = Check(state, record);
  }
  if (!why.empty()) {
    return absl::DataLossError(absl::StrCat(
        "journal: record ", record.seq(), " (", KindName(record), ") cannot follow in phase ",
        PhaseText(state.phase), ": ", why, "; nothing was changed"));
  }
  Apply(&state, record);
  state.last_seq = record.seq();
  return state;
}

absl::StatusOr<NodeState> Fold(const std::vector<v1::Record>& records) {
  NodeState state;
  for (const v1::Record& record : records) {
    ASSIGN_OR_RETURN(state, Advance(std::move(state), record));
  }
  return state;
}

}  // namespace belay
