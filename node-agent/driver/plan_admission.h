// Whether this node would carry out a signed plan at all, whoever sent it: signature, window, rules
// and the node's own policy, in this order.  What Execute begins with, and a question about a plan
// too.  Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "belay/v1/plan.pb.h"
#include "common/plan/trust.h"
#include "node-agent/driver/policy.h"

namespace belay {

struct PlanRefusal {
  std::string reason;
  std::string next;  // what to do
};

inline constexpr const char* kStartAgain =
    "put right what the reason says, then start a new rollout: belayctl rollout start PLAN "
    "--cluster CLUSTER";

// Nothing when the plan is admitted; then `plan` is what was signed.
std::optional<PlanRefusal> FindPlanRefusal(const v1::SignedPlan& signed_plan, const Trust& trust,
                                           const NodePolicy& policy, std::int64_t now_unix_seconds,
                                           v1::RemediationPlan* plan);

}  // namespace belay
