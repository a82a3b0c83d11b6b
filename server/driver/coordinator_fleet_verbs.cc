// What operators ask of fleet rollouts.
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"
#include "common/plan/sign.h"
#include "server/driver/coordinator.h"
#include "server/fleet/stages.h"
#include "server/registry/cover.h"
#include "server/registry/order.h"

namespace belay {
namespace {

constexpr std::size_t kMaxReason = 1000;
constexpr std::size_t kMaxRequestId = 200;
constexpr std::uint64_t kDayMs = 86'400'000;

absl::StatusOr<v1::FleetEvent> EventOf(v1::FleetVerb verb, const v1::OperatorWord& word) {
  v1::FleetEvent event;
  switch (verb) {
    case v1::FLEET_VERB_PAUSE:
      *event.mutable_paused() = word;
      return event;
    case v1::FLEET_VERB_RESUME:
      *event.mutable_resumed() = word;
      return event;
    case v1::FLEET_VERB_ABORT:
      *event.mutable_aborted() = word;
      return event;
    case v1::FLEET_VERB_APPROVE:
      *event.mutable_approved() = word;
      return event;
    case v1::FLEET_VERB_RETRY:
      *event.mutable_retried() = word;
      return event;
    default:
      return absl::InvalidArgumentError("this coordinator does not know that verb");
  }
}

absl::Status CheckFleetOptions(const v1::FleetOptions& options) {
  if (options.soak_ms() > 7 * kDayMs || options.node_soak_ms() > 7 * kDayMs ||
      options.deadline_ms() > 90 * kDayMs) {
    return absl::InvalidArgumentError(
        "soak times are at most 7 days and the deadline at most 90; nothing was started");
  }
  if (absl::Status wrong = rollout::CheckWindows(options.windows()); !wrong.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(wrong.message(), "; nothing was started"));
  }
  return absl::OkStatus();
}

std::string NextOf(const FleetEntry& entry) {
  switch (entry.state.phase) {
    case v1::ROLLOUT_PHASE_AWAITING_APPROVAL:
      return absl::StrCat("belayctl fleet approve ", entry.row.id, "   # by somebody other than ",
                          entry.state.submitter);
    case v1::ROLLOUT_PHASE_PAUSED:
      return absl::StrCat("belayctl fleet resume ", entry.row.id);
    case v1::ROLLOUT_PHASE_STOPPED:
      return absl::StrCat("belayctl fleet status ", entry.row.id,
                          "   # see what fell, and to go on: belayctl fleet retry ", entry.row.id);
    default:
      return "";
  }
}

}  // namespace

// The stages of a strategy, and why each cluster may take part.
absl::StatusOr<v1::FleetStarted> Coordinator::FleetOf(const v1::StartFleetRequest& request,
                                                      const std::string& operator_name) {
  RETURN_IF_ERROR(CheckFleetOptions(request.strategy().options()));
  RETURN_IF_ERROR(LearnNodes());
  const std::set<std::string> known = KnownClusters();
  ASSIGN_OR_RETURN(const v1::FleetStrategy strategy, Resolved(request.strategy(), known));
  ASSIGN_OR_RETURN(const auto stages, fleet::StagesOf(strategy, known));
  v1::FleetStarted started;
  *started.mutable_stages() = {stages.begin(), stages.end()};
  *started.mutable_options() = request.strategy().options();
  started.set_submitter(operator_name);
  for (const v1::FleetStage& stage : stages) {
    for (const std::string& cluster : stage.clusters()) {
      RETURN_IF_ERROR(WhyNotFree(cluster, ""));
      RETURN_IF_ERROR(WhyLocked(cluster, operator_name));
      if (started.options().node_selector().empty()) continue;
      RETURN_IF_ERROR(OrderIn(cluster, started.options().node_selector(), {}).status());
    }
  }
  return started;
}

