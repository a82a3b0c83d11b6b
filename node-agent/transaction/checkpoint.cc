#include "node-agent/transaction/checkpoint.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "node-agent/transaction/journal.h"

namespace belay {
namespace {

// Maps in order: equal messages give equal bytes.
bool Same(const google::protobuf::Message& a, const google::protobuf::Message& b) {
  return CanonicalBytes(a) == CanonicalBytes(b);
}

bool Same(const std::optional<v1::Undoes>& a, const std::optional<v1::Undoes>& b) {
  return a.has_value() == b.has_value() && (!a || Same(*a, *b));
}

bool Same(const RunState& a, const RunState& b) {
  return Same(a.key, b.key) && Same(a.plan, b.plan) && a.epoch == b.epoch &&
         a.first_step == b.first_step && a.step_count == b.step_count &&
         a.next_step == b.next_step && a.finished == b.finished && Same(a.outcome, b.outcome) &&
         Same(a.undoes, b.undoes);
}

bool Same(const CommittedStep& a, const CommittedStep& b) {
  return Same(a.run, b.run) && a.step == b.step && a.name == b.name &&
         a.prepared_seq == b.prepared_seq && a.prepared_unix_ms == b.prepared_unix_ms &&
         Same(a.prepared, b.prepared);
}

bool Same(const KeptStep& a, const KeptStep& b) {
  return Same(a.run, b.run) && a.prepared_seq == b.prepared_seq &&
         a.prepared_unix_ms == b.prepared_unix_ms &&
         std::equal(a.changes.begin(), a.changes.end(), b.changes.begin(), b.changes.end(),
                    [](const auto& x, const auto& y) { return Same(x, y); });
}

template <typename List>
bool SameLists(const List& a, const List& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return Same(x, y); });
}

bool SameRuns(const NodeState& a, const NodeState& b) {
  const auto same = [](const auto& x, const auto& y) {
    return x.first == y.first && Same(x.second, y.second);
  };
  if (a.current.has_value() != b.current.has_value()) return false;
  if (a.current && !Same(*a.current, *b.current)) return false;
  if (a.due_outcome.has_value() != b.due_outcome.has_value()) return false;
  if (a.due_outcome && !Same(*a.due_outcome, *b.due_outcome)) return false;
  return a.last_finished == b.last_finished &&
         std::equal(a.finished_runs.begin(), a.finished_runs.end(), b.finished_runs.begin(),
                    b.finished_runs.end(), same);
}

bool SameTransaction(const NodeState& a, const NodeState& b) {
  return a.phase == b.phase && Same(a.prepared, b.prepared) && Same(a.applied, b.applied) &&
         a.prepared_seq == b.prepared_seq && a.prepared_unix_ms == b.prepared_unix_ms &&
         a.step == b.step && a.gate_resumes == b.gate_resumes &&
         Same(a.rolling_back, b.rolling_back) && Same(a.restored, b.restored);
}

}  // namespace

v1::Record CheckpointOf(const NodeState& state, std::int64_t wall_unix_ms) {
  v1::Record record;
  record.set_seq(state.last_seq);
  record.set_wall_unix_ms(wall_unix_ms);
  v1::Checkpoint& checkpoint = *record.mutable_checkpoint();
  checkpoint.set_journal_id(state.journal_id);
  checkpoint.set_highest_epoch(state.highest_epoch);
  for (const std::string& request : state.cleared_requests) {
    checkpoint.add_cleared_requests(request);
  }
  for (const auto& [name, run] : state.finished_runs) {
    v1::FinishedRun& finished = *checkpoint.add_finished_runs();
    *finished.mutable_key() = run.key;
    finished.set_epoch(run.epoch);
    finished.set_first_step(run.first_step);
    finished.set_step_count(run.step_count);
    finished.set_next_step(run.next_step);
    *finished.mutable_outcome() = run.outcome;
    if (run.undoes) *finished.mutable_undoes() = *run.undoes;
  }
  checkpoint.set_last_finished(state.last_finished);
  for (const CommittedStep& step : state.committed_steps) {
    v1::StepDone& done = *checkpoint.add_committed_steps();
    *done.mutable_run() = step.run;
    done.set_step(step.step);
    done.set_name(step.name);
    done.set_prepared_seq(step.prepared_seq);
    done.set_prepared_unix_ms(step.prepared_unix_ms);
    *done.mutable_prepared() = step.prepared;
  }
  for (const std::string& rollout : state.beyond_undoing) checkpoint.add_beyond_undoing(rollout);
  for (const KeptStep& step : state.kept_steps) {
    v1::StepKept& kept = *checkpoint.add_kept_steps();
    *kept.mutable_run() = step.run;
    kept.set_prepared_seq(step.prepared_seq);
    kept.set_prepared_unix_ms(step.prepared_unix_ms);
    kept.mutable_changes()->Add(step.changes.begin(), step.changes.end());
  }
  return record;
}

absl::StatusOr<NodeState> StateOf(const v1::Record& record) {
  const v1::Checkpoint& checkpoint = record.checkpoint();
  if (record.seq() == 0 || checkpoint.journal_id().empty()) {
    return absl::DataLossError(
        "journal: its checkpoint has no number or no id; nothing was changed");
  }
  NodeState state;
  state.last_seq = record.seq();
  state.journal_id = checkpoint.journal_id();
  state.highest_epoch = checkpoint.highest_epoch();
  state.cleared_requests.insert(checkpoint.cleared_requests().begin(),
                                checkpoint.cleared_requests().end());
  for (const v1::FinishedRun& finished : checkpoint.finished_runs()) {
    RunState run;
    run.key = finished.key();
    run.epoch = finished.epoch();
    run.first_step = finished.first_step();
    run.step_count = finished.step_count();
    run.next_step = finished.next_step();
    run.finished = true;
    run.outcome = finished.outcome();
    if (finished.has_undoes()) run.undoes = finished.undoes();
    state.finished_runs[RunKeyText(run.key)] = std::move(run);
  }
  state.last_finished = checkpoint.last_finished();
  for (const v1::StepDone& done : checkpoint.committed_steps()) {
    state.committed_steps.push_back({done.run(), done.step(), done.name(), done.prepared_seq(),
                                     done.prepared_unix_ms(), done.prepared()});
  }
  state.beyond_undoing.insert(checkpoint.beyond_undoing().begin(),
                              checkpoint.beyond_undoing().end());
  for (const v1::StepKept& kept : checkpoint.kept_steps()) {
    state.kept_steps.push_back({kept.run(),
                                kept.prepared_seq(),
                                kept.prepared_unix_ms(),
                                {kept.changes().begin(), kept.changes().end()}});
  }
  return state;
}

bool SameState(const NodeState& a, const NodeState& b) {
  return a.journal_id == b.journal_id && a.last_seq == b.last_seq && a.emergency == b.emergency &&
         a.emergency_reason == b.emergency_reason && a.cleared_requests == b.cleared_requests &&
         a.highest_epoch == b.highest_epoch && SameRuns(a, b) &&
         SameLists(a.committed_steps, b.committed_steps) && a.beyond_undoing == b.beyond_undoing &&
         SameLists(a.kept_steps, b.kept_steps) && SameTransaction(a, b);
}

}  // namespace belay
