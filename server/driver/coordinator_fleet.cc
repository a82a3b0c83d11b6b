// Fleet rollouts: what is owed to each cluster of one is told from durable state alone, done at
// once, and done again after a crash.  A fall in one cluster has stopped the others before anything
// else is looked at, so no node of them begins after it.
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/plan/sign.h"
#include "server/driver/coordinator.h"
#include "server/registry/cover.h"
#include "server/registry/order.h"
#include "server/rollout/verbs.h"

namespace belay {
namespace {

constexpr std::int64_t kMillisecondNs = 1'000'000;
constexpr int kMostDuties = 10'000;  // more are owed by no fleet: a bound against a defect

// Who acts in a cluster's own rollout, in its journal.
std::string NameOf(const std::string& fleet_id) { return absl::StrCat("fleet ", fleet_id); }

std::string RequestOf(const std::string& fleet_id, const fleet::ClusterProgress& cluster) {
  return absl::StrCat(NameOf(fleet_id), " ", cluster.name, " attempt ", cluster.attempt);
}

v1::FleetEvent EndOf(const fleet::ClusterProgress& cluster, v1::ClusterOutcome outcome,
                     const std::string& reason) {
  v1::FleetEvent event;
  v1::ClusterEnded& ended = *event.mutable_cluster_ended();
  ended.set_cluster(cluster.name);
  ended.set_attempt(cluster.attempt);
  ended.set_outcome(outcome);
  ended.set_reason(reason);
  return event;
}

std::string ReasonOf(const RolloutEntry& entry) {
  if (!entry.frozen.empty()) {
    return absl::StrCat("its rollout ", entry.row.id, " cannot be carried on: ", entry.frozen);
  }
  return absl::StrCat("rollout ", entry.row.id, " ", rollout::Describe(entry.state));
}

}  // namespace

absl::Status Coordinator::StartFleets() {
  RETURN_IF_ERROR(fleets_.LoadRunning());
  ASSIGN_OR_RETURN(const std::int64_t restored_unix, store_.RestoredUnix());
  for (const auto& entry : fleets_.Running()) {
    v1::FleetEvent event;
    event.mutable_recovered()->set_epoch(epoch_);
    FeedFleet(entry, event);
    if (restored_unix == 0) continue;
    event.mutable_paused()->set_operator_("belay-server restore");
    event.mutable_paused()->set_reason("the database comes from a backup");
    if (fleet::Judge(entry->state, event).kind == fleet::Allowance::Kind::Takes) {
      FeedFleet(entry, event);
    }
  }
  return fatal_;
}

void Coordinator::FeedFleet(const std::shared_ptr<FleetEntry>& entry, const v1::FleetEvent& event) {
  if (!fatal_.ok()) return;
  const std::optional<FleetTurn> turn = fleets_.Prepare(entry, event, clock_.WallNowUnixMs());
  if (!turn) {
    log_(absl::StrCat("fleet rollout ", entry->row.id,
                      " is held, this is a defect of belay-server: ", entry->frozen));
    return;
  }
  const auto write = [&]() -> absl::Status {
    ASSIGN_OR_RETURN(store::Transaction transaction, store_.Begin());
    RETURN_IF_ERROR(fleets_.Write(*turn));
    return transaction.Commit();
  };
  if (absl::Status status = write(); !status.ok()) return Fatal(status);
  fleets_.Apply(*turn);
  const std::string& id = entry->row.id;
  if (!turn->defect.empty()) {
    log_(absl::StrCat("fleet rollout ", id,
                      " is stopped, this is a defect of belay-server: ", turn->defect));
  }
  const v1::FleetOptions& options = entry->row.definition.options();
  for (const fleet::Action& action : turn->actions) {
    if (action.kind == fleet::Action::Kind::Announce) {
      log_(absl::StrCat("fleet rollout ", id, " ", fleet::Describe(entry->state)));
      continue;
    }
    std::int64_t wait_ms = static_cast<std::int64_t>(options.soak_ms());
    if (action.timer == fleet::Timer::Deadline) {
      const auto whole = static_cast<std::int64_t>(options.deadline_ms());
      wait_ms = std::clamp(whole - (clock_.WallNowUnixMs() - entry->counted_from_unix_ms),
                           std::int64_t{0}, whole);
    }
    fleet_timers_[{id, action.timer}] = NowNs() + wait_ms * kMillisecondNs;
  }
  if (!fleet::HasEnded(entry->state)) return;
  std::erase_if(fleet_timers_, [&](const auto& timer) { return timer.first.first == id; });
}

void Coordinator::FireFleetTimers() {
  const std::int64_t now = NowNs();
  std::vector<FleetTimerKey> due;
  for (const auto& [key, at] : fleet_timers_) {
    if (at <= now) due.push_back(key);
  }
  for (const FleetTimerKey& key : due) {
    if (fleet_timers_.erase(key) == 0) continue;
    const auto entry = fleets_.Find(key.first);
    if (!entry.ok()) return Fatal(entry.status());
    if (*entry == nullptr) continue;
    v1::FleetEvent event;
    if (key.second == fleet::Timer::Deadline) {
      event.mutable_deadline_passed();
    } else {
      event.mutable_soak_ended()->set_stage((*entry)->state.stage);
    }
    FeedFleet(*entry, event);
  }
}

void Coordinator::DoDuties() {
  if (doing_duties_ || draining_) return;
  doing_duties_ = true;
  for (const auto& entry : fleets_.Running()) {
    for (int i = 0; i < kMostDuties && fatal_.ok() && entry->frozen.empty(); ++i) {
      const absl::StatusOr<bool> owed = DoOneDuty(entry);
      if (!owed.ok()) Fatal(owed.status());
      if (!owed.ok() || !*owed) break;
    }
  }
  doing_duties_ = false;
}

absl::StatusOr<std::shared_ptr<RolloutEntry>> Coordinator::ChildOf(const std::string& fleet_id,
                                                                   const std::string& cluster) {
  std::string& id = children_[{fleet_id, cluster}];
  if (id.empty()) {
    ASSIGN_OR_RETURN(id, store_.RolloutOfFleet(fleet_id, cluster));
  }
  if (id.empty()) return std::shared_ptr<RolloutEntry>();
  return book_.Find(id);
}

// False when nothing is owed any more.
absl::StatusOr<bool> Coordinator::DoOneDuty(const std::shared_ptr<FleetEntry>& entry) {
  const std::string& id = entry->row.id;
  for (const fleet::ClusterProgress& progress : entry->state.clusters) {
    if (progress.phase != v1::CLUSTER_PHASE_RUNNING) continue;
    const fleet::ClusterProgress cluster = progress;  // the state is replaced below
    ASSIGN_OR_RETURN(const std::shared_ptr<RolloutEntry> rollout, ChildOf(id, cluster.name));
    fleet::Child child;
    if (rollout != nullptr) {
      const std::string wanted = RequestOf(id, cluster);
      const bool current =
          rollout->row.request_id == wanted || rollout->state.retry_request == wanted;
      child = {true,
               rollout->frozen.empty(),
               rollout->state.phase,
               current ? cluster.attempt : cluster.attempt - 1,
               absl::StartsWith(rollout->state.paused_by, NameOf(id)),
               rollout->state.stop_cause};
    }
    const fleet::Duty duty = fleet::DutyOf(entry->state, cluster, child);
    if (duty == fleet::Duty::Nothing) continue;
    DoDuty(entry, cluster, rollout, duty);
    return true;
  }
  return false;
}

void Coordinator::DoDuty(const std::shared_ptr<FleetEntry>& entry,
                         const fleet::ClusterProgress& cluster,
                         const std::shared_ptr<RolloutEntry>& rollout, fleet::Duty duty) {
  v1::OperatorWord word;
  word.set_operator_(NameOf(entry->row.id));
  v1::RolloutEvent event;
  absl::Status done;
  switch (duty) {
    case fleet::Duty::Nothing:
      return;
    case fleet::Duty::Start:
      done = StartInCluster(*entry, cluster);
      break;
    case fleet::Duty::Retry:
      word.set_request_id(RequestOf(entry->row.id, cluster));
      *event.mutable_retried() = word;
      done = WhyNoRetry(*rollout);
      if (done.ok() &&
          rollout::Judge(rollout->state, event).kind != rollout::Allowance::Kind::Takes) {
        done = absl::FailedPreconditionError(rollout::Judge(rollout->state, event).why);
      }
      if (done.ok()) Feed(rollout, event);
      break;
    case fleet::Duty::Pause:
      *event.mutable_paused() = word;
      return Feed(rollout, event);
    case fleet::Duty::Resume:
      *event.mutable_resumed() = word;
      return Feed(rollout, event);
    case fleet::Duty::Abort:
      word.set_reason(entry->state.stop_reason);
      *event.mutable_aborted() = word;
      return Feed(rollout, event);
    case fleet::Duty::ReportCompleted:
      return FeedFleet(entry, EndOf(cluster, v1::CLUSTER_OUTCOME_COMPLETED, ""));
    case fleet::Duty::ReportFallen:
      return FeedFleet(entry, EndOf(cluster, v1::CLUSTER_OUTCOME_FALLEN, ReasonOf(*rollout)));
    case fleet::Duty::ReportHeldBack:
      return FeedFleet(entry, EndOf(cluster, v1::CLUSTER_OUTCOME_HELD_BACK,
                                    rollout == nullptr ? "it never began" : ReasonOf(*rollout)));
  }
  if (done.ok() || !fatal_.ok()) return;
  FeedFleet(entry, EndOf(cluster, v1::CLUSTER_OUTCOME_FALLEN, std::string(done.message())));
}

absl::Status Coordinator::StartInCluster(const FleetEntry& entry,
                                         const fleet::ClusterProgress& cluster) {
  RETURN_IF_ERROR(WhyNotFree(cluster.name, entry.row.id));
  RETURN_IF_ERROR(LearnNodes());
  ASSIGN_OR_RETURN(const v1::RemediationPlan plan,
                   CheckPlan(entry.row.plan, clock_.WallNowUnixMs() / 1000));
  ASSIGN_OR_RETURN(const registry::Order order,
                   OrderIn(cluster.name, entry.row.definition.options().node_selector(), {}));
  RETURN_IF_ERROR(
      registry::CheckCover(plan, cluster.name, order.nodes, registry_.Of(cluster.name)));
  store::RolloutRow row;
  row.cluster = cluster.name;
  row.plan_name = plan.name();
  row.plan_digest = PlanDigest(entry.row.plan);
  row.plan = entry.row.plan;
  row.order = order.nodes;
  row.order_reason = order.reason;
  row.started_by = entry.row.started_by;
  row.request_id = RequestOf(entry.row.id, cluster);
  row.options.set_soak_ms(entry.row.definition.options().node_soak_ms());
  *row.options.mutable_windows() = entry.row.definition.options().windows();
  row.fleet = entry.row.id;
  return Begin(std::move(row), true, PhasesOf(plan)).status();
}

}  // namespace belay
