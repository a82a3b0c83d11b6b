// Everything the coordinator must not forget.  Small methods over one database; several of them
// become one durable change inside Begin() ... Commit().
//
// One thread.  Times are for people.  Errors are those of database.h, with what was being done.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "belay/v1/access.pb.h"
#include "belay/v1/lock.pb.h"
#include "common/select/labels.h"
#include "server/store/database.h"
#include "server/store/rows.h"

namespace belay::store {

class Store {
 public:
  static absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& path);

  // The bytes of a new one that holds what `fill` has put into it.
  static absl::StatusOr<std::string> NewImage(const std::function<absl::Status(Store&)>& fill);

  absl::StatusOr<Transaction> Begin() { return Transaction::Begin(*database_); }
  // One more than ever before; fences commands of an earlier run of the coordinator.
  absl::StatusOr<std::uint64_t> NextEpoch();

  // When this database was restored from a backup and no coordinator has taken note of it; else 0.
  absl::StatusOr<std::int64_t> RestoredUnix();
  absl::Status ForgetRestored();

  // Nodes come to be by enrolment (sqlite_token_store.h).  NOT_FOUND when never enrolled.
  absl::StatusOr<std::vector<NodeRow>> Nodes();
  absl::Status SawNode(const NodeRow& node);

  // Highest sequence number held of one journal; 0 for none.  Below it there are no gaps but those
  // that a node could not fill any more.
  absl::StatusOr<std::uint64_t> AcknowledgedSeq(const NodeId& node, const std::string& journal_id);
  // What is wrong with a node's record is a value: an error is always of the database itself.
  // `first_kept`: the node has no records before that one any more, so it may come next.
  absl::StatusOr<Added> AddRecord(const NodeId& node, const std::string& journal_id,
                                  const v1::Record& record, std::int64_t received_unix_ms,
                                  std::uint64_t first_kept = 1);
  // Of the nodes of that cluster only; by node, then in order of receipt.
  absl::StatusOr<std::vector<RecordRow>> RecordsOfRollout(const std::string& cluster,
                                                          const std::string& rollout_id);

  absl::StatusOr<std::vector<EmergencyRow>> Emergencies();
  absl::Status SetEmergency(const EmergencyRow& emergency);  // again: the first one stays
  absl::Status EndEmergency(const NodeId& node);

  absl::Status AddClearRequest(const ClearRequestRow& request);
  absl::StatusOr<std::vector<ClearRequestRow>> PendingClearRequests();
  absl::Status FinishClearRequests(const NodeId& node, std::int64_t unix_ms);

  // ALREADY_EXISTS when the id or request id is taken, or the cluster has a running rollout.
  absl::Status AddRollout(const RolloutRow& rollout);
  absl::StatusOr<std::optional<RolloutRow>> FindRollout(const std::string& id);
  absl::StatusOr<std::optional<RolloutRow>> FindRolloutByRequest(const std::string& request_id);
  absl::StatusOr<std::vector<std::string>> RolloutIds(const std::string& cluster);  // newest first
  absl::StatusOr<std::string> RevertOf(
      const std::string& id);  // id of the rollout that puts it back
  absl::StatusOr<std::vector<RolloutRow>> RunningRollouts();
  absl::Status FinishRollout(const std::string& id, std::int64_t unix_ms);  // 0: it goes on
  // What was done to a rollout outside of its events.
  absl::Status AddNote(const std::string& rollout_id, const std::string& text,
                       std::int64_t unix_ms);

