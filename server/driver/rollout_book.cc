#include "server/driver/rollout_book.h"

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/plan/sign.h"
#include "server/reports/reports.h"
#include "server/rollout/invariants.h"

namespace belay {
namespace {

// Each step may fall at the last moment and then needs its whole rollback.
std::int64_t LongestMs(const v1::RemediationPlan& plan) {
  std::int64_t sum = 0;
  for (const v1::Step& step : plan.steps()) {
    const v1::Gate& gate = step.gate();
    sum += std::int64_t{gate.deadline_ms()} + gate.stable_ms() + gate.rollback_deadline_ms() +
           gate.stable_ms();
  }
  return sum;
}

}  // namespace

bool IsInFlight(v1::NodePhase phase) {
  return phase == v1::NODE_PHASE_DISPATCHED || phase == v1::NODE_PHASE_IN_PROGRESS;
}

absl::StatusOr<std::shared_ptr<RolloutEntry>> RolloutBook::Draft(store::RolloutRow row) const {
  ASSIGN_OR_RETURN(const v1::RemediationPlan plan, DecodeUnverified(row.plan));
  auto entry = std::make_shared<RolloutEntry>();
  entry->row = std::move(row);
  entry->silence_ms = LongestMs(plan) + silence_margin_ms_;
  return entry;
}

absl::StatusOr<std::shared_ptr<RolloutEntry>> RolloutBook::Load(store::RolloutRow row) const {
  ASSIGN_OR_RETURN(std::shared_ptr<RolloutEntry> entry, Draft(std::move(row)));
  ASSIGN_OR_RETURN(const std::vector<store::EventRow> events, store_.Events(entry->row.id));
  ASSIGN_OR_RETURN(entry->state, reports::Replay(entry->row.id, events));
  entry->last_seq = events.size();
  return entry;
}

absl::Status RolloutBook::LoadRunning() {
  ASSIGN_OR_RETURN(std::vector<store::RolloutRow> rows, store_.RunningRollouts());
  for (store::RolloutRow& row : rows) {
    ASSIGN_OR_RETURN(std::shared_ptr<RolloutEntry> entry, Load(std::move(row)));
    running_[entry->row.id] = entry;
  }
  return absl::OkStatus();
}

std::vector<std::shared_ptr<RolloutEntry>> RolloutBook::Running() const {
  std::vector<std::shared_ptr<RolloutEntry>> all;
  for (const auto& [id, entry] : running_) all.push_back(entry);
  return all;
}

std::shared_ptr<RolloutEntry> RolloutBook::RunningIn(const std::string& cluster) const {
  for (const auto& [id, entry] : running_) {
    if (entry->row.cluster == cluster) return entry;
  }
  return nullptr;
}

absl::StatusOr<std::shared_ptr<RolloutEntry>> RolloutBook::Find(const std::string& id) const {
  const auto it = running_.find(id);
  if (it != running_.end()) return it->second;
  ASSIGN_OR_RETURN(std::optional<store::RolloutRow> row, store_.FindRollout(id));
  if (!row) return std::shared_ptr<RolloutEntry>();
  return Load(*std::move(row));
}

std::optional<Turn> RolloutBook::Prepare(const std::shared_ptr<RolloutEntry>& entry,
                                         v1::RolloutEvent event, std::int64_t wall_unix_ms) const {
  if (!entry->frozen.empty()) return std::nullopt;
  event.set_wall_unix_ms(wall_unix_ms);
  Turn turn{entry, {entry->last_seq + 1, std::move(event), ""}, {}, false};
  turn.step = rollout::Advance(entry->state, turn.event.event);
  std::optional<std::string> broken = rollout::BrokenInvariant(turn.step.state);
  if (!broken) broken = rollout::BrokenTransition(entry->state, turn.event.event, turn.step);
  if (broken) {
    entry->frozen = *broken;
    return std::nullopt;
  }
  turn.event.state_digest = rollout::StateDigest(turn.step.state);
  turn.ends =
      entry->row.finished_unix_ms == 0 && turn.step.state.phase != v1::ROLLOUT_PHASE_RUNNING;
  return turn;
}

absl::Status RolloutBook::Write(const Turn& turn) {
  const RolloutEntry& entry = *turn.entry;
  if (entry.last_seq == 0) RETURN_IF_ERROR(store_.AddRollout(entry.row));
  RETURN_IF_ERROR(store_.AppendEvent(entry.row.id, turn.event));
  if (!turn.ends) return absl::OkStatus();
  return store_.FinishRollout(entry.row.id, turn.event.event.wall_unix_ms());
}

void RolloutBook::Apply(const Turn& turn) {
  RolloutEntry& entry = *turn.entry;
  entry.state = turn.step.state;
  entry.last_seq = turn.event.seq;
  if (turn.ends) {
    entry.row.finished_unix_ms = turn.event.event.wall_unix_ms();
    running_.erase(entry.row.id);
  } else if (entry.row.finished_unix_ms == 0) {
    running_[entry.row.id] = turn.entry;
  }
}

}  // namespace belay
