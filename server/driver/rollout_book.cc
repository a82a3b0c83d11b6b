#include "server/driver/rollout_book.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/plan/phases.h"
#include "common/plan/sign.h"
#include "server/reports/reports.h"
#include "server/rollout/invariants.h"

namespace belay {
namespace {

// A run is of one phase.  Each step may fall at the last moment and then needs its whole rollback.
std::int64_t LongestMs(const v1::RemediationPlan& plan, bool backwards) {
  std::map<std::uint32_t, std::int64_t> sums;
  for (int i = 0; i < plan.steps_size(); ++i) {
    const v1::Gate& gate = plan.steps(i).gate();
    const std::uint32_t forward_ms =
        backwards ? std::max(gate.deadline_ms(), gate.rollback_deadline_ms()) : gate.deadline_ms();
    sums[PhaseOfStep(plan, i)] += std::int64_t{forward_ms} + gate.stable_ms() +
                                  gate.rollback_deadline_ms() + gate.stable_ms();
  }
  std::int64_t longest = 0;
  for (const auto& [phase, sum] : sums) longest = std::max(longest, sum);
  return longest;
}

void CountFrom(RolloutEntry& entry, const v1::RolloutEvent& event) {
  if (event.has_started() || event.has_retried()) {
    entry.counted_from_unix_ms = event.wall_unix_ms();
  }
}

}  // namespace

std::optional<std::string> RolloutBook::CheckInvariants(const rollout::State& before,
                                                        const v1::RolloutEvent& event,
                                                        const rollout::Step& after) {
  std::optional<std::string> broken = rollout::BrokenInvariant(after.state);
  return broken ? broken : rollout::BrokenTransition(before, event, after);
}

absl::StatusOr<std::shared_ptr<RolloutEntry>> RolloutBook::Draft(store::RolloutRow row) const {
  ASSIGN_OR_RETURN(const v1::RemediationPlan plan, DecodeUnverified(row.plan));
  auto entry = std::make_shared<RolloutEntry>();
  entry->row = std::move(row);
  entry->silence_ms = LongestMs(plan, !entry->row.reverts.empty()) + silence_margin_ms_;
  return entry;
}

absl::StatusOr<std::shared_ptr<RolloutEntry>> RolloutBook::Load(store::RolloutRow row) const {
  const auto unreadable = [&row](const std::string& why) {
    auto entry = std::make_shared<RolloutEntry>();
    entry->row = row;
    entry->frozen = why;
    entry->unreadable = true;
    return entry;
  };
  if (!row.unreadable.empty()) return unreadable(row.unreadable);
  const absl::StatusOr<std::vector<store::EventRow>> events = store_.Events(row.id);
  if (absl::IsDataLoss(events.status())) return unreadable(std::string(events.status().message()));
  RETURN_IF_ERROR(events.status());
  const absl::StatusOr<rollout::State> state = reports::Replay(row.id, *events);
  if (!state.ok()) return unreadable(std::string(state.status().message()));
  const absl::StatusOr<std::shared_ptr<RolloutEntry>> entry = Draft(row);
  if (!entry.ok()) return unreadable(std::string(entry.status().message()));
  (*entry)->state = *state;
  (*entry)->last_seq = events->size();
  for (const store::EventRow& event : *events) CountFrom(**entry, event.event);
  return *entry;
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

absl::StatusOr<std::optional<v1::Rollout>> RolloutBook::Snapshot(const std::string& id) {
  if (const auto it = ended_.find(id); it != ended_.end()) return std::optional(it->second);
  ASSIGN_OR_RETURN(const std::shared_ptr<RolloutEntry> entry, Find(id));
  if (entry == nullptr) return std::optional<v1::Rollout>();
  const bool given_up = entry->row.finished_unix_ms != 0 && !rollout::HasEnded(entry->state);
  v1::Rollout rollout =
      entry->unreadable ? reports::Unreadable(entry->row, entry->frozen)
      : given_up        ? reports::Unreadable(entry->row, "it was held and an operator gave it up")
                        : reports::Snapshot(entry->row, entry->state);
  if (entry->row.finished_unix_ms != 0) ended_[id] = rollout;
  return std::optional(std::move(rollout));
}

std::optional<std::string> RolloutBook::Take(Turn& turn, v1::RolloutEvent event,
                                             std::int64_t wall_unix_ms) const {
  event.set_wall_unix_ms(wall_unix_ms);
  rollout::Step step = rollout::Advance(turn.state, event);
  if (std::optional<std::string> broken = check_(turn.state, event, step)) return broken;
  turn.events.push_back({turn.entry->last_seq + turn.events.size() + 1, std::move(event),
                         rollout::StateDigest(step.state)});
  turn.state = std::move(step.state);
  turn.actions.insert(turn.actions.end(), step.actions.begin(), step.actions.end());
  return std::nullopt;
}

std::optional<Turn> RolloutBook::Prepare(const std::shared_ptr<RolloutEntry>& entry,
                                         const v1::RolloutEvent& event,
                                         std::int64_t wall_unix_ms) const {
  if (!entry->frozen.empty()) return std::nullopt;
  Turn turn;
  turn.entry = entry;
  turn.state = entry->state;
  if (const std::optional<std::string> broken = Take(turn, event, wall_unix_ms)) {
    turn.defect = *broken;
    v1::RolloutEvent frozen;
    frozen.mutable_frozen()->set_reason(*broken);
    if (const std::optional<std::string> again = Take(turn, frozen, wall_unix_ms)) {
      entry->frozen = absl::StrCat(*broken, "; it cannot even be stopped: ", *again);
      return std::nullopt;
    }
    // Where it is a node's verdict it counts all the same, unless that is what is unsound.
    static_cast<void>(Take(turn, event, wall_unix_ms));
  }
  const bool was_open = entry->row.finished_unix_ms == 0;
  turn.ends = was_open && rollout::HasEnded(turn.state);
  turn.reopens = !was_open && !rollout::HasEnded(turn.state);
  return turn;
}

absl::Status RolloutBook::Write(const Turn& turn) {
  const RolloutEntry& entry = *turn.entry;
  if (entry.last_seq == 0) RETURN_IF_ERROR(store_.AddRollout(entry.row));
  for (const store::EventRow& event : turn.events) {
    RETURN_IF_ERROR(store_.AppendEvent(entry.row.id, event));
  }
  if (turn.ends) {
    return store_.FinishRollout(entry.row.id, turn.events.back().event.wall_unix_ms());
  }
  return turn.reopens ? store_.FinishRollout(entry.row.id, 0) : absl::OkStatus();
}

void RolloutBook::Apply(const Turn& turn) {
  RolloutEntry& entry = *turn.entry;
  entry.state = turn.state;
  entry.last_seq += turn.events.size();
  for (const store::EventRow& event : turn.events) CountFrom(entry, event.event);
  ended_.erase(entry.row.id);
  if (turn.ends) entry.row.finished_unix_ms = turn.events.back().event.wall_unix_ms();
  if (turn.reopens) entry.row.finished_unix_ms = 0;
  if (entry.row.finished_unix_ms == 0) {
    running_[entry.row.id] = turn.entry;
  } else {
    running_.erase(entry.row.id);
  }
}

absl::Status RolloutBook::GiveUp(const std::string& id, const std::string& note,
                                 std::int64_t wall_unix_ms) {
  {
    ASSIGN_OR_RETURN(store::Transaction transaction, store_.Begin());
    RETURN_IF_ERROR(store_.AddNote(id, note, wall_unix_ms));
    RETURN_IF_ERROR(store_.FinishRollout(id, wall_unix_ms));
    RETURN_IF_ERROR(transaction.Commit());
  }
  running_.erase(id);
  ended_.erase(id);
  return absl::OkStatus();
}

}  // namespace belay
