#include "node-agent/driver/plan_admission.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_join.h"
#include "common/plan/compile.h"
#include "common/plan/sign.h"

namespace belay {

std::optional<PlanRefusal> FindPlanRefusal(const v1::SignedPlan& signed_plan, const Trust& trust,
                                           const NodePolicy& policy, std::int64_t now_unix_seconds,
                                           v1::RemediationPlan* plan) {
  absl::StatusOr<v1::RemediationPlan> verified = VerifyPlan(signed_plan, trust, now_unix_seconds);
  if (!verified.ok()) {
    return PlanRefusal{std::string(verified.status().message()),
                       absl::IsUnauthenticated(verified.status())
                           ? "have the plan signed by keys that are in trusted_keys of this "
                             "node's agent.yaml, as many as required_signatures says there"
                           : "sign the plan anew (belayctl plan sign) and start a new rollout"};
  }
  std::vector<std::string> errors = FindPlanErrors(*verified);
  if (!errors.empty()) {
    return PlanRefusal{absl::StrJoin(errors, "; "),
                       "correct the plan (belayctl plan lint), sign it and start a new rollout"};
  }
  errors = FindForbidden(*verified, policy);
  if (!errors.empty()) return PlanRefusal{absl::StrJoin(errors, "; "), kStartAgain};
  *plan = *std::move(verified);
  return std::nullopt;
}

}  // namespace belay
