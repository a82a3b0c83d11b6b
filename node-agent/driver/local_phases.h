// Which phases of a plan `belay-agent apply` carries out.  That the other nodes have had a phase is
// something that no single node can know, so of a plan with phases the operator always says it:
// one phase by its name, or all of them, which is right only where there is no other control-plane
// node.  Pure.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "belay/v1/plan.pb.h"
#include "node-agent/transaction/machine.h"

namespace belay {

inline constexpr const char* kAllPhases = "all";

// {0} for a plan without phases.  INVALID_ARGUMENT says which there are and what to type.
absl::StatusOr<std::vector<std::uint32_t>> PhasesToApply(const v1::RemediationPlan& plan,
                                                         const std::string& wanted);

// The key of the run of this phase: of the rollout, begun here too, that has committed the phase
// before it; for the first one of a new rollout.  FAILED_PRECONDITION where that phase was not
// committed here.
absl::StatusOr<v1::RunKey> KeyOfLocalPhase(const NodeState& state, const v1::RemediationPlan& plan,
                                           const std::string& plan_digest, std::uint32_t phase,
                                           const std::string& new_rollout);

}  // namespace belay
