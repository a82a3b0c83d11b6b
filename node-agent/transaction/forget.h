// What a checkpoint that is too large lets go, so that a journal can always be folded up: first the
// words of old verdicts, then how the oldest steps are undone.  Never which runs have ended and
// how: none may begin a second time.  Pure.
#pragma once
#include <cstddef>

#include "absl/status/statusor.h"
#include "node-agent/transaction/machine.h"

namespace belay {

// `state` IsAtRest.  As it is where its checkpoint has at most `most_bytes`; else with as little
// forgotten as makes it so.  Where nothing is left to forget it may have up to `most_bytes_at_all`;
// RESOURCE_EXHAUSTED above that.
absl::StatusOr<NodeState> ForgetToFit(NodeState state, std::size_t most_bytes,
                                      std::size_t most_bytes_at_all);

// Do they differ in nothing but what ForgetToFit lets go?
bool SameButForForgotten(NodeState a, NodeState b);

}  // namespace belay
