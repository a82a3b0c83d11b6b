// Admin over gRPC: checks who calls, hands the call to the loop thread, answers when it has.
#pragma once
#include <string>

#include "belay/v1/admin.grpc.pb.h"
#include "common/os/clock.h"
#include "server/driver/loop.h"
#include "server/enrolment/enroller.h"

namespace belay {

struct EnrolmentFacts {
  std::string ca_hash;
  std::string address;  // host:port that new agents dial
};

class AdminService final : public v1::Admin::CallbackService {
 public:
  // All outlive the server.
  AdminService(CoordinatorLoop& loop, Enroller& enroller, const Clock& clock, EnrolmentFacts facts)
      : loop_(loop), enroller_(enroller), clock_(clock), facts_(std::move(facts)) {}

  grpc::ServerUnaryReactor* CreateToken(grpc::CallbackServerContext* context,
                                        const v1::CreateTokenRequest* request,
                                        v1::CreateTokenReply* reply) override;
  grpc::ServerUnaryReactor* ListNodes(grpc::CallbackServerContext* context,
                                      const v1::ListNodesRequest* request,
                                      v1::ListNodesReply* reply) override;
  grpc::ServerUnaryReactor* ClearEmergency(grpc::CallbackServerContext* context,
                                           const v1::ClearEmergencyRequest* request,
                                           v1::ClearEmergencyReply* reply) override;
  grpc::ServerUnaryReactor* StartRollout(grpc::CallbackServerContext* context,
                                         const v1::StartRolloutRequest* request,
                                         v1::StartRolloutReply* reply) override;
  grpc::ServerUnaryReactor* ListRollouts(grpc::CallbackServerContext* context,
                                         const v1::ListRolloutsRequest* request,
                                         v1::ListRolloutsReply* reply) override;
  grpc::ServerUnaryReactor* GetRollout(grpc::CallbackServerContext* context,
                                       const v1::GetRolloutRequest* request,
                                       v1::Rollout* reply) override;
  grpc::ServerUnaryReactor* GetReport(grpc::CallbackServerContext* context,
                                      const v1::GetRolloutRequest* request,
                                      v1::RolloutReport* reply) override;
  grpc::ServerUnaryReactor* PauseRollout(grpc::CallbackServerContext* context,
                                         const v1::ChangeRolloutRequest* request,
                                         v1::Rollout* reply) override;
  grpc::ServerUnaryReactor* ResumeRollout(grpc::CallbackServerContext* context,
                                          const v1::ChangeRolloutRequest* request,
                                          v1::Rollout* reply) override;
  grpc::ServerUnaryReactor* AbortRollout(grpc::CallbackServerContext* context,
                                         const v1::ChangeRolloutRequest* request,
                                         v1::Rollout* reply) override;
  grpc::ServerUnaryReactor* ApproveRollout(grpc::CallbackServerContext* context,
                                           const v1::ChangeRolloutRequest* request,
                                           v1::Rollout* reply) override;
  grpc::ServerUnaryReactor* RetryRollout(grpc::CallbackServerContext* context,
                                         const v1::ChangeRolloutRequest* request,
                                         v1::Rollout* reply) override;
  grpc::ServerUnaryReactor* RevertRollout(grpc::CallbackServerContext* context,
                                          const v1::RevertRolloutRequest* request,
                                          v1::StartRolloutReply* reply) override;
  grpc::ServerUnaryReactor* StartFleet(grpc::CallbackServerContext* context,
                                       const v1::StartFleetRequest* request,
                                       v1::Fleet* reply) override;
  grpc::ServerUnaryReactor* ListFleets(grpc::CallbackServerContext* context,
                                       const v1::ListFleetsRequest* request,
                                       v1::ListFleetsReply* reply) override;
  grpc::ServerUnaryReactor* GetFleet(grpc::CallbackServerContext* context,
                                     const v1::GetFleetRequest* request, v1::Fleet* reply) override;
  grpc::ServerUnaryReactor* ChangeFleet(grpc::CallbackServerContext* context,
                                        const v1::ChangeFleetRequest* request,
                                        v1::Fleet* reply) override;
  grpc::ServerUnaryReactor* ListLocks(grpc::CallbackServerContext* context,
                                      const v1::ListLocksRequest* request,
                                      v1::ListLocksReply* reply) override;
  grpc::ServerUnaryReactor* TakeLock(grpc::CallbackServerContext* context,
                                     const v1::TakeLockRequest* request, v1::Lock* reply) override;
  grpc::ServerUnaryReactor* ReleaseLock(grpc::CallbackServerContext* context,
                                        const v1::ReleaseLockRequest* request,
                                        v1::ReleaseLockReply* reply) override;
  grpc::ServerUnaryReactor* BreakLock(grpc::CallbackServerContext* context,
                                      const v1::BreakLockRequest* request,
                                      v1::BreakLockReply* reply) override;
  grpc::ServerUnaryReactor* ListClusters(grpc::CallbackServerContext* context,
                                         const v1::ListClustersRequest* request,
                                         v1::ListClustersReply* reply) override;
  grpc::ServerUnaryReactor* LabelNode(grpc::CallbackServerContext* context,
                                      const v1::LabelNodeRequest* request,
                                      v1::Node* reply) override;
  grpc::ServerUnaryReactor* LabelCluster(grpc::CallbackServerContext* context,
                                         const v1::LabelClusterRequest* request,
                                         v1::Cluster* reply) override;
  grpc::ServerUnaryReactor* DiffPlan(grpc::CallbackServerContext* context,
                                     const v1::DiffPlanRequest* request,
                                     v1::DiffPlanReply* reply) override;
  grpc::ServerUnaryReactor* ListRoles(grpc::CallbackServerContext* context,
                                      const v1::ListRolesRequest* request,
                                      v1::ListRolesReply* reply) override;
  grpc::ServerUnaryReactor* GrantRole(grpc::CallbackServerContext* context,
                                      const v1::ChangeRoleRequest* request,
                                      v1::OperatorRoles* reply) override;
  grpc::ServerUnaryReactor* RevokeRole(grpc::CallbackServerContext* context,
                                       const v1::ChangeRoleRequest* request,
                                       v1::OperatorRoles* reply) override;
  grpc::ServerUnaryReactor* ListTokens(grpc::CallbackServerContext* context,
                                       const v1::ListTokensRequest* request,
                                       v1::ListTokensReply* reply) override;
  grpc::ServerUnaryReactor* RevokeToken(grpc::CallbackServerContext* context,
                                        const v1::RevokeTokenRequest* request,
                                        v1::Token* reply) override;
  grpc::ServerUnaryReactor* ListCertificates(grpc::CallbackServerContext* context,
                                             const v1::ListCertificatesRequest* request,
                                             v1::ListCertificatesReply* reply) override;
  grpc::ServerUnaryReactor* RevokeCertificate(grpc::CallbackServerContext* context,
                                              const v1::RevokeCertificateRequest* request,
                                              v1::RevokeCertificateReply* reply) override;
  grpc::ServerUnaryReactor* ListAuditTrail(grpc::CallbackServerContext* context,
                                           const v1::ListAuditTrailRequest* request,
                                           v1::ListAuditTrailReply* reply) override;
  grpc::ServerWriteReactor<v1::RolloutUpdate>* WatchRollout(
      grpc::CallbackServerContext* context, const v1::GetRolloutRequest* request) override;

 private:
  grpc::ServerUnaryReactor* Change(grpc::CallbackServerContext* context, std::string_view method,
                                   RolloutVerb verb, const v1::ChangeRolloutRequest* request,
                                   v1::Rollout* reply);

  CoordinatorLoop& loop_;
  Enroller& enroller_;
  const Clock& clock_;
  const EnrolmentFacts facts_;
};

}  // namespace belay
