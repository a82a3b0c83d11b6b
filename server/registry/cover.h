// Whether a plan may go to the nodes of an order, and would reach every node that the barriers of
// its phases are about.  Pure.
#pragma once
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "belay/v1/plan.pb.h"
#include "server/registry/registry.h"

namespace belay::registry {

// FAILED_PRECONDITION names the first node that the plan was not signed for (the node itself would
// refuse it), or those that a plan with phases would leave out: a phase must be everywhere before
// the next begins anywhere, and they would never have it.  `nodes`: of the cluster.
absl::Status CheckCover(const v1::RemediationPlan& plan, const std::string& cluster,
                        const std::vector<std::string>& order, const std::vector<Node>& nodes);

}  // namespace belay::registry
