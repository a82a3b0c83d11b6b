// What of a node's journal can still be undone: the committed steps as a stack.  Only its top comes
// off, so a step is put back before the one that it was made on.  Pure.
#pragma once
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "node-agent/transaction/machine.h"

namespace belay {

// The steps that undoing this phase of this rollout would put back, the last first; none where it
// has changed nothing here.  Phase 0: all of it, of a plan without phases.  NOT_FOUND: the journal
// knows nothing of the rollout.  FAILED_PRECONDITION: something else has changed the node since, be
// it a later phase; it is still under way here, or it is too long ago.
absl::StatusOr<v1::Undoes> FindUndoes(const NodeState& state, const std::string& rollout_id,
                                      std::uint32_t phase);

// Empty when these, of that phase, are what stands on top, in this order.
std::string WhyNotUndone(const NodeState& state, std::uint32_t phase, const v1::Undoes& undoes);

// What is undone as one: the rollout, with its phase where it has them.
std::string UndoName(const std::string& rollout_id, std::uint32_t phase);

// The step in progress was committed: it comes onto the stack, or takes what it undid off it.
void CountCommitted(NodeState* state);

}  // namespace belay
