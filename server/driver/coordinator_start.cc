// The beginning of a rollout, whatever it does: what must be so, and its first event.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"
#include "common/base/time_text.h"
#include "common/plan/compile.h"
#include "common/plan/sign.h"
#include "server/driver/coordinator.h"

namespace belay {
namespace {
constexpr std::uint64_t kDayMs = 86'400'000;
constexpr std::uint64_t kMostSoakMs = 7 * kDayMs;
constexpr std::uint64_t kMostDeadlineMs = 90 * kDayMs;
}  // namespace

absl::Status Coordinator::CheckOptions(const v1::RolloutOptions& options) {
  if (options.soak_ms() > kMostSoakMs || options.deadline_ms() > kMostDeadlineMs) {
    return absl::InvalidArgumentError(
        "the soak time is at most 7 days and the deadline at most 90; nothing was started");
  }
  if (absl::Status wrong = rollout::CheckWindows(options.windows()); !wrong.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(wrong.message(), "; nothing was started"));
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::RemediationPlan> Coordinator::CheckPlan(const v1::SignedPlan& signed_plan,
                                                           std::int64_t now_unix) {
  if (signed_plan.signatures().empty()) {
    return absl::InvalidArgumentError(
        "the plan is not signed, no node would run it; nothing was started. Sign it: belayctl "
        "plan sign");
  }
  ASSIGN_OR_RETURN(v1::RemediationPlan plan, DecodeUnverified(signed_plan));
  const std::vector<std::string> errors = FindPlanErrors(plan);
  if (!errors.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the plan is wrong, nothing was started: ", absl::StrJoin(errors, "; ")));
  }
  if (now_unix >= plan.not_after_unix()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the plan was valid until ", FormatUnixSeconds(plan.not_after_unix()),
                     "; nothing was started. Sign it anew: belayctl plan sign"));
  }
  return plan;
}

Coordinator::PhaseRange Coordinator::PhasesOf(const v1::RemediationPlan& plan) {
  const auto last = static_cast<std::uint32_t>(plan.phases_size());
  return {std::min(last, 1u), last};
}

absl::Status Coordinator::WhyNotFree(const std::string& cluster, const std::string& fleet) const {
  for (const auto& entry : fleets_.Running()) {
    if (entry->row.id == fleet) continue;
    for (const fleet::ClusterProgress& progress : entry->state.clusters) {
      const bool taken = progress.phase == v1::CLUSTER_PHASE_WAITING ||
                         progress.phase == v1::CLUSTER_PHASE_RUNNING;
      if (!taken || progress.name != cluster) continue;
      return absl::FailedPreconditionError(
          absl::StrCat("cluster ", cluster, " is taken by fleet rollout ", entry->row.id, " of ",
                       entry->row.started_by,
                       "; nothing was started. Follow it: belayctl fleet "
                       "watch ",
                       entry->row.id));
    }
  }
  const auto running = book_.RunningIn(cluster);
  if (running == nullptr) return absl::OkStatus();
  if (running->frozen.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("rollout ", running->row.id, " runs in cluster ", cluster,
                     ", and only one may; nothing was started. Follow it: belayctl rollout watch ",
                     running->row.id));
  }
  return absl::FailedPreconditionError(
      absl::StrCat("rollout ", running->row.id, " of cluster ", cluster,
                   " is held, because it cannot be carried on: ", running->frozen,
                   "; nothing was started. See to the nodes, then: belayctl rollout abort ",
                   running->row.id, " --reason REASON"));
}

absl::Status Coordinator::WhyEmergency(const std::vector<registry::Node>& nodes) const {
  for (const registry::Node& node : nodes) {
    if (!node.in_emergency()) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        node.id.cluster, "/", node.id.node, " is in emergency stop",
        node.emergency_reason.empty() ? "" : absl::StrCat(" (", node.emergency_reason, ")"),
        "; nothing was started. Mend it, then: belayctl node clear-emergency ", node.id.cluster,
        "/", node.id.node, " --reason REASON"));
  }
  return absl::OkStatus();
}