  absl::Status AddFleet(const FleetRow& fleet);
  absl::StatusOr<std::optional<FleetRow>> FindFleet(const std::string& id);
  absl::StatusOr<std::optional<FleetRow>> FindFleetByRequest(const std::string& request_id);
  absl::StatusOr<std::vector<std::string>> FleetIds();  // newest first
  absl::StatusOr<std::vector<FleetRow>> RunningFleets();
  absl::Status FinishFleet(const std::string& id, std::int64_t unix_ms);  // 0: it goes on
  absl::Status AppendFleetEvent(const std::string& fleet_id, const FleetEventRow& event);
  absl::StatusOr<std::vector<FleetEventRow>> FleetEvents(const std::string& fleet_id);
  // The rollout of one cluster of it; empty: none has begun.
  absl::StatusOr<std::string> RolloutOfFleet(const std::string& fleet_id,
                                             const std::string& cluster);

  // What happened to the locks of clusters, oldest first; of all or, for people, of one cluster.
  absl::Status AppendLockEvent(const v1::LockEvent& event);
  absl::StatusOr<std::vector<v1::LockEvent>> LockEvents(const std::string& cluster = "");

  // By cluster; those without labels are not in it.
  absl::StatusOr<std::map<std::string, Labels>> ClusterLabels();
  absl::Status SetClusterLabel(const std::string& cluster, const std::string& name,
                               const std::string& value, const std::string& operator_name,
                               std::int64_t unix_ms);
  absl::Status RemoveClusterLabel(const std::string& cluster, const std::string& name);
  absl::StatusOr<std::map<NodeId, Labels>> NodeLabels();
  absl::Status SetNodeLabel(const NodeId& node, const std::string& name, const std::string& value,
                            const std::string& operator_name, std::int64_t unix_ms);
  absl::Status RemoveNodeLabel(const NodeId& node, const std::string& name);

  // What operators may do; who is not there is not listed.
  absl::StatusOr<std::optional<v1::OperatorRoles>> FindOperator(const std::string& name);
  absl::StatusOr<std::vector<v1::OperatorRoles>> Operators();  // by name
  // All of his roles, and a certificate that he is given with them.
  absl::Status SetOperator(const v1::OperatorRoles& roles,
                           const std::optional<OperatorCertificateRow>& given = std::nullopt);
  // Who is not listed, and whose certificate was issued until then, is of before there were roles;
  // 0: there are no such.
  absl::StatusOr<std::int64_t> UnlistedUntilUnix();
  absl::Status EndUnlisted();
  // Those that were ever given for a token, by renewal or by belay-server; by identity, newest
  // first. Without their revocations.
  absl::StatusOr<std::vector<v1::Certificate>> Certificates();
  absl::StatusOr<std::optional<std::int64_t>> IssuedUnix(const std::string& sha256);
  absl::Status AddRevocation(const v1::Revocation& revocation);
  absl::StatusOr<std::vector<v1::Revocation>> Revocations();  // newest first
  // Those of this certificate and of this identity.
  absl::StatusOr<std::vector<v1::Revocation>> RevocationsOf(const std::string& sha256,
                                                            const std::string& identity);
  absl::StatusOr<std::vector<v1::Token>> Tokens();  // those that expire last first
  // With the certificate that was given for it and not yet confirmed.  NOT_FOUND;
  // FAILED_PRECONDITION: it is spent.  Again: the first word stays.
  absl::StatusOr<v1::Token> RevokeToken(const std::string& id, const std::string& by,
                                        std::int64_t unix_ms);
  // The audit trail: chained (common/trail/chain.h), only ever added to.  Numbers are given here.
  absl::Status AppendAudit(std::vector<v1::AuditRecord> records);
  absl::StatusOr<TrailEnd> EndOfAuditTrail();
  absl::StatusOr<std::vector<v1::AuditEntry>> AuditTrail(std::uint64_t after, std::uint32_t limit);
  // Another value after each change by another connection.
  absl::StatusOr<std::int64_t> DataVersion();

  absl::Status AppendEvent(const std::string& rollout_id, const EventRow& event);
  absl::StatusOr<std::vector<EventRow>> Events(const std::string& rollout_id);

 private:
  explicit Store(std::unique_ptr<Database> database) : database_(std::move(database)) {}
  std::unique_ptr<Database> database_;
};

}  // namespace belay::store
