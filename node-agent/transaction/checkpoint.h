// The state of a node at rest as one record, and back: what stands for the records that a
// compaction drops.  Pure.  A state with a run in progress or an emergency has no checkpoint.
#pragma once
#include "absl/status/statusor.h"
#include "belay/v1/journal.pb.h"
#include "node-agent/transaction/machine.h"

namespace belay {

// With the sequence number of the last record that it stands for.  `state` IsAtRest.
v1::Record CheckpointOf(const NodeState& state, std::int64_t wall_unix_ms);

// DATA_LOSS for one that this program cannot have written.
absl::StatusOr<NodeState> StateOf(const v1::Record& checkpoint);

// Field by field, also those of a state that is not at rest.
bool SameState(const NodeState& a, const NodeState& b);

}  // namespace belay