// As far as it can be known before the clusters' turns: nodes may come until then.
absl::Status Coordinator::CheckReach(const v1::RemediationPlan& plan,
                                     const v1::FleetStarted& definition) {
  for (const v1::FleetStage& stage : definition.stages()) {
    for (const std::string& cluster : stage.clusters()) {
      const absl::StatusOr<registry::Order> order =
          OrderIn(cluster, definition.options().node_selector(), {});
      if (!order.ok()) continue;
      const absl::Status reach =
          registry::CheckCover(plan, cluster, order->nodes, registry_.Of(cluster));
      if (reach.ok()) continue;
      return absl::Status(reach.code(), absl::StrCat("cluster ", cluster, ": ", reach.message()));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Fleet> Coordinator::StartFleet(const v1::StartFleetRequest& request,
                                                  const std::string& operator_name) {
  if (request.request_id().empty() || request.request_id().size() > kMaxRequestId) {
    return absl::InvalidArgumentError("a request id of 1 to 200 bytes is needed");
  }
  ASSIGN_OR_RETURN(const auto before, store_.FindFleetByRequest(request.request_id()));
  if (before) {
    if (before->started_by != operator_name || before->plan_digest != PlanDigest(request.plan())) {
      return absl::AlreadyExistsError(absl::StrCat("this request id began fleet rollout ",
                                                   before->id,
                                                   ", which is another one; nothing was started"));
    }
    return GetFleet(before->id);
  }
  const std::int64_t now_ms = clock_.WallNowUnixMs();
  ASSIGN_OR_RETURN(const v1::RemediationPlan plan, CheckPlan(request.plan(), now_ms / 1000));
  auto entry = std::make_shared<FleetEntry>();
  ASSIGN_OR_RETURN(entry->row.definition, FleetOf(request, operator_name));
  RETURN_IF_ERROR(CheckReach(plan, entry->row.definition));
  entry->row.plan_name = plan.name();
  entry->row.plan_digest = PlanDigest(request.plan());
  entry->row.plan = request.plan();
  entry->row.started_by = operator_name;
  entry->row.request_id = request.request_id();
  entry->row.started_unix_ms = now_ms;
  v1::FleetEvent event;
  *event.mutable_started() = entry->row.definition;
  if (request.dry_run()) {
    v1::FleetEvent held = event;
    held.mutable_started()->mutable_options()->set_approval(true);  // so that nothing is under way
    entry->state = fleet::Advance({}, held).state;
    return SnapshotOf(*entry);
  }
  entry->row.id = absl::StrCat("f-", new_id_());
  FeedFleet(entry, event);
  RETURN_IF_ERROR(fatal_);
  if (!entry->frozen.empty()) {
    return absl::InternalError(
        absl::StrCat("nothing was started, this is a defect: ", entry->frozen));
  }
  log_(absl::StrCat("fleet rollout ", entry->row.id, " of plan ", plan.name(), " started by ",
                    operator_name));
  DoDuties();
  RETURN_IF_ERROR(fatal_);
  return SnapshotOf(*entry);
}

absl::StatusOr<v1::Fleet> Coordinator::SnapshotOf(const FleetEntry& entry) {
  const fleet::State& state = entry.state;
  v1::Fleet out;
  out.set_id(entry.row.id);
  out.set_plan_name(entry.row.plan_name);
  out.set_plan_digest(entry.row.plan_digest);
  out.set_started_by(entry.row.started_by);
  out.set_started_unix_ms(entry.row.started_unix_ms);
  out.set_finished_unix_ms(entry.row.finished_unix_ms);
  out.set_phase(entry.frozen.empty() ? state.phase : v1::ROLLOUT_PHASE_UNREADABLE);
  out.set_stop_cause(state.stop_cause);
  out.set_stop_cluster(state.stop_cluster);
  out.set_stop_reason(entry.frozen.empty() ? state.stop_reason : entry.frozen);
  out.set_approved_by(state.approved_by);
  out.set_paused_by(state.paused_by);
  out.set_summary(fleet::Describe(state));
  out.set_next(NextOf(entry));
  *out.mutable_options() = entry.row.definition.options();
  for (const fleet::ClusterProgress& progress : state.clusters) {
    v1::FleetCluster& cluster = *out.add_clusters();
    cluster.set_name(progress.name);
    cluster.set_stage(state.stages[progress.stage].name);
    cluster.set_phase(progress.phase);
    cluster.set_reason(progress.reason);
    cluster.set_attempt(progress.attempt);
    if (entry.row.id.empty() || progress.phase == v1::CLUSTER_PHASE_WAITING) {
      Foresee(progress.name, entry.row.definition.options().node_selector(), cluster);
      const std::int64_t wall_ms = clock_.WallNowUnixMs();
      const locks::Held* const lock =
          locks::Against(locks_, progress.name, entry.row.started_by, wall_ms);
      v1::RolloutOptions windows;
      *windows.mutable_windows() = entry.row.definition.options().windows();
      cluster.set_waiting_for(lock == nullptr ? ClosedWindow(windows, wall_ms)
                                              : locks::HoldOf(progress.name, *lock));
    }
    if (entry.row.id.empty()) continue;
    ASSIGN_OR_RETURN(const std::shared_ptr<RolloutEntry> child,
                     ChildOf(entry.row.id, progress.name));
    if (child == nullptr) continue;
    cluster.set_rollout_id(child->row.id);
    ASSIGN_OR_RETURN(const v1::Rollout rollout, GetRollout(child->row.id));
    cluster.set_waiting_for(rollout.waiting_for());
    if (rollout.has_plan_phase()) *cluster.mutable_plan_phase() = rollout.plan_phase();
    cluster.set_nodes(static_cast<std::uint32_t>(rollout.nodes_size()));
    for (const v1::RolloutNode& node : rollout.nodes()) {
      if (node.phase() != v1::NODE_PHASE_COMMITTED) continue;
      cluster.set_committed(cluster.committed() + 1);
    }
  }
  return out;
}

// In which order its nodes would go now, and what would hold them.
void Coordinator::Foresee(const std::string& name, const std::string& node_selector,
                          v1::FleetCluster& cluster) {
  const std::vector<registry::Node> nodes = registry_.Of(name);
  const absl::StatusOr<registry::Order> order = OrderIn(name, node_selector, {});
  if (!order.ok()) {
    cluster.add_not_ready(std::string(order.status().message()));
    return;
  }
  *cluster.mutable_order() = {order->nodes.begin(), order->nodes.end()};
  cluster.set_order_reason(order->reason);
  cluster.set_nodes(static_cast<std::uint32_t>(nodes.size()));
  for (const registry::Node& node : nodes) {
    const std::string why = registry_.WhyNotReady(node, NowNs());
    if (!why.empty()) cluster.add_not_ready(absl::StrCat(node.id.node, ": ", why));
  }
}

absl::StatusOr<v1::Fleet> Coordinator::GetFleet(const std::string& id) {
  ASSIGN_OR_RETURN(const std::shared_ptr<FleetEntry> entry, fleets_.Find(id));
  if (entry == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("there is no fleet rollout '", id, "'; see belayctl fleet list"));
  }
  return SnapshotOf(*entry);
}

absl::StatusOr<v1::ListFleetsReply> Coordinator::ListFleets() {
  v1::ListFleetsReply reply;
  ASSIGN_OR_RETURN(const std::vector<std::string> ids, store_.FleetIds());
  for (const std::string& id : ids) {
    ASSIGN_OR_RETURN(*reply.add_fleets(), GetFleet(id));
  }
  return reply;
}

// A lock of somebody else's than its owner holds the fleet's rollout in that cluster by itself, and
// no other cluster's.  With one of his own the owner has stopped it too, as far as others are
// concerned.
absl::Status Coordinator::WhyOwnersLock(const FleetEntry& entry, const std::string& who) const {
  for (const fleet::ClusterProgress& cluster : entry.state.clusters) {
    if (cluster.phase == v1::CLUSTER_PHASE_COMPLETED) continue;
    const std::int64_t now_ms = clock_.WallNowUnixMs();
    if (locks::Against(locks_, cluster.name, entry.row.started_by, now_ms) != nullptr) continue;
    RETURN_IF_ERROR(WhyLocked(cluster.name, who));
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Fleet> Coordinator::ChangeFleet(const v1::ChangeFleetRequest& request,
                                                   const std::string& operator_name) {
  const std::string what = absl::StrCat("fleet rollout ", request.fleet_id(), ": ");
  if (request.reason().size() > kMaxReason || request.request_id().size() > kMaxRequestId) {
    return absl::InvalidArgumentError(absl::StrCat(
        what, "the reason is at most 1000 bytes and the request id 200; nothing was changed"));
  }
  if (request.verb() == v1::FLEET_VERB_ABORT && request.reason().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        what, "a reason is needed, it is kept for those who ask later; nothing was changed"));
  }
  ASSIGN_OR_RETURN(const std::shared_ptr<FleetEntry> entry, fleets_.Find(request.fleet_id()));
  if (entry == nullptr) return GetFleet(request.fleet_id());
  v1::OperatorWord word;
  word.set_operator_(operator_name);
  word.set_reason(request.reason());
  word.set_request_id(request.request_id());
  ASSIGN_OR_RETURN(const v1::FleetEvent event, EventOf(request.verb(), word));
  if (!entry->frozen.empty() && request.verb() == v1::FLEET_VERB_ABORT) {
    const std::string note = absl::StrCat("given up by ", operator_name, ": ", request.reason());
    Fatal(fleets_.GiveUp(entry->row.id, note, clock_.WallNowUnixMs()));
    RETURN_IF_ERROR(fatal_);
    log_(absl::StrCat(what, note));
    return SnapshotOf(*entry);
  }
  if (!entry->frozen.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(what, "it cannot be carried on (", entry->frozen,
                     "); nothing was changed. Abort it, and the rollouts of its clusters"));
  }
  const fleet::Allowance allowance = fleet::Judge(entry->state, event);
  if (allowance.kind == fleet::Allowance::Kind::Refused) {
    return absl::FailedPreconditionError(
        absl::StrCat(what, allowance.why, "; nothing was changed"));
  }
  if (allowance.kind == fleet::Allowance::Kind::Takes) {
    if (event.has_resumed() || event.has_approved() || event.has_retried()) {
      RETURN_IF_ERROR(WithContext(WhyOwnersLock(*entry, operator_name),
                                  absl::StrCat("fleet rollout ", entry->row.id)));
    }
    FeedFleet(entry, event);
    DoDuties();
    RETURN_IF_ERROR(fatal_);
    log_(absl::StrCat(what, v1::FleetVerb_Name(request.verb()), " by ", operator_name,
                      request.reason().empty() ? "" : absl::StrCat(" (", request.reason(), ")")));
  }
  return SnapshotOf(*entry);
}

}  // namespace belay
