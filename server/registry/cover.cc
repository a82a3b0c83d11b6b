#include "server/registry/cover.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/plan/targets.h"
#include "server/registry/order.h"

namespace belay::registry {

absl::Status CheckCover(const v1::RemediationPlan& plan, const std::string& cluster,
                        const std::vector<std::string>& order, const std::vector<Node>& nodes) {
  for (const std::string& node : order) {
    const std::string why = WhyNotFor(plan, cluster, node);
    if (why.empty()) continue;
    return absl::FailedPreconditionError(
        absl::StrCat(why,
                     "; nothing was started. Choose other clusters and nodes (--order, "
                     "--node-selector), or have a plan signed whose spec.targets names these"));
  }
  const std::vector<std::string> left_out = LeftOut(order, nodes);
  if (plan.phases().empty() || left_out.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("the plan has phases, each of which must be on every control-plane node before "
                   "the next begins, and these would be left out: ",
                   absl::StrJoin(left_out, ", "),
                   "; nothing was started. Start it on all nodes of the cluster"));
}

}  // namespace belay::registry
