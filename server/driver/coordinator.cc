#include "server/driver/coordinator.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "server/rollout/verbs.h"

namespace belay {
namespace {
constexpr std::int64_t kMillisecondNs = 1'000'000;
constexpr double kReadinessAgeSeconds = 15;
constexpr std::int64_t kLookNs = 200 * kMillisecondNs;
// Longer than this without a Settle, and the coordinator itself stood still (stopped, or its disk
// did).  What the nodes said meanwhile is still on its way then, and some must connect again.
constexpr std::int64_t kPauseNs = 5'000 * kMillisecondNs;
constexpr std::int64_t kAfterPauseNs = 20'000 * kMillisecondNs;
}  // namespace

Coordinator::Coordinator(store::Store& store, const Clock& clock, CoordinatorTimes times,
                         NewId new_id, Log log)
    : store_(store),
      clock_(clock),
      times_(times),
      new_id_(std::move(new_id)),
      log_(std::move(log)),
      access_(store, clock),
      trail_(store, clock),
      registry_({times.heartbeat_interval_ms * kMillisecondNs, kReadinessAgeSeconds,
                 times.clock_skew_ms}),
      book_(store, times.node_silence_margin_ms),
      fleets_(store) {
  settled_ns_ = NowNs();
  awake_since_ns_ = NowNs() - kAfterPauseNs;
}

absl::Status Coordinator::Start() {
  ASSIGN_OR_RETURN(epoch_, store_.NextEpoch());
  RETURN_IF_ERROR(LearnNodes());
  ASSIGN_OR_RETURN(const auto emergencies, store_.Emergencies());
  for (const store::EmergencyRow& row : emergencies) registry_.SetEmergency(row.id, row.reason);
  ASSIGN_OR_RETURN(auto clears, store_.PendingClearRequests());
  for (store::ClearRequestRow& row : clears) clears_[row.node] = std::move(row);
  ASSIGN_OR_RETURN(const auto lock_events, store_.LockEvents());
  for (const v1::LockEvent& event : lock_events) locks_ = locks::Advance(locks_, event);
  RETURN_IF_ERROR(book_.LoadRunning());
  RETURN_IF_ERROR(StartFleets());
  RETURN_IF_ERROR(HoldWhatWasRestored());
  for (const auto& entry : book_.Running()) {
    if (entry->unreadable) {
      log_(absl::StrCat("rollout ", entry->row.id, " cannot be read, so nothing begins in cluster ",
                        entry->row.cluster, ": ", entry->frozen));
      continue;
    }
    log_(absl::StrCat("rollout ", entry->row.id, " goes on: ", rollout::Describe(entry->state)));
    v1::RolloutEvent event;
    event.mutable_recovered()->set_epoch(epoch_);
    Feed(entry, event);
  }
  RETURN_IF_ERROR(fatal_);
  // Before anything can begin: what a fall in one cluster means for the others is done first.
  DoDuties();
  return fatal_;
}

// A rollout that ran when the backup was made may have been stopped since, and stop means stop.
absl::Status Coordinator::HoldWhatWasRestored() {
  ASSIGN_OR_RETURN(const std::int64_t restored_unix, store_.RestoredUnix());
  if (restored_unix == 0) return absl::OkStatus();
  for (const auto& entry : book_.Running()) {
    v1::RolloutEvent event;
    event.mutable_paused()->set_operator_("belay-server restore");
    event.mutable_paused()->set_reason(
        "the database comes from a backup; see what has happened since, then resume or abort");
    if (rollout::Judge(entry->state, event).kind == rollout::Allowance::Kind::Takes) {
      Feed(entry, event);
    }
  }
  RETURN_IF_ERROR(fatal_);
  return store_.ForgetRestored();
}

absl::Status Coordinator::LearnNodes() {
  ASSIGN_OR_RETURN(const auto rows, store_.Nodes());
  for (const store::NodeRow& row : rows) {
    registry::Node node;
    node.id = row.id;
    node.agent_version = row.agent_version;
    node.status = row.status;
    node.last_seen_unix_ms = row.last_seen_unix_ms;
    registry_.Learn(std::move(node));
  }
  return absl::OkStatus();
}

void Coordinator::Fatal(const absl::Status& status) {
  if (!fatal_.ok() || status.ok()) return;
  fatal_ = WithContext(status, "the coordinator stops, because it cannot keep its state");
}

void Coordinator::Settle(bool idle) {
  const std::int64_t now = NowNs();
  if (now - settled_ns_ > kPauseNs) awake_since_ns_ = now;
  settled_ns_ = now;
  FireTimers();
  FireFleetTimers();
  DoDuties();
  const bool everything = idle || now - looked_ns_ >= kLookNs;
  for (const auto& entry : book_.Running()) {
    if (!everything && !changed_.contains(entry->row.cluster)) continue;
    FeedReadiness(entry);
    DispatchDue(entry);
  }
  changed_.clear();
  diffs_.Expire(now);
  if (!everything) return;
  looked_ns_ = now;
  EndWhatIsNoLongerAllowed();
  ClearDue();
  PingDue();
}

// One event: worked out, made durable, then in effect.
void Coordinator::Feed(const std::shared_ptr<RolloutEntry>& entry, const v1::RolloutEvent& event) {
  if (!fatal_.ok()) return;
  // These begin a node by themselves: by what is known now, not when somebody last looked.
  if (event.has_soak_ended() || event.has_resumed() || event.has_approved()) {
    FeedReadiness(entry);
    if (!fatal_.ok()) return;
  }
  const std::optional<Turn> turn = book_.Prepare(entry, event, clock_.WallNowUnixMs());
  if (!turn) return Frozen(*entry);
  const auto write = [&]() -> absl::Status {
    ASSIGN_OR_RETURN(store::Transaction transaction, store_.Begin());
    RETURN_IF_ERROR(book_.Write(*turn));
    return transaction.Commit();
  };
  if (absl::Status status = write(); !status.ok()) return Fatal(status);
  TakeEffect(*turn);
}

std::int64_t Coordinator::WaitMs(const RolloutEntry& entry, rollout::Timer timer) const {
  switch (timer) {
    case rollout::Timer::Verdict:
      return entry.silence_ms;
    case rollout::Timer::Readiness:
      return times_.readiness_wait_ms;
    case rollout::Timer::Soak:
      return static_cast<std::int64_t>(entry.row.options.soak_ms());
    case rollout::Timer::Deadline: {
      const auto whole = static_cast<std::int64_t>(entry.row.options.deadline_ms());
      const std::int64_t passed = clock_.WallNowUnixMs() - entry.counted_from_unix_ms;
      return std::clamp(whole - passed, std::int64_t{0}, whole);
    }
  }
  return 0;
}

void Coordinator::TakeEffect(const Turn& turn) {
  const RolloutEntry& entry = *turn.entry;
  const std::string& id = entry.row.id;
  changed_.insert(entry.row.cluster);
  const bool shown = turn.state != entry.state;
  book_.Apply(turn);
  if (!turn.defect.empty()) {
    log_(absl::StrCat("rollout ", id,
                      " is stopped, this is a defect of belay-server: ", turn.defect));
  }
  bool announce = false;
  for (const rollout::Action& action : turn.actions) {
    const TimerKey key(id, action.node, action.timer);
    switch (action.kind) {
      case rollout::Action::Kind::ArmTimer:
        timers_[key] = NowNs() + WaitMs(entry, action.timer) * kMillisecondNs;
        break;
      case rollout::Action::Kind::DisarmTimer:
        timers_.erase(key);
        break;
      case rollout::Action::Kind::Execute:
        sent_.erase(id);  // DispatchDue sends as soon as the node is there
        progress_.erase(id);
        break;
      case rollout::Action::Kind::Announce:
        announce = true;
        break;
    }
  }
  if (announce) log_(absl::StrCat("rollout ", id, " ", rollout::Describe(entry.state)));
  if (turn.ends) Forget(id);
  // Before anything else is looked at: its fall may be the end of others.
  if (turn.ends && !entry.row.fleet.empty()) DoDuties();
  if (!shown) return;
  v1::RolloutUpdate update;
  *update.mutable_snapshot() = SnapshotOf(entry);
  if (turn.ends) return EndWatch(id, update.snapshot());
  auto [it, end] = watchers_.equal_range(id);
  while (it != end) {
    if (it->second->Send(update)) {
      ++it;
    } else {
      it->second->End(absl::ResourceExhaustedError("too slow to follow; watch again"));
      it = watchers_.erase(it);
    }
  }
}

void Coordinator::Forget(const std::string& rollout_id) {
  sent_.erase(rollout_id);
  progress_.erase(rollout_id);
  std::erase_if(timers_, [&](const auto& timer) { return std::get<0>(timer.first) == rollout_id; });
}

void Coordinator::EndWatch(const std::string& rollout_id, const v1::Rollout& last) {
  v1::RolloutUpdate update;
  *update.mutable_snapshot() = last;
  auto [it, end] = watchers_.equal_range(rollout_id);
  for (; it != end; it = watchers_.erase(it)) {
    const bool there = it->second->Send(update);
    it->second->End(there ? absl::OkStatus()
                          : absl::ResourceExhaustedError("too slow to follow; watch again"));
  }
}

void Coordinator::Frozen(const RolloutEntry& entry) {
  if (entry.unreadable) return;  // said at the start
  Forget(entry.row.id);
  log_(absl::StrCat("rollout ", entry.row.id, " is held, this is a defect of belay-server: ",
                    entry.frozen, ". No node of it begins any more"));
}

void Coordinator::FireTimers() {
  const std::int64_t now = NowNs();
  if (now - awake_since_ns_ < kAfterPauseNs) return;  // nobody is silent while we do not listen
  std::vector<TimerKey> due;
  for (const auto& [key, at] : timers_) {
    if (at <= now) due.push_back(key);
  }
  for (const TimerKey& key : due) {
    if (timers_.erase(key) == 0) continue;  // an earlier one of these ended the rollout
    const auto& [id, node, timer] = key;
    const auto entry = book_.Find(id);
    if (!entry.ok()) return Fatal(entry.status());
    if (*entry == nullptr) continue;
    v1::RolloutEvent event;
    switch (timer) {
      case rollout::Timer::Verdict:
        event.mutable_silent()->set_node(node);
        break;
      case rollout::Timer::Readiness:
        event.mutable_readiness_timed_out()->set_node(node);
        break;
      case rollout::Timer::Soak:
        event.mutable_soak_ended()->set_node(node);
        break;
      case rollout::Timer::Deadline:
        event.mutable_deadline_passed();
        break;
    }
    Feed(*entry, event);
  }
}

void Coordinator::FeedReadiness(const std::shared_ptr<RolloutEntry>& entry) {
  if (!entry->frozen.empty() || entry->row.finished_unix_ms != 0) return;
  const std::set<std::string> ready = registry_.Ready(entry->row.cluster, NowNs());
  const bool chooses = entry->state.leader_last;
  const std::string leader = chooses ? registry_.Leader(entry->row.cluster) : "";
  const std::string holder = chooses ? registry_.VirtualAddressHolder(entry->row.cluster) : "";
  const std::string hold = HoldOf(*entry);
  if (ready == entry->state.ready && leader == entry->state.leader &&
      holder == entry->state.address_holder && hold == entry->state.hold) {
    return;
  }
  v1::RolloutEvent event;
  event.mutable_readiness()->set_hold(hold);
  event.mutable_readiness()->set_etcd_leader(leader);
  event.mutable_readiness()->set_virtual_address_holder(holder);
  for (const std::string& node : ready) event.mutable_readiness()->add_ready(node);
  Feed(entry, event);
}

// From durable state alone: a node in flight is told again whenever its last permit is no longer
// good for the session and boot it is in.  The node does nothing twice for one run key.
void Coordinator::DispatchDue(const std::shared_ptr<RolloutEntry>& entry) {
  if (draining_ || !fatal_.ok() || !entry->frozen.empty()) return;
  for (const rollout::NodeProgress& progress : entry->state.nodes) {
    if (!rollout::MayBeTold(entry->state, progress)) continue;
    const NodeId id{entry->row.cluster, progress.name};
    const registry::Node* node = registry_.Find(id);
    if (node == nullptr || !node->connected() || node->status.boot_id().empty()) continue;
    Sent& sent = sent_[entry->row.id];
    if (sent.node == progress.name && sent.session == node->session &&
        sent.boot_id == node->status.boot_id() &&
        node->status.boottime_ns() < sent.until_boottime_ns) {
      continue;
    }
    // The node's clock was at least boottime_ns when it was heard, so this ends before the timer.
    const auto timer = timers_.find({entry->row.id, progress.name, rollout::Timer::Verdict});
    if (timer == timers_.end() || timer->second <= node->heard_boot_ns) continue;
    const std::int64_t permit_ns =
        std::min(times_.permit_ms * kMillisecondNs, timer->second - node->heard_boot_ns);
    sent = {progress.name, node->session, node->status.boot_id(),
            node->status.boottime_ns() + permit_ns};
    v1::CoordinatorMessage message;
    v1::RunKey run;
    run.set_rollout_id(entry->row.id);
    run.set_attempt(progress.attempt);
    run.set_phase(entry->state.plan_phase);
    run.set_plan_digest(entry->row.plan_digest);
    const auto fence = [&](auto& command) {
      *command.mutable_run() = run;
      command.set_epoch(epoch_);
      command.set_boot_id(sent.boot_id);
      command.set_permit_until_boottime_ns(sent.until_boottime_ns);
    };
    if (entry->row.reverts.empty()) {
      fence(*message.mutable_execute());
      *message.mutable_execute()->mutable_plan() = entry->row.plan;
    } else {
      fence(*message.mutable_revert());
      message.mutable_revert()->set_undoes(entry->row.reverts);
    }
    const registry::Begun begun{entry->row.id, TextOf(run), sent.session, sent.boot_id,
                                sent.until_boottime_ns};
    registry_.ToldToBegin(id, begun);
    Tell(id, std::move(message));
  }
}

}  // namespace belay
