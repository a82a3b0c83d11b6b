#include "server/driver/fleet_book.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace belay {
namespace {

void CountFrom(FleetEntry& entry, const v1::FleetEvent& event) {
  if (event.has_started() || event.has_retried()) {
    entry.counted_from_unix_ms = event.wall_unix_ms();
  }
}

}  // namespace

absl::StatusOr<std::shared_ptr<FleetEntry>> FleetBook::Load(store::FleetRow row) const {
  auto entry = std::make_shared<FleetEntry>();
  entry->row = std::move(row);
  entry->frozen = entry->row.unreadable;
  const absl::StatusOr<std::vector<store::FleetEventRow>> events =
      store_.FleetEvents(entry->row.id);
  if (absl::IsDataLoss(events.status())) entry->frozen = std::string(events.status().message());
  if (!entry->frozen.empty()) return entry;
  RETURN_IF_ERROR(events.status());
  for (const store::FleetEventRow& event : *events) {
    entry->state = fleet::Advance(entry->state, event.event).state;
    entry->last_seq = event.seq;
    CountFrom(*entry, event.event);
    if (fleet::StateDigest(entry->state) == event.state_digest) continue;
    entry->frozen = absl::StrCat("event ", event.seq,
                                 " leads to another state than it did when it happened; run the "
                                 "belay-server that wrote it");
    return entry;
  }
  return entry;
}

absl::Status FleetBook::LoadRunning() {
  ASSIGN_OR_RETURN(std::vector<store::FleetRow> rows, store_.RunningFleets());
  for (store::FleetRow& row : rows) {
    ASSIGN_OR_RETURN(std::shared_ptr<FleetEntry> entry, Load(std::move(row)));
    running_[entry->row.id] = entry;
  }
  return absl::OkStatus();
}

std::vector<std::shared_ptr<FleetEntry>> FleetBook::Running() const {
  std::vector<std::shared_ptr<FleetEntry>> all;
  for (const auto& [id, entry] : running_) all.push_back(entry);
  return all;
}

absl::StatusOr<std::shared_ptr<FleetEntry>> FleetBook::Find(const std::string& id) const {
  const auto it = running_.find(id);
  if (it != running_.end()) return it->second;
  ASSIGN_OR_RETURN(std::optional<store::FleetRow> row, store_.FindFleet(id));
  if (!row) return std::shared_ptr<FleetEntry>();
  return Load(*std::move(row));
}

std::optional<std::string> FleetBook::Take(FleetTurn& turn, v1::FleetEvent event,
                                           std::int64_t wall_unix_ms) {
  event.set_wall_unix_ms(wall_unix_ms);
  fleet::Step step = fleet::Advance(turn.state, event);
  if (auto broken = fleet::BrokenInvariant(step.state)) return broken;
  if (auto broken = fleet::BrokenTransition(turn.state, event, step)) return broken;
  turn.events.push_back({turn.entry->last_seq + turn.events.size() + 1, std::move(event),
                         fleet::StateDigest(step.state)});
  turn.state = std::move(step.state);
  turn.actions.insert(turn.actions.end(), step.actions.begin(), step.actions.end());
  return std::nullopt;
}

std::optional<FleetTurn> FleetBook::Prepare(const std::shared_ptr<FleetEntry>& entry,
                                            const v1::FleetEvent& event,
                                            std::int64_t wall_unix_ms) const {
  if (!entry->frozen.empty()) return std::nullopt;
  FleetTurn turn;
  turn.entry = entry;
  turn.state = entry->state;
  const std::optional<std::string> broken = Take(turn, event, wall_unix_ms);
  if (!broken) return turn;
  turn.defect = *broken;
  v1::FleetEvent frozen;
  frozen.mutable_frozen()->set_reason(*broken);
  if (const auto again = Take(turn, frozen, wall_unix_ms)) {
    entry->frozen = absl::StrCat(*broken, "; it cannot even be stopped: ", *again);
    return std::nullopt;
  }
  return turn;
}

absl::Status FleetBook::Write(const FleetTurn& turn) {
  const FleetEntry& entry = *turn.entry;
  if (entry.last_seq == 0) RETURN_IF_ERROR(store_.AddFleet(entry.row));
  for (const store::FleetEventRow& event : turn.events) {
    RETURN_IF_ERROR(store_.AppendFleetEvent(entry.row.id, event));
  }
  const bool open = !fleet::HasEnded(turn.state);
  if (open == (entry.row.finished_unix_ms == 0)) return absl::OkStatus();
  return store_.FinishFleet(entry.row.id, open ? 0 : turn.events.back().event.wall_unix_ms());
}

absl::Status FleetBook::GiveUp(const std::string& id, const std::string& note,
                               std::int64_t wall_unix_ms) {
  ASSIGN_OR_RETURN(store::Transaction transaction, store_.Begin());
  RETURN_IF_ERROR(store_.AddNote(id, note, wall_unix_ms));
  RETURN_IF_ERROR(store_.FinishFleet(id, wall_unix_ms));
  RETURN_IF_ERROR(transaction.Commit());
  running_.erase(id);
  return absl::OkStatus();
}

void FleetBook::Apply(const FleetTurn& turn) {
  FleetEntry& entry = *turn.entry;
  entry.state = turn.state;
  entry.last_seq += turn.events.size();
  for (const store::FleetEventRow& event : turn.events) CountFrom(entry, event.event);
  const bool open = !fleet::HasEnded(entry.state);
  if (open) {
    entry.row.finished_unix_ms = 0;
    running_[entry.row.id] = turn.entry;
    return;
  }
  if (entry.row.finished_unix_ms == 0) {
    entry.row.finished_unix_ms = turn.events.back().event.wall_unix_ms();
  }
  running_.erase(entry.row.id);
}

}  // namespace belay