// What Begin would do, and what would hold it; nothing is done and nothing is written.
v1::StartRolloutReply Coordinator::Preview(const store::RolloutRow& row, bool leader_last) const {
  v1::StartRolloutReply reply;
  *reply.mutable_order() = {row.order.begin(), row.order.end()};
  reply.set_order_reason(row.order_reason);
  v1::RolloutPreview& preview = *reply.mutable_preview();
  preview.set_hold(ClosedWindow(row.options, clock_.WallNowUnixMs()));
  const std::string leader = registry_.Leader(row.cluster);
  const std::string holder = registry_.VirtualAddressHolder(row.cluster);
  const auto add = [&](const std::string& name) -> v1::RolloutPreviewNode& {
    v1::RolloutPreviewNode& node = *preview.add_nodes();
    node.set_name(name);
    node.set_etcd_leader(name == leader);
    if (const registry::Node* known = registry_.Find({row.cluster, name})) {
      node.set_not_ready(registry_.WhyNotReady(*known, NowNs()));
    }
    return node;
  };
  for (const std::string& name : row.order) {
    v1::RolloutPreviewNode& node = add(name);
    node.set_place(static_cast<std::uint32_t>(preview.nodes_size()));
    node.set_place_reason(!leader_last     ? "as given"
                          : name == leader ? "leads etcd, so it goes last"
                          : name == holder ? "holds the virtual address, so it goes late"
                                           : "by name");
  }
  for (const registry::Node& other : registry_.Of(row.cluster)) {
    if (std::find(row.order.begin(), row.order.end(), other.id.node) != row.order.end()) continue;
    add(other.id.node).set_place_reason("not touched, but must stay ready");
  }
  return reply;
}

// `row` is complete but for id and time.
absl::StatusOr<v1::StartRolloutReply> Coordinator::Begin(store::RolloutRow row, bool leader_last,
                                                         PhaseRange phases) {
  const std::vector<registry::Node> nodes = registry_.Of(row.cluster);
  RETURN_IF_ERROR(WhyEmergency(nodes));
  row.id = absl::StrCat("r-", new_id_());
  row.started_unix_ms = clock_.WallNowUnixMs();
  v1::RolloutEvent event;
  v1::RolloutStarted& started = *event.mutable_started();
  *started.mutable_nodes() = {row.order.begin(), row.order.end()};
  for (const registry::Node& node : nodes) started.add_cluster_nodes(node.id.node);
  started.set_submitter(row.started_by);
  *started.mutable_options() = row.options;
  started.set_leader_last(leader_last);
  started.set_reverts(row.reverts);
  started.set_first_phase(phases.first);
  started.set_last_phase(phases.last);
  ASSIGN_OR_RETURN(const std::shared_ptr<RolloutEntry> entry, book_.Draft(std::move(row)));
  Feed(entry, event);
  RETURN_IF_ERROR(fatal_);
  if (!entry->frozen.empty()) {
    return absl::InternalError(
        absl::StrCat("nothing was started, this is a defect: ", entry->frozen));
  }
  const store::RolloutRow& begun = entry->row;
  log_(absl::StrCat(
      "rollout ", begun.id,
      begun.reverts.empty() ? " of plan " : absl::StrCat(", revert of ", begun.reverts, ", plan "),
      begun.plan_name, " in cluster ", begun.cluster, " started by ", begun.started_by, ", order ",
      absl::StrJoin(begun.order, ", "), " (", begun.order_reason, ")"));
  v1::StartRolloutReply reply;
  reply.set_rollout_id(begun.id);
  *reply.mutable_order() = {begun.order.begin(), begun.order.end()};
  reply.set_order_reason(begun.order_reason);
  return reply;
}

}  // namespace belay
