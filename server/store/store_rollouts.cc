#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "server/store/store.h"

namespace belay::store {
namespace {

constexpr char kSelect[] =
    "SELECT id, cluster, plan_name, plan_digest, plan, node_order, order_reason, started_by, "
    "request_id, started_unix_ms, finished_unix_ms, options, reverts, fleet FROM rollouts ";

absl::StatusOr<std::vector<RolloutRow>> ReadAll(Statement& statement) {
  std::vector<RolloutRow> rollouts;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return rollouts;
    RolloutRow rollout;
    rollout.id = statement.TextAt(0);
    rollout.cluster = statement.TextAt(1);
    rollout.plan_name = statement.TextAt(2);
    rollout.plan_digest = statement.TextAt(3);
    if (!rollout.plan.ParseFromString(statement.TextAt(4))) {
      rollout.unreadable = "its plan cannot be read from the database";
    }
    rollout.order = absl::StrSplit(statement.TextAt(5), ',', absl::SkipEmpty());
    rollout.order_reason = statement.TextAt(6);
    rollout.started_by = statement.TextAt(7);
    rollout.request_id = statement.TextAt(8);
    rollout.started_unix_ms = statement.IntegerAt(9);
    rollout.finished_unix_ms = statement.IntegerAt(10);
    if (!rollout.options.ParseFromString(statement.TextAt(11))) {
      rollout.unreadable = "its options cannot be read from the database";
    }
    rollout.reverts = statement.TextAt(12);
    rollout.fleet = statement.TextAt(13);
    rollouts.push_back(std::move(rollout));
  }
}

absl::StatusOr<std::optional<RolloutRow>> ReadOne(Statement& statement) {
  ASSIGN_OR_RETURN(std::vector<RolloutRow> rollouts, ReadAll(statement));
  if (rollouts.empty()) return std::optional<RolloutRow>();
  return std::optional<RolloutRow>(std::move(rollouts.front()));
}

}  // namespace

// Node names have no comma (IsValidName), so a list of them is a text.
absl::Status Store::AddRollout(const RolloutRow& rollout) {
  return database_
      ->Prepare(
          "INSERT INTO rollouts(id, cluster, plan_name, plan_digest, plan, node_order, "
          "order_reason, started_by, request_id, started_unix_ms, options, reverts, "
          "fleet) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .Text(rollout.id)
      .Text(rollout.cluster)
      .Text(rollout.plan_name)
      .Text(rollout.plan_digest)
      .Blob(rollout.plan.SerializeAsString())
      .Text(absl::StrJoin(rollout.order, ","))
      .Text(rollout.order_reason)
      .Text(rollout.started_by)
      .Text(rollout.request_id)
      .Integer(rollout.started_unix_ms)
      .Blob(rollout.options.SerializeAsString())
      .Text(rollout.reverts)
      .Text(rollout.fleet)
      .Run();
}

absl::StatusOr<std::optional<RolloutRow>> Store::FindRollout(const std::string& id) {
  Statement statement = database_->Prepare(absl::StrCat(kSelect, "WHERE id = ?"));
  statement.Text(id);
  return ReadOne(statement);
}

absl::StatusOr<std::optional<RolloutRow>> Store::FindRolloutByRequest(
    const std::string& request_id) {
  Statement statement = database_->Prepare(absl::StrCat(kSelect, "WHERE request_id = ?"));
  statement.Text(request_id);
  return ReadOne(statement);
}

absl::StatusOr<std::vector<std::string>> Store::RolloutIds(const std::string& cluster) {
  std::vector<std::string> ids;
  Statement statement = database_->Prepare(
      "SELECT id FROM rollouts WHERE ?1 = '' OR cluster = ?1 ORDER BY number DESC");
  statement.Text(cluster);
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return ids;
    ids.push_back(statement.TextAt(0));
  }
}

absl::StatusOr<std::string> Store::RevertOf(const std::string& id) {
  // The constant lets SQLite use the index, which leaves the others out.
  Statement statement = database_->Prepare(
      "SELECT id FROM rollouts WHERE reverts = ? AND reverts != '' ORDER BY number DESC LIMIT 1");
  statement.Text(id);
  ASSIGN_OR_RETURN(const bool row, statement.Step());
  return row ? statement.TextAt(0) : std::string();
}

absl::StatusOr<std::vector<RolloutRow>> Store::RunningRollouts() {
  Statement statement =
      database_->Prepare(absl::StrCat(kSelect, "WHERE finished_unix_ms = 0 ORDER BY number"));
  return ReadAll(statement);
}

absl::Status Store::FinishRollout(const std::string& id, std::int64_t unix_ms) {
  return database_->Prepare("UPDATE rollouts SET finished_unix_ms = ? WHERE id = ?")
      .Integer(unix_ms)
      .Text(id)
      .Run();
}

absl::Status Store::AddNote(const std::string& rollout_id, const std::string& text,
                            std::int64_t unix_ms) {
  return database_->Prepare("INSERT INTO rollout_notes VALUES(?, ?, ?)")
      .Text(rollout_id)
      .Integer(unix_ms)
      .Text(text)
      .Run();
}

absl::Status Store::AppendEvent(const std::string& rollout_id, const EventRow& event) {
  return database_->Prepare("INSERT INTO rollout_events VALUES(?, ?, ?, ?)")
      .Text(rollout_id)
      .Unsigned(event.seq)
      .Blob(event.event.SerializeAsString())
      .Text(event.state_digest)
      .Run();
}

absl::StatusOr<std::vector<EventRow>> Store::Events(const std::string& rollout_id) {
  std::vector<EventRow> events;
  Statement statement = database_->Prepare(
      "SELECT seq, event, state_digest FROM rollout_events WHERE rollout_id = ? ORDER BY seq");
  statement.Text(rollout_id);
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return events;
    EventRow event{statement.UnsignedAt(0), {}, statement.TextAt(2)};
    if (event.seq != events.size() + 1 || !event.event.ParseFromString(statement.TextAt(1))) {
      return absl::DataLossError(absl::StrCat("coordinator database: event ", events.size() + 1,
                                              " of rollout ", rollout_id,
                                              " is missing or cannot be read"));
    }
    events.push_back(std::move(event));
  }
}

}  // namespace belay::store
