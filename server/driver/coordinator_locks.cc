// Locks of clusters: what operators ask, and what they mean for rollouts.  A lock keeps the
// rollouts of others from starting, and a running one from beginning its next node; what is in
// flight goes on to its verdict, since a node half way through is what nobody can take over.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/base/time_text.h"
#include "server/driver/coordinator.h"

namespace belay {
namespace {

constexpr std::size_t kMaxReason = 1000;

v1::Lock MessageOf(const std::string& cluster, const locks::Held& held) {
  v1::Lock lock;
  lock.set_cluster(cluster);
  lock.set_kind(v1::LOCK_KIND_OPERATOR);
  lock.set_id(held.id);
  lock.set_owner(held.owner);
  lock.set_reason(held.reason);
  lock.set_since_unix_ms(held.since_unix_ms);
  lock.set_expires_unix_ms(held.expires_unix_ms);
  return lock;
}

}  // namespace

std::string Coordinator::HoldOf(const RolloutEntry& entry) const {
  const std::string& cluster = entry.row.cluster;
  const std::int64_t now_ms = clock_.WallNowUnixMs();
  const locks::Held* const lock = locks::Against(locks_, cluster, entry.row.started_by, now_ms);
  return lock == nullptr ? ClosedWindow(entry.row.options, now_ms) : locks::HoldOf(cluster, *lock);
}

// A permit to begin that is given now must not outlive the window.
std::string Coordinator::ClosedWindow(const v1::RolloutOptions& options,
                                      std::int64_t now_ms) const {
  const rollout::Windows windows = rollout::WindowsOf(options.windows());
  if (rollout::StaysOpen(windows, now_ms, times_.permit_ms)) return "";
  const auto opens = rollout::OpensAt(windows, now_ms, times_.permit_ms);
  return opens ? absl::StrCat("its maintenance window, which opens at ",
                              FormatUnixSeconds(*opens / 1000))
               : "a maintenance window that is longer than a permit to begin";
}

absl::Status Coordinator::WhyLocked(const std::string& cluster, const std::string& who) const {
  const locks::Held* const lock = locks::Against(locks_, cluster, who, clock_.WallNowUnixMs());
  if (lock == nullptr) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "cluster ", cluster, " is locked by ", locks::Describe(*lock),
      "; nothing was started. Wait, or ask ", lock->owner, ": belayctl lock release ", cluster,
      ". If that cannot be: belayctl lock break ", cluster, " --reason REASON"));
}

// Durable first, then in effect: also for a rollout that runs in the cluster.
absl::Status Coordinator::FeedLock(const v1::LockEvent& event) {
  if (absl::Status written = store_.AppendLockEvent(event); !written.ok()) {
    Fatal(written);
    return written;
  }
  locks_ = locks::Advance(locks_, event);
  changed_.insert(event.cluster());
  if (const auto running = book_.RunningIn(event.cluster())) FeedReadiness(running);
  return fatal_;
}

absl::Status Coordinator::CheckLockRequest(const std::string& what, const std::string& cluster,
                                           const std::string& reason) {
  if (reason.size() > kMaxReason) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, ": the reason is at most 1000 bytes; nothing was changed"));
  }
  RETURN_IF_ERROR(LearnNodes());
  // A lock under a mistyped name would keep nobody off anything.
  if (!cluster.empty() && !registry_.Of(cluster).empty()) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat(what, ": cluster '", cluster,
                                          "' has no enrolled nodes; nothing was changed. See "
                                          "belayctl node list"));
}

absl::StatusOr<v1::Lock> Coordinator::TakeLock(const v1::TakeLockRequest& request,
                                               const std::string& operator_name) {
  const std::string what = absl::StrCat("lock cluster ", request.cluster());
  RETURN_IF_ERROR(CheckLockRequest(what, request.cluster(), request.reason()));
  v1::LockEvent event;
  event.set_wall_unix_ms(clock_.WallNowUnixMs());
  event.set_cluster(request.cluster());
  v1::LockTaken& taken = *event.mutable_taken();
  taken.set_lock_id(absl::StrCat("l-", new_id_()));
  taken.set_owner(operator_name);
  taken.set_reason(request.reason());
  // Held within what Judge can compare; it refuses more than 30 days.
  const std::uint64_t for_ms =
      std::min(request.for_ms(), static_cast<std::uint64_t>(2 * locks::kLongestMs));
  taken.set_expires_unix_ms(event.wall_unix_ms() + static_cast<std::int64_t>(for_ms));
  const locks::Allowance allowance = locks::Judge(locks_, event);
  if (allowance.kind != locks::Allowance::Kind::Takes) {
    return absl::FailedPreconditionError(
        absl::StrCat(what, ": nothing was changed, because ", allowance.why));
  }
  RETURN_IF_ERROR(FeedLock(event));
  const locks::Held& held = locks_.at(request.cluster());
  log_(absl::StrCat(what, ": held by ", locks::Describe(held)));
  return MessageOf(request.cluster(), held);
}

