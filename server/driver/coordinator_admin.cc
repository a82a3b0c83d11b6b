// What operators ask of the coordinator.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"
#include "common/base/time_text.h"
#include "common/plan/compile.h"
#include "common/plan/sign.h"
#include "server/driver/coordinator.h"
#include "server/registry/cover.h"
#include "server/registry/order.h"
#include "server/reports/reports.h"

namespace belay {
namespace {

constexpr std::size_t kMaxReason = 1000;
constexpr std::size_t kMaxRequestId = 200;

absl::Status NoRollout(const std::string& id) {
  return absl::NotFoundError(
      absl::StrCat("there is no rollout '", id, "'; see belayctl rollout list"));
}

}  // namespace

v1::Node Coordinator::NodeMessage(const registry::Node& known, const Labels& labels) const {
  v1::Node node;
  node.set_cluster(known.id.cluster);
  node.set_name(known.id.node);
  node.set_connected(known.connected());
  *node.mutable_status() = known.status;
  if (known.connected()) {
    // What the rollouts go by, not only what the node last said.
    const std::string why = registry_.WhyNotReady(known, NowNs());
    node.mutable_status()->set_ready(why.empty());
    node.mutable_status()->set_not_ready_reason(why);
  }
  node.set_last_seen_unix_ms(known.last_seen_unix_ms);
  node.set_agent_version(known.agent_version);
  node.set_emergency(known.in_emergency());
  node.mutable_labels()->insert(labels.begin(), labels.end());
  return node;
}

absl::StatusOr<v1::ListNodesReply> Coordinator::ListNodes(const v1::ListNodesRequest& request) {
  RETURN_IF_ERROR(LearnNodes());
  ASSIGN_OR_RETURN(auto labels, store_.NodeLabels());
  v1::ListNodesReply reply;
  for (const registry::Node& known : registry_.Of(request.cluster())) {
    *reply.add_nodes() = NodeMessage(known, labels[known.id]);
  }
  return reply;
}

absl::StatusOr<v1::ClearEmergencyReply> Coordinator::ClearEmergency(
    const v1::ClearEmergencyRequest& request, const std::string& operator_name) {
  const NodeId id{request.cluster(), request.node()};
  const std::string name = absl::StrCat(id.cluster, "/", id.node);
  const registry::Node* node = registry_.Find(id);
  if (node == nullptr) {
    return absl::NotFoundError(absl::StrCat("there is no node ", name, "; see belayctl node list"));
  }
  if (request.reason().empty() || request.reason().size() > kMaxReason) {
    return absl::InvalidArgumentError(
        absl::StrCat("clear the emergency of ", name, ": a reason of 1 to ", kMaxReason,
                     " bytes is needed, it is kept for those who ask later; nothing was changed"));
  }
  if (!node->in_emergency()) {
    return absl::FailedPreconditionError(
        absl::StrCat(name, " is not in emergency stop; nothing was changed"));
  }
  if (const auto it = clears_.find(id); it != clears_.end()) {
    return absl::AlreadyExistsError(absl::StrCat(
        "clearing ", name, " was asked for by ", it->second.operator_name, " (", it->second.reason,
        ") and is done when the node is connected; see belayctl node list"));
  }
  store::ClearRequestRow row{new_id_(), id, request.reason(), operator_name,
                             clock_.WallNowUnixMs()};
  if (absl::Status written = store_.AddClearRequest(row); !written.ok()) {
    Fatal(written);
    return written;
  }
  log_(absl::StrCat("clearing of ", name, " asked for by ", operator_name, ": ", row.reason));
  clears_[id] = std::move(row);
  return v1::ClearEmergencyReply();
}

absl::StatusOr<v1::StartRolloutReply> Coordinator::StartRollout(
    const v1::StartRolloutRequest& request, const std::string& operator_name) {
  const bool needs_id = !request.dry_run();
  if ((needs_id && request.request_id().empty()) || request.request_id().size() > kMaxRequestId) {
    return absl::InvalidArgumentError("a request id of 1 to 200 bytes is needed");
  }
  v1::StartRolloutReply reply;
  ASSIGN_OR_RETURN(const auto before, store_.FindRolloutByRequest(request.request_id()));
  if (before && needs_id) {
    if (before->cluster != request.cluster() || before->started_by != operator_name ||
        before->plan_digest != PlanDigest(request.plan())) {
      return absl::AlreadyExistsError(absl::StrCat("this request id began rollout ", before->id,
                                                   ", which is another one; nothing was started"));
    }
    reply.set_rollout_id(before->id);
    *reply.mutable_order() = {before->order.begin(), before->order.end()};
    reply.set_order_reason(before->order_reason);
    return reply;
  }
  const std::int64_t now_ms = clock_.WallNowUnixMs();
  ASSIGN_OR_RETURN(const v1::RemediationPlan plan, CheckPlan(request.plan(), now_ms / 1000));
  RETURN_IF_ERROR(CheckOptions(request.options()));
  RETURN_IF_ERROR(WhyNotFree(request.cluster(), ""));
  RETURN_IF_ERROR(WhyLocked(request.cluster(), operator_name));
  RETURN_IF_ERROR(LearnNodes());
  ASSIGN_OR_RETURN(registry::Order order,
                   OrderIn(request.cluster(), request.node_selector(),
                           {request.order().begin(), request.order().end()}));
  RETURN_IF_ERROR(
      registry::CheckCover(plan, request.cluster(), order.nodes, registry_.Of(request.cluster())));
  store::RolloutRow row;
  row.cluster = request.cluster();
  row.plan_name = plan.name();
  row.plan_digest = PlanDigest(request.plan());
  row.plan = request.plan();
  row.order = order.nodes;
  row.order_reason = order.reason;
  row.started_by = operator_name;
  row.request_id = request.request_id();
  row.options = request.options();
  if (request.dry_run()) {
    RETURN_IF_ERROR(WhyEmergency(registry_.Of(row.cluster)));
    return Preview(row, request.order().empty());
  }
  return Begin(std::move(row), request.order().empty(), PhasesOf(plan));
}

v1::Rollout Coordinator::SnapshotOf(const RolloutEntry& entry) const {
  v1::Rollout rollout = reports::Snapshot(entry.row, entry.state);
  if (!entry.frozen.empty()) {
    rollout.set_waiting_for(
        absl::StrCat("a repair of belay-server; no node begins: ", entry.frozen));
  }
  if (!entry.state.awaiting_readiness.empty() && entry.frozen.empty()) {
    std::string why;
    for (const std::string& name : entry.state.cluster) {
      const registry::Node* known = registry_.Find({entry.row.cluster, name});
      const std::string reason =
          known == nullptr ? "not enrolled any more" : registry_.WhyNotReady(*known, NowNs());
      if (!reason.empty()) absl::StrAppend(&why, why.empty() ? "" : "; ", name, ": ", reason);
    }
    if (!why.empty()) rollout.set_waiting_for(absl::StrCat(rollout.waiting_for(), " (", why, ")"));
  }
  const std::int64_t now_ms = clock_.WallNowUnixMs();
  const rollout::Windows& windows = entry.state.windows;
  if (!rollout::HasEnded(entry.state) && !rollout::StaysOpen(windows, now_ms, times_.permit_ms)) {
    rollout.set_window_opens_unix_ms(
        rollout::OpensAt(windows, now_ms, times_.permit_ms).value_or(0));
  }
  const locks::Held* const lock =
      locks::Against(locks_, entry.row.cluster, entry.row.started_by, now_ms);
  if (lock != nullptr && entry.state.phase == v1::ROLLOUT_PHASE_RUNNING) {
    rollout.set_next(absl::StrCat("belayctl lock list --cluster ", entry.row.cluster, "   # if ",
                                  lock->owner, " cannot release it: belayctl lock break ",
                                  entry.row.cluster, " --reason REASON"));
  }
  const auto it = progress_.find(entry.row.id);
  for (v1::RolloutNode& node : *rollout.mutable_nodes()) {
    if (!rollout::IsInFlight(node.phase())) continue;
    const registry::Node* known = registry_.Find({entry.row.cluster, node.name()});
    if (known == nullptr || !known->connected()) {
      node.set_progress("not connected; it goes on by itself");
    } else if (it != progress_.end()) {
      node.set_progress(absl::StrCat(it->second.step(), ": ", it->second.phase(),
                                     it->second.detail().empty() ? "" : ", ", it->second.detail()));
    }
  }
  return rollout;
}

absl::StatusOr<v1::ListRolloutsReply> Coordinator::ListRollouts(
    const v1::ListRolloutsRequest& request) {
  v1::ListRolloutsReply reply;
  ASSIGN_OR_RETURN(const std::vector<std::string> ids, store_.RolloutIds(request.cluster()));
  for (const std::string& id : ids) {
    ASSIGN_OR_RETURN(*reply.add_rollouts(), GetRollout(id));
  }
  return reply;
}

absl::StatusOr<v1::Rollout> Coordinator::GetRollout(const std::string& id) {
  for (const auto& entry : book_.Running()) {
    if (entry->row.id == id && !entry->unreadable) return SnapshotOf(*entry);
  }
  ASSIGN_OR_RETURN(std::optional<v1::Rollout> rollout, book_.Snapshot(id));
  if (!rollout) return NoRollout(id);
  ASSIGN_OR_RETURN(const std::string revert, store_.RevertOf(id));
  rollout->set_reverted_by(revert);
  return *std::move(rollout);
}

absl::StatusOr<v1::RolloutReport> Coordinator::GetReport(const std::string& id) {
  ASSIGN_OR_RETURN(const auto entry, book_.Find(id));
  if (entry == nullptr) return NoRollout(id);
  if (entry->unreadable) {
    return absl::DataLossError(
        absl::StrCat("rollout ", id, " cannot be read, so there is no report: ", entry->frozen));
  }
  ASSIGN_OR_RETURN(const v1::RemediationPlan plan, DecodeUnverified(entry->row.plan));
  ASSIGN_OR_RETURN(const auto records, store_.RecordsOfRollout(entry->row.cluster, id));
  v1::RolloutReport report = reports::Report(entry->row, entry->state, records, plan);
  *report.mutable_rollout() = SnapshotOf(*entry);
  return report;
}

void Coordinator::Watch(const std::string& id, std::shared_ptr<RolloutWatcher> watcher) {
  if (draining_) return watcher->End(absl::UnavailableError("the coordinator is stopping"));
  const absl::StatusOr<v1::Rollout> snapshot = GetRollout(id);
  if (!snapshot.ok()) return watcher->End(snapshot.status());
  v1::RolloutUpdate update;
  *update.mutable_snapshot() = *snapshot;
  const bool there = watcher->Send(update);
  if (!there || snapshot->finished_unix_ms() != 0 ||
      snapshot->phase() == v1::ROLLOUT_PHASE_UNREADABLE) {
    return watcher->End(absl::OkStatus());
  }
  watchers_.emplace(id, std::move(watcher));
}

}  // namespace belay
