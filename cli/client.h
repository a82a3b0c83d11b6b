// The coordinator's Admin service as plain functions: the only place of belayctl that knows gRPC.
// Errors come back with words for people: who was asked, and what went wrong.
//
// One thread.  Each call waits at most for the timeout.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "belay/v1/admin.pb.h"
#include "cli/config.h"

namespace belay {

// One WatchRollout call.  Its reading thread ends with it.
class RolloutStream {
 public:
  virtual ~RolloutStream() = default;
  // An update, or the status the stream ended with (once); nothing when neither came in time.
  virtual std::optional<absl::StatusOr<v1::RolloutUpdate>> NextFor(int milliseconds) = 0;
};

enum class RolloutChange { Pause, Resume, Abort, Approve, Retry };

class Client {
 public:
  // Reads and checks the certificate; connects at the first call.
  static absl::StatusOr<std::unique_ptr<Client>> Open(const OperatorConfig& config,
                                                      std::int64_t timeout_ms,
                                                      std::int64_t now_unix);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  absl::StatusOr<v1::CreateTokenReply> CreateToken(const v1::CreateTokenRequest& request);
  absl::StatusOr<v1::ListNodesReply> ListNodes(const v1::ListNodesRequest& request);
  absl::StatusOr<v1::ClearEmergencyReply> ClearEmergency(const v1::ClearEmergencyRequest& request);
  // Sent again after a broken connection: request_id keeps it one rollout.
  absl::StatusOr<v1::StartRolloutReply> StartRollout(const v1::StartRolloutRequest& request);
  absl::StatusOr<v1::StartRolloutReply> RevertRollout(const v1::RevertRolloutRequest& request);
  // The same of rollouts over several clusters.
  absl::StatusOr<v1::Fleet> StartFleet(const v1::StartFleetRequest& request);
  absl::StatusOr<v1::Fleet> GetFleet(const v1::GetFleetRequest& request);
  absl::StatusOr<v1::ListFleetsReply> ListFleets(const v1::ListFleetsRequest& request);
  absl::StatusOr<v1::Fleet> ChangeFleet(const v1::ChangeFleetRequest& request);
  absl::StatusOr<v1::ListClustersReply> ListClusters(const v1::ListClustersRequest& request);
  absl::StatusOr<v1::Node> LabelNode(const v1::LabelNodeRequest& request);
  absl::StatusOr<v1::Cluster> LabelCluster(const v1::LabelClusterRequest& request);
  absl::StatusOr<v1::ListLocksReply> ListLocks(const v1::ListLocksRequest& request);
  absl::StatusOr<v1::Lock> TakeLock(const v1::TakeLockRequest& request);
  absl::StatusOr<v1::ReleaseLockReply> ReleaseLock(const v1::ReleaseLockRequest& request);
  absl::StatusOr<v1::BreakLockReply> BreakLock(const v1::BreakLockRequest& request);
  absl::StatusOr<v1::ListTokensReply> ListTokens(const v1::ListTokensRequest& request);
  absl::StatusOr<v1::Token> RevokeToken(const v1::RevokeTokenRequest& request);
  absl::StatusOr<v1::ListCertificatesReply> ListCertificates(
      const v1::ListCertificatesRequest& request);
  absl::StatusOr<v1::RevokeCertificateReply> RevokeCertificate(
      const v1::RevokeCertificateRequest& request);
  absl::StatusOr<v1::ListAuditTrailReply> ListAuditTrail(const v1::ListAuditTrailRequest& request);
  absl::StatusOr<v1::ListRolesReply> ListRoles(const v1::ListRolesRequest& request);
  absl::StatusOr<v1::OperatorRoles> GrantRole(const v1::ChangeRoleRequest& request);
  absl::StatusOr<v1::OperatorRoles> RevokeRole(const v1::ChangeRoleRequest& request);
  absl::StatusOr<v1::ListRolloutsReply> ListRollouts(const v1::ListRolloutsRequest& request);
  absl::StatusOr<v1::Rollout> GetRollout(const v1::GetRolloutRequest& request);
  // Sent again after a broken connection: each change says the same twice.
  absl::StatusOr<v1::Rollout> ChangeRollout(RolloutChange change,
                                            const v1::ChangeRolloutRequest& request);
  absl::StatusOr<v1::RolloutReport> GetReport(const v1::GetRolloutRequest& request);
  absl::StatusOr<v1::DiffPlanReply> DiffPlan(const v1::DiffPlanRequest& request);
  std::unique_ptr<RolloutStream> Watch(const std::string& rollout_id);

  // Whether there is a connection within the time.
  bool WaitForConnection(int milliseconds);
  const std::string& server() const;

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace belay
