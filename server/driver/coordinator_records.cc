// Records of the nodes: durable first, together with what they mean for the rollout, then
// acknowledged.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "server/driver/coordinator.h"

namespace belay {
namespace {

constexpr std::int64_t kMillisecondNs = 1'000'000;

// What a record tells the rollout engine; no kind when it tells it nothing.
v1::RolloutEvent EventOf(const std::string& node, const v1::Record& record) {
  v1::RolloutEvent event;
  if (record.has_run_accepted()) {
    event.mutable_accepted()->set_node(node);
    event.mutable_accepted()->set_attempt(record.run().attempt());
    event.mutable_accepted()->set_phase(record.run().phase());
  } else if (record.has_run_refused()) {
    v1::NodeVerdict& verdict = *event.mutable_verdict();
    verdict.set_node(node);
    verdict.set_attempt(record.run().attempt());
    verdict.set_phase(record.run().phase());
    verdict.set_verdict(v1::VERDICT_REFUSED);
    verdict.set_reason(record.run_refused().reason());
    verdict.set_next(record.run_refused().next());
  } else if (record.has_run_finished()) {
    v1::NodeVerdict& verdict = *event.mutable_verdict();
    verdict.set_node(node);
    verdict.set_attempt(record.run().attempt());
    verdict.set_phase(record.run().phase());
    verdict.set_verdict(static_cast<std::uint32_t>(record.run_finished().verdict()));
    verdict.set_reason(record.run_finished().reason());
    verdict.set_next(record.run_finished().next());
  }
  return event;
}

const rollout::NodeProgress* ProgressOf(const rollout::State& state, const std::string& node) {
  for (const rollout::NodeProgress& progress : state.nodes) {
    if (progress.name == node) return &progress;
  }
  return nullptr;
}

}  // namespace

std::string TextOf(const v1::RunKey& run) {
  return absl::StrCat(run.rollout_id(), "/", run.attempt(), "/", run.plan_digest(), "/",
                      run.phase());
}

// A record counts only for the exact run it names, and only for a node of that rollout's cluster.
absl::StatusOr<std::optional<Turn>> Coordinator::TurnOf(const NodeId& node,
                                                        const v1::Record& record) {
  v1::RolloutEvent event = EventOf(node.node, record);
  if (event.kind_case() == v1::RolloutEvent::KIND_NOT_SET) return std::optional<Turn>();
  ASSIGN_OR_RETURN(const std::shared_ptr<RolloutEntry> entry,
                   book_.Find(record.run().rollout_id()));
  if (entry == nullptr || entry->row.cluster != node.cluster ||
      record.run().plan_digest() != entry->row.plan_digest) {
    return std::optional<Turn>();
  }
  const rollout::NodeProgress* const progress = ProgressOf(entry->state, node.node);
  if (progress == nullptr || progress->attempt != record.run().attempt() ||
      entry->state.plan_phase != record.run().phase()) {
    return std::optional<Turn>();
  }
  // Of an ended rollout only the late word of a silent node is news.
  if (entry->row.finished_unix_ms != 0 && progress->phase != v1::NODE_PHASE_SILENT) {
    return std::optional<Turn>();
  }
  std::optional<Turn> turn = book_.Prepare(entry, event, clock_.WallNowUnixMs());
  if (!turn) Frozen(*entry);
  return turn;
}

absl::Status Coordinator::WriteRecord(const NodeId& node, const Live& live,
                                      const v1::Record& record, const std::optional<Turn>& turn,
                                      store::Added* added) {
  const std::int64_t now_ms = clock_.WallNowUnixMs();
  ASSIGN_OR_RETURN(store::Transaction transaction, store_.Begin());
  ASSIGN_OR_RETURN(*added,
                   store_.AddRecord(node, live.journal_id, record, now_ms, live.first_kept));
  if (*added != store::Added::New) return absl::OkStatus();
  if (record.has_emergency_stop()) {
    RETURN_IF_ERROR(store_.SetEmergency({node, record.emergency_stop().reason(), now_ms}));
  }
  if (record.has_emergency_cleared()) {
    RETURN_IF_ERROR(store_.EndEmergency(node));
    RETURN_IF_ERROR(store_.FinishClearRequests(node, now_ms));
  }
  if (turn) RETURN_IF_ERROR(book_.Write(*turn));
  return transaction.Commit();
}

void Coordinator::TakeRecord(const std::shared_ptr<AgentSession>& session,
                             const v1::Record& record) {
  const NodeId node = session->node();
  const Live stream = *FindLive(session);
  const std::string& journal_id = stream.journal_id;
  const absl::StatusOr<std::uint64_t> held = store_.AcknowledgedSeq(node, journal_id);
  if (!held.ok()) return Fatal(held.status());
  std::optional<Turn> turn;
  if (record.seq() == std::max(*held + 1, stream.first_kept)) {
    // A verdict may begin the next node: by what is known now.
    if (const auto running = book_.RunningIn(node.cluster)) FeedReadiness(running);
    if (!fatal_.ok()) return;
    absl::StatusOr<std::optional<Turn>> made = TurnOf(node, record);
    if (!made.ok()) return Fatal(made.status());
    turn = *std::move(made);
  }
  store::Added added = store::Added::Duplicate;
  const absl::Status written = WriteRecord(node, stream, record, turn, &added);
  if (!written.ok()) return Fatal(written);
  const std::string name = absl::StrCat("record ", record.seq(), " of ", node.cluster, "/",
                                        node.node, ", journal ", journal_id);
  switch (added) {
    case store::Added::New:
    case store::Added::Duplicate:
      break;
    case store::Added::Gap:
      return Drop(node, absl::OutOfRangeError(absl::StrCat(
                            name, ", came before record ", std::max(*held + 1, stream.first_kept),
                            "; nothing was taken, send from there")));
    case store::Added::Conflict:
      return Drop(node, absl::DataLossError(absl::StrCat(
                            name,
                            ", differs from the one already held; nothing was taken. The "
                            "journal of the node has been replaced or damaged: compare it "
                            "before going on")));
  }

  if (added == store::Added::New) {
    if (record.has_run_finished() || record.has_run_refused()) {
      registry_.RunEnded(node, TextOf(record.run()));
    }
    if (record.has_emergency_stop()) {
      registry_.SetEmergency(node, record.emergency_stop().reason());
      log_(absl::StrCat("EMERGENCY STOP of ", node.cluster, "/", node.node, ": ",
                        record.emergency_stop().reason()));
    }
    if (record.has_emergency_cleared()) {
      registry_.EndEmergency(node);
      clears_.erase(node);
    }
    // The gate begins again with a full deadline, so the node may be quiet for that much longer.
    if (record.has_gate_resumed()) {
      const auto timer =
          timers_.find({record.run().rollout_id(), node.node, rollout::Timer::Verdict});
      const auto entry = book_.RunningIn(node.cluster);
      if (timer != timers_.end() && entry != nullptr &&
          entry->row.id == record.run().rollout_id() &&
          entry->row.plan_digest == record.run().plan_digest() &&
          entry->state.plan_phase == record.run().phase() &&
          ProgressOf(entry->state, node.node)->attempt == record.run().attempt()) {
        timer->second = NowNs() + entry->silence_ms * kMillisecondNs;
      }
    }
  }
  if (Live* const live = FindLive(session); record.seq() >= live->unread) live->unread = 0;
  v1::CoordinatorMessage message;
  message.mutable_record_ack()->set_seq(std::max(*held, record.seq()));
  Tell(node, std::move(message));
  if (added == store::Added::New && turn) TakeEffect(*turn);
}

}  // namespace belay