absl::StatusOr<v1::ReleaseLockReply> Coordinator::ReleaseLock(const v1::ReleaseLockRequest& request,
                                                              const std::string& operator_name) {
  const std::string what = absl::StrCat("release the lock of cluster ", request.cluster());
  RETURN_IF_ERROR(CheckLockRequest(what, request.cluster(), ""));
  v1::LockEvent event;
  event.set_wall_unix_ms(clock_.WallNowUnixMs());
  event.set_cluster(request.cluster());
  event.mutable_released()->set_operator_(operator_name);
  v1::ReleaseLockReply reply;
  const locks::Allowance allowance = locks::Judge(locks_, event);
  switch (allowance.kind) {
    case locks::Allowance::Kind::Already:
      return reply;
    case locks::Allowance::Kind::Refused:
      return absl::FailedPreconditionError(
          absl::StrCat(what, ": nothing was changed, because ", allowance.why));
    case locks::Allowance::Kind::Takes:
      break;
  }
  const locks::Held held = locks_.at(request.cluster());
  event.mutable_released()->set_lock_id(held.id);
  RETURN_IF_ERROR(FeedLock(event));
  log_(absl::StrCat(what, ": by ", operator_name));
  *reply.mutable_released() = MessageOf(request.cluster(), held);
  return reply;
}

absl::StatusOr<v1::BreakLockReply> Coordinator::BreakLock(const v1::BreakLockRequest& request,
                                                          const std::string& operator_name) {
  const std::string what = absl::StrCat("break the lock of cluster ", request.cluster());
  RETURN_IF_ERROR(CheckLockRequest(what, request.cluster(), request.reason()));
  v1::LockEvent event;
  event.set_wall_unix_ms(clock_.WallNowUnixMs());
  event.set_cluster(request.cluster());
  v1::LockBroken& broken = *event.mutable_broken();
  broken.set_lock_id(request.lock_id());
  broken.set_operator_(operator_name);
  broken.set_reason(request.reason());
  const locks::Allowance allowance = locks::Judge(locks_, event);
  if (allowance.kind != locks::Allowance::Kind::Takes) {
    const auto running = book_.RunningIn(request.cluster());
    return absl::FailedPreconditionError(absl::StrCat(
        what, ": nothing was changed, because ", allowance.why,
        running == nullptr ? ""
                           : absl::StrCat(". Rollout ", running->row.id,
                                          " runs there; it ends by: belayctl rollout abort ",
                                          running->row.id, " --reason REASON")));
  }
  const locks::Held held = locks_.at(request.cluster());
  broken.set_lock_id(held.id);
  broken.set_owner(held.owner);
  RETURN_IF_ERROR(FeedLock(event));
  log_(absl::StrCat(what, ", held by ", locks::Describe(held), ": by ", operator_name, " (",
                    request.reason(), ")"));
  v1::BreakLockReply reply;
  *reply.mutable_broken() = MessageOf(request.cluster(), held);
  return reply;
}

// Whatever keeps others off a cluster: operators' locks, its running rollout, a fleet rollout that
// has it still before it.
std::vector<v1::Lock> Coordinator::LocksOf(const std::string& cluster) const {
  std::vector<v1::Lock> found;
  if (const locks::Held* lock = locks::At(locks_, cluster, clock_.WallNowUnixMs())) {
    found.push_back(MessageOf(cluster, *lock));
  }
  if (const auto running = book_.RunningIn(cluster)) {
    v1::Lock& lock = found.emplace_back();
    lock.set_cluster(cluster);
    lock.set_kind(v1::LOCK_KIND_ROLLOUT);
    lock.set_id(running->row.id);
    lock.set_owner(running->row.started_by);
    lock.set_reason(absl::StrCat("plan ", running->row.plan_name));
    lock.set_since_unix_ms(running->row.started_unix_ms);
    const auto deadline_ms = static_cast<std::int64_t>(running->row.options.deadline_ms());
    if (deadline_ms > 0) lock.set_expires_unix_ms(running->counted_from_unix_ms + deadline_ms);
  }
  for (const auto& fleet : fleets_.Running()) {
    for (const fleet::ClusterProgress& progress : fleet->state.clusters) {
      if (progress.name != cluster || progress.phase != v1::CLUSTER_PHASE_WAITING) continue;
      v1::Lock& lock = found.emplace_back();
      lock.set_cluster(cluster);
      lock.set_kind(v1::LOCK_KIND_FLEET);
      lock.set_id(fleet->row.id);
      lock.set_owner(fleet->row.started_by);
      lock.set_reason(absl::StrCat("plan ", fleet->row.plan_name));
      lock.set_since_unix_ms(fleet->row.started_unix_ms);
    }
  }
  return found;
}

absl::StatusOr<v1::ListLocksReply> Coordinator::ListLocks(const v1::ListLocksRequest& request) {
  RETURN_IF_ERROR(LearnNodes());
  v1::ListLocksReply reply;
  for (const std::string& cluster : KnownClusters()) {
    if (!request.cluster().empty() && cluster != request.cluster()) continue;
    for (v1::Lock& lock : LocksOf(cluster)) *reply.add_locks() = std::move(lock);
  }
  if (!request.history()) return reply;
  ASSIGN_OR_RETURN(const auto events, store_.LockEvents(request.cluster()));
  for (const v1::LockEvent& event : events) *reply.add_events() = event;
  return reply;
}

}  // namespace belay
