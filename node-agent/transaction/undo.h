// What of a node's journal can still be undone: the committed steps as a stack.  Only its top comes
// off, so a step is put back before the one that it was made on.  Pure.
#pragma once
#include <string>

#include "absl/status/statusor.h"
#include "node-agent/transaction/machine.h"

namespace belay {

// The steps that undoing this rollout would put back, the last first; none where it has changed
// nothing here.  NOT_FOUND: the journal knows nothing of it.  FAILED_PRECONDITION: something else
// has changed the node since, it is still under way here, or it is too long ago.
absl::StatusOr<v1::Undoes> FindUndoes(const NodeState& state, const std::string& rollout_id);

// Empty when these are what stands on top, in this order.
std::string WhyNotUndone(const NodeState& state, const v1::Undoes& undoes);

// The step in progress was committed: it comes onto the stack, or takes what it undid off it.
void CountCommitted(NodeState* state);

}  // namespace belay
