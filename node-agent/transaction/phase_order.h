// The barrier between the phases of a plan, as this node's own journal tells it: a later phase of a
// rollout begins here only when the one before it was committed here by the same rollout.  What the
// other nodes have done is the coordinator's to know; this is what no coordinator can talk a node
// out of.  Pure.
#pragma once
#include <string>

#include "node-agent/transaction/machine.h"

namespace belay {

// Empty when it may begin.  Not for runs that undo: there the stack of committed steps decides.
std::string WhyPhaseNotDue(const NodeState& state, const v1::RunKey& run);

// Of runs of one rollout and plan: whether its phase was committed here and nothing of the rollout
// was put back since.
bool HasCommittedPhase(const NodeState& state, const v1::RunKey& run);

}  // namespace belay
