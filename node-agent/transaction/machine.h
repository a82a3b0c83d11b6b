// The node's state as a fold over its journal, and the one next thing to do.  Pure.  Normal running and
// recovery are the same loop (driver in executor.h): fold, do the state's one idempotent action, append
// the next record, fold again.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
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
  v1::SignedPlan plan;          // empty for a refused run
  std::uint64_t epoch = 0;
  std::uint32_t next_step = 0;  // first step without a verdict
  bool finished = false;
  v1::RunFinished outcome;      // meaningful when finished
};

struct NodeState {
  std::string journal_id;
  std::uint64_t last_seq = 0;
  Phase phase = Phase::Idle;
  bool emergency = false;             // sticky until EmergencyCleared
  std::string emergency_reason;
  std::uint64_t highest_epoch = 0;
  std::optional<RunState> current;    // accepted and not finished
  std::map<std::string, RunState> finished_runs;  // by RunKeyText
  // Of the transaction in progress:
  v1::Prepared prepared;
  v1::Applied applied;
  std::uint32_t step = 0;
  std::uint32_t gate_resumes = 0;     // restarts of the agent inside one gate
  v1::RollingBack rolling_back;
  v1::Restored restored;
};

std::string RunKeyText(const v1::RunKey& key);

// DATA_LOSS when `record` cannot follow `state`: the journal is not one this program wrote.
absl::StatusOr<NodeState> Advance(NodeState state, const v1::Record& record);
absl::StatusOr<NodeState> Fold(const std::vector<v1::Record>& records);

}  // namespace belay
