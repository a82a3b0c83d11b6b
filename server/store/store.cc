#include "server/store/store.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace belay::store {
namespace {
std::string NameOf(const NodeId& id) { return absl::StrCat(id.cluster, "/", id.node); }

// Maps inside of a record have no order of their own; equal records are to have equal bytes.
std::string Bytes(const v1::Record& record) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream out(&bytes);
    google::protobuf::io::CodedOutputStream coded(&out);
    coded.SetSerializationDeterministic(true);
    record.SerializeToCodedStream(&coded);
  }
  return bytes;
}
}  // namespace

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const std::string& path) {
  ASSIGN_OR_RETURN(auto database, Database::Open(path));
  return std::unique_ptr<Store>(new Store(std::move(database)));
}

absl::StatusOr<std::string> Store::NewImage(const std::function<absl::Status(Store&)>& fill) {
  ASSIGN_OR_RETURN(auto database, Database::InMemory());
  Store store(std::move(database));
  RETURN_IF_ERROR(fill(store));
  return store.database_->Image();
}

absl::StatusOr<std::uint64_t> Store::NextEpoch() {
  Statement statement =
      database_->Prepare("UPDATE meta SET value = value + 1 WHERE name = 'epoch' RETURNING value");
  ASSIGN_OR_RETURN(const bool row, statement.Step());
  if (!row) return absl::DataLossError("coordinator database: the epoch is missing");
  const std::uint64_t epoch = statement.UnsignedAt(0);
  RETURN_IF_ERROR(statement.Run());  // to its end, which commits
  return epoch;
}

absl::StatusOr<std::int64_t> Store::RestoredUnix() {
  Statement statement = database_->Prepare("SELECT value FROM meta WHERE name = 'restored_unix'");
  ASSIGN_OR_RETURN(const bool row, statement.Step());
  return row ? statement.IntegerAt(0) : 0;
}

absl::Status Store::ForgetRestored() {
  return database_->Prepare("DELETE FROM meta WHERE name = 'restored_unix'").Run();
}

absl::StatusOr<std::vector<NodeRow>> Store::Nodes() {
  std::vector<NodeRow> nodes;
  Statement statement = database_->Prepare(
      "SELECT cluster, node, agent_version, status, last_seen_unix_ms FROM nodes "
      "ORDER BY cluster, node");
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return nodes;
    NodeRow node{{statement.TextAt(0), statement.TextAt(1)},
                 statement.TextAt(2),
                 {},
                 statement.IntegerAt(4)};
    // Only for people, until the node connects: not worth refusing to start for.
    if (!node.status.ParseFromString(statement.TextAt(3))) node.status.Clear();
    nodes.push_back(std::move(node));
  }
}

absl::Status Store::SawNode(const NodeRow& node) {
  RETURN_IF_ERROR(database_
                      ->Prepare("UPDATE nodes SET agent_version = ?, status = ?, "
                                "last_seen_unix_ms = ? WHERE cluster = ? AND node = ?")
                      .Text(node.agent_version)
                      .Blob(node.status.SerializeAsString())
                      .Integer(node.last_seen_unix_ms)
                      .Text(node.id.cluster)
                      .Text(node.id.node)
                      .Run());
  if (database_->Changes() != 0) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("node ", NameOf(node.id), " is not enrolled here"));
}

absl::StatusOr<std::uint64_t> Store::AcknowledgedSeq(const NodeId& node,
                                                     const std::string& journal_id) {
  Statement statement = database_->Prepare(
      "SELECT max(seq) FROM node_records WHERE cluster = ? AND node = ? AND journal_id = ?");
  statement.Text(node.cluster).Text(node.node).Text(journal_id);
  RETURN_IF_ERROR(statement.Step().status());
  return statement.UnsignedAt(0);
}

