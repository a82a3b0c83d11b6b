#include "server/driver/admin_service.h"

#include <memory>
#include <utility>

#include "common/base/status_macros.h"
#include "server/driver/admin_call.h"
#include "server/driver/watch_stream.h"

namespace belay {

grpc::ServerUnaryReactor* AdminService::CreateToken(grpc::CallbackServerContext* context,
                                                    const v1::CreateTokenRequest* request,
                                                    v1::CreateTokenReply* reply) {
  return Call(loop_, context, kCreateToken, request, reply,
              [this, request](Coordinator&,
                              const std::string& name) -> absl::StatusOr<v1::CreateTokenReply> {
                ASSIGN_OR_RETURN(
                    const NewToken token,
                    enroller_.CreateToken({request->cluster(), request->node()}, name,
                                          request->valid_seconds(), clock_.WallNowUnixMs() / 1000));
                v1::CreateTokenReply made;
                made.set_token(token.text);
                made.set_expires_unix(token.expires_unix);
                made.set_ca_hash(facts_.ca_hash);
                made.set_enrol_address(facts_.address);
                return made;
              });
}

grpc::ServerUnaryReactor* AdminService::ListNodes(grpc::CallbackServerContext* context,
                                                  const v1::ListNodesRequest* request,
                                                  v1::ListNodesReply* reply) {
  return Call(loop_, context, kListNodes, request, reply,
              [request](Coordinator& coordinator, const std::string&) {
                return coordinator.ListNodes(*request);
              });
}

grpc::ServerUnaryReactor* AdminService::ClearEmergency(grpc::CallbackServerContext* context,
                                                       const v1::ClearEmergencyRequest* request,
                                                       v1::ClearEmergencyReply* reply) {
  return Call(loop_, context, kClearEmergency, request, reply,
              [request](Coordinator& coordinator, const std::string& name) {
                return coordinator.ClearEmergency(*request, name);
              });
}

grpc::ServerUnaryReactor* AdminService::StartRollout(grpc::CallbackServerContext* context,
                                                     const v1::StartRolloutRequest* request,
                                                     v1::StartRolloutReply* reply) {
  return Call(loop_, context, kStartRollout, request, reply,
              [request](Coordinator& coordinator, const std::string& name) {
                return coordinator.StartRollout(*request, name);
              });
}

grpc::ServerUnaryReactor* AdminService::ListRollouts(grpc::CallbackServerContext* context,
                                                     const v1::ListRolloutsRequest* request,
                                                     v1::ListRolloutsReply* reply) {
  return Call(loop_, context, kListRollouts, request, reply,
              [request](Coordinator& coordinator, const std::string&) {
                return coordinator.ListRollouts(*request);
              });
}

grpc::ServerUnaryReactor* AdminService::GetRollout(grpc::CallbackServerContext* context,
                                                   const v1::GetRolloutRequest* request,
                                                   v1::Rollout* reply) {
  return Call(loop_, context, kGetRollout, request, reply,
              [request](Coordinator& coordinator, const std::string&) {
                return coordinator.GetRollout(request->rollout_id());
              });
}

grpc::ServerUnaryReactor* AdminService::GetReport(grpc::CallbackServerContext* context,
                                                  const v1::GetRolloutRequest* request,
                                                  v1::RolloutReport* reply) {
  return Call(loop_, context, kGetReport, request, reply,
              [request](Coordinator& coordinator, const std::string&) {
                return coordinator.GetReport(request->rollout_id());
              });
}

grpc::ServerUnaryReactor* AdminService::Change(grpc::CallbackServerContext* context,
                                               std::string_view method, RolloutVerb verb,
                                               const v1::ChangeRolloutRequest* request,
                                               v1::Rollout* reply) {
  return Call(loop_, context, method, request, reply,
              [verb, request](Coordinator& coordinator, const std::string& name) {
                return coordinator.ChangeRollout(verb, *request, name);
              });
}

grpc::ServerUnaryReactor* AdminService::PauseRollout(grpc::CallbackServerContext* context,
                                                     const v1::ChangeRolloutRequest* request,
                                                     v1::Rollout* reply) {
  return Change(context, kPauseRollout, RolloutVerb::Pause, request, reply);
}

grpc::ServerUnaryReactor* AdminService::ResumeRollout(grpc::CallbackServerContext* context,
                                                      const v1::ChangeRolloutRequest* request,
                                                      v1::Rollout* reply) {
  return Change(context, kResumeRollout, RolloutVerb::Resume, request, reply);
}

grpc::ServerUnaryReactor* AdminService::AbortRollout(grpc::CallbackServerContext* context,
                                                     const v1::ChangeRolloutRequest* request,
                                                     v1::Rollout* reply) {
  return Change(context, kAbortRollout, RolloutVerb::Abort, request, reply);
}

grpc::ServerUnaryReactor* AdminService::ApproveRollout(grpc::CallbackServerContext* context,
                                                       const v1::ChangeRolloutRequest* request,
                                                       v1::Rollout* reply) {
  return Change(context, kApproveRollout, RolloutVerb::Approve, request, reply);
}

grpc::ServerUnaryReactor* AdminService::RetryRollout(grpc::CallbackServerContext* context,
                                                     const v1::ChangeRolloutRequest* request,
                                                     v1::Rollout* reply) {
  return Change(context, kRetryRollout, RolloutVerb::Retry, request, reply);
}

grpc::ServerUnaryReactor* AdminService::RevertRollout(grpc::CallbackServerContext* context,
                                                      const v1::RevertRolloutRequest* request,
                                                      v1::StartRolloutReply* reply) {
  return Call(loop_, context, kRevertRollout, request, reply,
              [request](Coordinator& coordinator, const std::string& name) {
                return coordinator.RevertRollout(*request, name);
              });
}

grpc::ServerUnaryReactor* AdminService::StartFleet(grpc::CallbackServerContext* context,
                                                   const v1::StartFleetRequest* request,
                                                   v1::Fleet* reply) {
  return Call(loop_, context, kStartFleet, request, reply,
              [request](Coordinator& coordinator, const std::string& name) {
                return coordinator.StartFleet(*request, name);
              });
}

grpc::ServerUnaryReactor* AdminService::ListFleets(grpc::CallbackServerContext* context,
                                                   const v1::ListFleetsRequest* request,
                                                   v1::ListFleetsReply* reply) {
  return Call(
      loop_, context, kListFleets, request, reply,
      [](Coordinator& coordinator, const std::string&) { return coordinator.ListFleets(); });
}

grpc::ServerUnaryReactor* AdminService::GetFleet(grpc::CallbackServerContext* context,
                                                 const v1::GetFleetRequest* request,
                                                 v1::Fleet* reply) {
  return Call(loop_, context, kGetFleet, request, reply,
              [request](Coordinator& coordinator, const std::string&) {
                return coordinator.GetFleet(request->fleet_id());
              });
}

grpc::ServerUnaryReactor* AdminService::ChangeFleet(grpc::CallbackServerContext* context,
                                                    const v1::ChangeFleetRequest* request,
                                                    v1::Fleet* reply) {
  const bool approves = request->verb() == v1::FLEET_VERB_APPROVE;
  return Call(loop_, context, approves ? kApproveFleet : kChangeFleet, request, reply,
              [request](Coordinator& coordinator, const std::string& name) {
                return coordinator.ChangeFleet(*request, name);
              });
}

grpc::ServerUnaryReactor* AdminService::ListLocks(grpc::CallbackServerContext* context,
                                                  const v1::ListLocksRequest* request,
                                                  v1::ListLocksReply* reply) {
  return Call(loop_, context, kListLocks, request, reply,
              [request](Coordinator& coordinator, const std::string&) {
                return coordinator.ListLocks(*request);
              });
}

grpc::ServerUnaryReactor* AdminService::TakeLock(grpc::CallbackServerContext* context,
                                                 const v1::TakeLockRequest* request,
                                                 v1::Lock* reply) {
  return Call(loop_, context, kTakeLock, request, reply,
              [request](Coordinator& coordinator, const std::string& name) {
                return coordinator.TakeLock(*request, name);
              });
}

grpc::ServerUnaryReactor* AdminService::ReleaseLock(grpc::CallbackServerContext* context,
                                                    const v1::ReleaseLockRequest* request,
                                                    v1::ReleaseLockReply* reply) {
  return Call(loop_, context, kReleaseLock, request, reply,
              [request](Coordinator& coordinator, const std::string& name) {
                return coordinator.ReleaseLock(*request, name);
              });
}

grpc::ServerUnaryReactor* AdminService::BreakLock(grpc::CallbackServerContext* context,
                                                  const v1::BreakLockRequest* request,
                                                  v1::BreakLockReply* reply) {
  return Call(loop_, context, kBreakLock, request, reply,
              [request](Coordinator& coordinator, const std::string& name) {
                return coordinator.BreakLock(*request, name);
              });
}

grpc::ServerUnaryReactor* AdminService::ListClusters(grpc::CallbackServerContext* context,
                                                     const v1::ListClustersRequest* request,
                                                     v1::ListClustersReply* reply) {
  return Call(loop_, context, kListClusters, request, reply,
              [request](Coordinator& coordinator, const std::string&) {
                return coordinator.ListClusters(*request);
              });
}

grpc::ServerUnaryReactor* AdminService::LabelCluster(grpc::CallbackServerContext* context,
                                                     const v1::LabelClusterRequest* request,
                                                     v1::Cluster* reply) {
  return Call(loop_, context, kLabelCluster, request, reply,
              [request](Coordinator& coordinator, const std::string& name) {
                return coordinator.LabelCluster(*request, name);
              });
}

grpc::ServerUnaryReactor* AdminService::LabelNode(grpc::CallbackServerContext* context,
                                                  const v1::LabelNodeRequest* request,
                                                  v1::Node* reply) {
  return Call(loop_, context, kLabelNode, request, reply,
              [request](Coordinator& coordinator, const std::string& name) {
                return coordinator.LabelNode(*request, name);
              });
}

grpc::ServerUnaryReactor* AdminService::DiffPlan(grpc::CallbackServerContext* context,
                                                 const v1::DiffPlanRequest* request,
                                                 v1::DiffPlanReply* reply) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  LetIn(
      loop_, context, kDiffPlan, *request,
      [reactor](const absl::Status& refused) { reactor->Finish(ToGrpc(refused)); },
      [reactor, request, reply](Coordinator& coordinator, const Caller&) {
        coordinator.DiffPlan(*request, [reactor, reply](absl::StatusOr<v1::DiffPlanReply> answer) {
          if (!answer.ok()) return reactor->Finish(ToGrpc(answer.status()));
          *reply = *std::move(answer);
          reactor->Finish(grpc::Status::OK);
        });
      });
  return reactor;
}

grpc::ServerWriteReactor<v1::RolloutUpdate>* AdminService::WatchRollout(
    grpc::CallbackServerContext* context, const v1::GetRolloutRequest* request) {
  const auto stream = std::make_shared<WatchStream>();
  stream->Begin();
  // The call may be cancelled, and its request gone, before the loop gets to it.
  const auto asked = std::make_shared<const v1::GetRolloutRequest>(*request);
  LetIn(
      loop_, context, kWatchRollout, *asked,
      [stream](const absl::Status& refused) { stream->End(refused); },
      [stream, asked](Coordinator& coordinator, const Caller& caller) {
        stream->SetCaller(caller);
        coordinator.Watch(asked->rollout_id(), stream);
      });
  return stream.get();
}

}  // namespace belay
