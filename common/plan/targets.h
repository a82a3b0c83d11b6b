// For which clusters and nodes a plan was signed, so that whoever has the coordinator cannot carry
// what was meant for a test cluster into production.  Pure.
#pragma once
#include <string>
#include <vector>

#include "belay/v1/plan.pb.h"
#include "common/plan/rules.h"

namespace belay {

// Paths below "spec.targets".  None where the plan has no targets.
std::vector<BrokenRule> FindTargetErrors(const v1::RemediationPlan& plan);

// Empty when the plan may be carried out there.  An empty `node` stands for any of the cluster's.
std::string WhyNotFor(const v1::RemediationPlan& plan, const std::string& cluster,
                      const std::string& node);

// "clusters prod-*, nodes cp1" in one line; empty where the plan has no targets.
std::string DescribeTargets(const v1::RemediationPlan& plan);

}  // namespace belay
