// Whether a plan with phases would reach every node that its barrier is about.  Pure.
#pragma once
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "belay/v1/plan.pb.h"
#include "server/registry/registry.h"

namespace belay::registry {

// A phase must be everywhere before the next begins anywhere, and a node that is left out would
// never have it.  FAILED_PRECONDITION names those.  Any nodes will do for a plan without phases.
absl::Status CheckCover(const v1::RemediationPlan& plan, const std::vector<std::string>& order,
                        const std::vector<Node>& nodes);

}  // namespace belay::registry