absl::StatusOr<Added> Store::AddRecord(const NodeId& node, const std::string& journal_id,
                                       const v1::Record& record, std::int64_t received_unix_ms,
                                       std::uint64_t first_kept) {
  ASSIGN_OR_RETURN(const std::uint64_t held, AcknowledgedSeq(node, journal_id));
  const std::string bytes = Bytes(record);
  if (record.seq() <= held) {
    Statement statement = database_->Prepare(
        "SELECT record FROM node_records WHERE cluster = ? AND node = ? AND journal_id = ? AND "
        "seq = ?");
    statement.Text(node.cluster).Text(node.node).Text(journal_id).Unsigned(record.seq());
    ASSIGN_OR_RETURN(const bool row, statement.Step());
    v1::Record first;
    if (!row || !first.ParseFromString(statement.TextAt(0)) || Bytes(first) != bytes) {
      return Added::Conflict;
    }
    return Added::Duplicate;
  }
  // A node chooses its numbers; none of them may become an error of the database.
  if (record.seq() != std::max(held + 1, first_kept) || record.seq() > kMostRecords) {
    return Added::Gap;
  }
  RETURN_IF_ERROR(database_->Prepare("INSERT INTO node_records VALUES(?, ?, ?, ?, ?, ?, ?)")
                      .Text(node.cluster)
                      .Text(node.node)
                      .Text(journal_id)
                      .Unsigned(record.seq())
                      .Text(record.run().rollout_id())
                      .Blob(bytes)
                      .Integer(received_unix_ms)
                      .Run());
  return Added::New;
}

absl::StatusOr<std::vector<RecordRow>> Store::RecordsOfRollout(const std::string& cluster,
                                                               const std::string& rollout_id) {
  std::vector<RecordRow> records;
  Statement statement = database_->Prepare(
      "SELECT node, journal_id, record, received_unix_ms FROM node_records "
      "WHERE rollout_id = ? AND cluster = ? ORDER BY node, received_unix_ms, seq");
  statement.Text(rollout_id).Text(cluster);
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return records;
    RecordRow record{statement.TextAt(0), statement.TextAt(1), {}, statement.IntegerAt(3)};
    if (!record.record.ParseFromString(statement.TextAt(2))) {
      return absl::DataLossError(
          absl::StrCat("coordinator database: a record of ", record.node, " cannot be read"));
    }
    records.push_back(std::move(record));
  }
}

absl::StatusOr<std::vector<EmergencyRow>> Store::Emergencies() {
  std::vector<EmergencyRow> emergencies;
  Statement statement =
      database_->Prepare("SELECT cluster, node, reason, since_unix_ms FROM emergencies");
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return emergencies;
    emergencies.push_back(
        {{statement.TextAt(0), statement.TextAt(1)}, statement.TextAt(2), statement.IntegerAt(3)});
  }
}

absl::Status Store::SetEmergency(const EmergencyRow& emergency) {
  return database_->Prepare("INSERT INTO emergencies VALUES(?, ?, ?, ?) ON CONFLICT DO NOTHING")
      .Text(emergency.id.cluster)
      .Text(emergency.id.node)
      .Text(emergency.reason)
      .Integer(emergency.since_unix_ms)
      .Run();
}

absl::Status Store::EndEmergency(const NodeId& node) {
  return database_->Prepare("DELETE FROM emergencies WHERE cluster = ? AND node = ?")
      .Text(node.cluster)
      .Text(node.node)
      .Run();
}

absl::Status Store::AddClearRequest(const ClearRequestRow& request) {
  return database_
      ->Prepare(
          "INSERT INTO clear_requests(id, cluster, node, reason, operator, "
          "requested_unix_ms) VALUES(?, ?, ?, ?, ?, ?)")
      .Text(request.id)
      .Text(request.node.cluster)
      .Text(request.node.node)
      .Text(request.reason)
      .Text(request.operator_name)
      .Integer(request.requested_unix_ms)
      .Run();
}

absl::StatusOr<std::vector<ClearRequestRow>> Store::PendingClearRequests() {
  std::vector<ClearRequestRow> requests;
  Statement statement = database_->Prepare(
      "SELECT id, cluster, node, reason, operator, requested_unix_ms FROM clear_requests "
      "WHERE cleared_unix_ms = 0 ORDER BY requested_unix_ms");
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return requests;
    requests.push_back({statement.TextAt(0),
                        {statement.TextAt(1), statement.TextAt(2)},
                        statement.TextAt(3),
                        statement.TextAt(4),
                        statement.IntegerAt(5)});
  }
}

absl::Status Store::FinishClearRequests(const NodeId& node, std::int64_t unix_ms) {
  return database_
      ->Prepare(
          "UPDATE clear_requests SET cleared_unix_ms = ? WHERE cluster = ? AND node = ? "
          "AND cleared_unix_ms = 0")
      .Integer(unix_ms)
      .Text(node.cluster)
      .Text(node.node)
      .Run();
}

}  // namespace belay::store
