// The node's state as a fold over its journal, and the one next thing to do.  Pure.  Normal running
// and recovery are the same loop (driver in executor.h): fold, do the state's one idempotent
// action, append the next record, fold again.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "belay/v1/journal.pb.h"

namespace belay {

enum class Phase {
  Idle,         // nothing in progress, or between the steps of an accepted run
  Prepared,     // intent and images durable; publishing may be anywhere between none and all
  Applied,      // published; the gate decides
  RollingBack,  // restoring may be anywhere between none and all
  Restored,     // old bytes are back; the rollback's gate decides
};

struct RunState {
  v1::RunKey key;
  v1::SignedPlan plan;  // empty for a refused run, and once it is finished
  std::uint64_t epoch = 0;
  // Steps are counted over the whole plan: a run of one of its phases has those in between.
  std::uint32_t first_step = 0;
  std::uint32_t step_count = 0;  // of the plan, up to the last one of the run
  std::uint32_t next_step = 0;   // first step without a verdict
  bool finished = false;
  v1::RunFinished outcome;  // meaningful when finished
  // Of a run that puts back what a rollout has committed; its plan is empty then.
  std::optional<v1::Undoes> undoes;
};

// A step that has changed files and was committed, and was not put back since.
struct CommittedStep {
  v1::RunKey run;
  std::uint32_t step = 0;
  std::string name;  // as its plan says
  std::uint64_t prepared_seq = 0;
  std::int64_t prepared_unix_ms = 0;
  v1::Prepared prepared;  // without the diffs, which nobody needs to go back
};

// A step that was prepared, whatever became of it: what its backups and images are.
struct KeptStep {
  v1::RunKey run;
  std::uint64_t prepared_seq = 0;
  std::int64_t prepared_unix_ms = 0;
  std::vector<v1::FileChange> changes;  // without the diffs
};

// Steps beyond this many cannot be undone any more: their images are not kept either.
inline constexpr std::size_t kStepsKept = 50;

struct NodeState {
  std::string journal_id;
  std::uint64_t last_seq = 0;
  Phase phase = Phase::Idle;
  bool emergency = false;  // sticky until EmergencyCleared
  std::string emergency_reason;
  std::set<std::string> cleared_requests;  // ids of EmergencyCleared; none clears a second time
  std::uint64_t highest_epoch = 0;
  std::optional<RunState> current;  // accepted and not finished
  // A step of `current` has ended other than committed: RunFinished with this is all that may
  // follow.
  std::optional<v1::RunFinished> due_outcome;
  std::map<std::string, RunState> finished_runs;  // by RunKeyText
  std::string last_finished;                      // RunKeyText; empty when none
  std::vector<CommittedStep> committed_steps;     // the last at the end; at most kStepsKept
  std::set<std::string> beyond_undoing;           // UndoName of those with steps before those
  std::vector<KeptStep> kept_steps;               // the last at the end; at most kStepsKept
  // Of the transaction in progress:
  v1::Prepared prepared;
  v1::Applied applied;  // without an Applied record: the last moment before publishing
  std::uint64_t prepared_seq = 0;
  std::int64_t prepared_unix_ms = 0;
  std::uint32_t step = 0;
  std::uint32_t gate_resumes = 0;  // restarts of the agent inside one gate
  v1::RollingBack rolling_back;
  v1::Restored restored;
};

std::string RunKeyText(const v1::RunKey& key);
std::string PhaseText(Phase phase);

// No run in progress and no emergency: all that matters of such a state fits a Checkpoint.
bool IsAtRest(const NodeState& state);

// DATA_LOSS when `record` cannot follow `state`: the journal is not one this program wrote.
absl::StatusOr<NodeState> Advance(NodeState state, const v1::Record& record);
absl::StatusOr<NodeState> Fold(const std::vector<v1::Record>& records);

}  // namespace belay
