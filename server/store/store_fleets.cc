#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "server/store/store.h"

namespace belay::store {
namespace {

constexpr char kSelect[] =
    "SELECT id, plan_name, plan_digest, plan, definition, started_by, request_id, "
    "started_unix_ms, finished_unix_ms FROM fleets ";

absl::StatusOr<std::vector<FleetRow>> ReadAll(Statement& statement) {
  std::vector<FleetRow> fleets;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return fleets;
    FleetRow fleet;
    fleet.id = statement.TextAt(0);
    fleet.plan_name = statement.TextAt(1);
    fleet.plan_digest = statement.TextAt(2);
    if (!fleet.plan.ParseFromString(statement.TextAt(3)) ||
        !fleet.definition.ParseFromString(statement.TextAt(4))) {
      fleet.unreadable = "its plan or its stages cannot be read from the database";
    }
    fleet.started_by = statement.TextAt(5);
    fleet.request_id = statement.TextAt(6);
    fleet.started_unix_ms = statement.IntegerAt(7);
    fleet.finished_unix_ms = statement.IntegerAt(8);
    fleets.push_back(std::move(fleet));
  }
}

absl::StatusOr<std::optional<FleetRow>> ReadOne(Statement& statement) {
  ASSIGN_OR_RETURN(std::vector<FleetRow> fleets, ReadAll(statement));
  if (fleets.empty()) return std::optional<FleetRow>();
  return std::optional<FleetRow>(std::move(fleets.front()));
}

}  // namespace

absl::Status Store::AddFleet(const FleetRow& fleet) {
  return database_
      ->Prepare(
          "INSERT INTO fleets(id, plan_name, plan_digest, plan, definition, started_by, "
          "request_id, started_unix_ms) VALUES(?, ?, ?, ?, ?, ?, ?, ?)")
      .Text(fleet.id)
      .Text(fleet.plan_name)
      .Text(fleet.plan_digest)
      .Blob(fleet.plan.SerializeAsString())
      .Blob(fleet.definition.SerializeAsString())
      .Text(fleet.started_by)
      .Text(fleet.request_id)
      .Integer(fleet.started_unix_ms)
      .Run();
}

absl::StatusOr<std::optional<FleetRow>> Store::FindFleet(const std::string& id) {
  Statement statement = database_->Prepare(absl::StrCat(kSelect, "WHERE id = ?"));
  statement.Text(id);
  return ReadOne(statement);
}

absl::StatusOr<std::optional<FleetRow>> Store::FindFleetByRequest(const std::string& request_id) {
  Statement statement = database_->Prepare(absl::StrCat(kSelect, "WHERE request_id = ?"));
  statement.Text(request_id);
  return ReadOne(statement);
}

absl::StatusOr<std::vector<std::string>> Store::FleetIds() {
  std::vector<std::string> ids;
  Statement statement = database_->Prepare("SELECT id FROM fleets ORDER BY number DESC");
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return ids;
    ids.push_back(statement.TextAt(0));
  }
}

absl::StatusOr<std::vector<FleetRow>> Store::RunningFleets() {
  Statement statement =
      database_->Prepare(absl::StrCat(kSelect, "WHERE finished_unix_ms = 0 ORDER BY number"));
  return ReadAll(statement);
}

absl::Status Store::FinishFleet(const std::string& id, std::int64_t unix_ms) {
  return database_->Prepare("UPDATE fleets SET finished_unix_ms = ? WHERE id = ?")
      .Integer(unix_ms)
      .Text(id)
      .Run();
}

absl::Status Store::AppendFleetEvent(const std::string& fleet_id, const FleetEventRow& event) {
  return database_->Prepare("INSERT INTO fleet_events VALUES(?, ?, ?, ?)")
      .Text(fleet_id)
      .Unsigned(event.seq)
      .Blob(event.event.SerializeAsString())
      .Text(event.state_digest)
      .Run();
}

absl::StatusOr<std::vector<FleetEventRow>> Store::FleetEvents(const std::string& fleet_id) {
  std::vector<FleetEventRow> events;
  Statement statement = database_->Prepare(
      "SELECT seq, event, state_digest FROM fleet_events WHERE fleet_id = ? ORDER BY seq");
  statement.Text(fleet_id);
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return events;
    FleetEventRow event{statement.UnsignedAt(0), {}, statement.TextAt(2)};
    if (event.seq != events.size() + 1 || !event.event.ParseFromString(statement.TextAt(1))) {
      return absl::DataLossError(absl::StrCat("coordinator database: event ", events.size() + 1,
                                              " of fleet rollout ", fleet_id,
                                              " is missing or cannot be read"));
    }
    events.push_back(std::move(event));
  }
}

absl::StatusOr<std::string> Store::RolloutOfFleet(const std::string& fleet_id,
                                                  const std::string& cluster) {
  Statement statement =
      database_->Prepare("SELECT id FROM rollouts WHERE fleet = ? AND fleet != '' AND cluster = ?");
  statement.Text(fleet_id);
  statement.Text(cluster);
  ASSIGN_OR_RETURN(const bool row, statement.Step());
  return row ? statement.TextAt(0) : std::string();
}

}  // namespace belay::store
