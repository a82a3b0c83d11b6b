// What operators ask of nodes about a plan; nothing is stored and nothing begins.
#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/plan/sign.h"
#include "server/driver/coordinator.h"

namespace belay {
namespace {

constexpr std::int64_t kMillisecondNs = 1'000'000;
constexpr std::uint32_t kDefaultWaitMs = 20'000;
constexpr std::uint32_t kMostWaitMs = 600'000;

}  // namespace

void Coordinator::DiffPlan(const v1::DiffPlanRequest& request, PlanDiffs::Answer answer) {
  if (draining_) return answer(absl::UnavailableError("the coordinator is stopping; try again"));
  // Only to say at once what every node would say: they verify for themselves.
  if (const auto plan = DecodeUnverified(request.plan()); !plan.ok()) return answer(plan.status());
  Fatal(LearnNodes());
  std::vector<PlanDiffs::Asked> nodes;
  for (const registry::Node& known : registry_.Of(request.cluster())) {
    if (known.id.cluster != request.cluster()) continue;  // an empty name means all of them there
    if (!request.node().empty() && known.id.node != request.node()) continue;
    nodes.push_back({known.id.node, live_.contains(known.id)});
  }
  if (nodes.empty()) {
    return answer(absl::NotFoundError(
        absl::StrCat(request.node().empty() ? "no node" : absl::StrCat("no node ", request.node()),
                     " of cluster '", request.cluster(), "' is enrolled here")));
  }
  if (diffs_.Full()) {
    return answer(absl::ResourceExhaustedError(
        "too many plans are being compared at this moment; nothing was asked, try again"));
  }
  const std::uint32_t wait_ms =
      request.wait_ms() == 0 ? kDefaultWaitMs : std::min(request.wait_ms(), kMostWaitMs);
  const std::string id = new_id_();
  diffs_.Ask(id, request.cluster(), nodes, NowNs() + wait_ms * kMillisecondNs, std::move(answer));
  for (const PlanDiffs::Asked& node : nodes) {
    if (!node.connected) continue;
    v1::CoordinatorMessage message;
    message.mutable_diff_request()->set_request_id(id);
    *message.mutable_diff_request()->mutable_plan() = request.plan();
    Tell({request.cluster(), node.node}, std::move(message));
  }
}

}  // namespace belay
