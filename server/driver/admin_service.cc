#include "server/driver/admin_service.h"

#include <memory>
#include <utility>

#include "common/base/status_macros.h"
#include "common/rpc/peer.h"
#include "common/rpc/status_wire.h"
#include "server/driver/authorize.h"
#include "server/driver/watch_stream.h"

namespace belay {
namespace {

absl::StatusOr<std::string> OperatorOf(const grpc::CallbackServerContext& context,
                                       std::string_view method) {
  ASSIGN_OR_RETURN(const Identity peer, PeerIdentity(*context.auth_context()));
  RETURN_IF_ERROR(Authorize(peer, method));
  const auto* identity = std::get_if<OperatorIdentity>(&peer);
  if (identity == nullptr) return absl::PermissionDeniedError("operators only");
  return identity->name;
}

absl::Status Busy() {
  return absl::UnavailableError(
      "the coordinator is stopping or overloaded; nothing was done, try again");
}

// `work(coordinator, operator)` gives StatusOr<Reply>, on the loop thread.  Request and reply live
// until Finish.
template <class Reply, class Function>
grpc::ServerUnaryReactor* Call(CoordinatorLoop& loop, grpc::CallbackServerContext* context,
                               std::string_view method, Reply* reply, Function work) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const absl::StatusOr<std::string> name = OperatorOf(*context, method);
  if (!name.ok()) {
    reactor->Finish(ToGrpc(name.status()));
    return reactor;
  }
  const bool taken =
      loop.Post([reactor, reply, name = *name, work = std::move(work)](Coordinator& coordinator) {
        if (!coordinator.fatal().ok()) return reactor->Finish(ToGrpc(Busy()));
        absl::StatusOr<Reply> answer = work(coordinator, name);
        if (!answer.ok()) return reactor->Finish(ToGrpc(answer.status()));
        *reply = *std::move(answer);
        reactor->Finish(grpc::Status::OK);
      });
  if (!taken) reactor->Finish(ToGrpc(Busy()));
  return reactor;
}

}  // namespace

grpc::ServerUnaryReactor* AdminService::CreateToken(grpc::CallbackServerContext* context,
                                                    const v1::CreateTokenRequest* request,
                                                    v1::CreateTokenReply* reply) {
  return Call(loop_, context, kCreateToken, reply,
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
  return Call(loop_, context, kListNodes, reply,
              [request](Coordinator& coordinator, const std::string&) {
                return coordinator.ListNodes(*request);
              });
}

grpc::ServerUnaryReactor* AdminService::ClearEmergency(grpc::CallbackServerContext* context,
                                                       const v1::ClearEmergencyRequest* request,
                                                       v1::ClearEmergencyReply* reply) {
  return Call(loop_, context, kClearEmergency, reply,
              [request](Coordinator& coordinator, const std::string& name) {
                return coordinator.ClearEmergency(*request, name);
              });
}

grpc::ServerUnaryReactor* AdminService::StartRollout(grpc::CallbackServerContext* context,
                                                     const v1::StartRolloutRequest* request,
                                                     v1::StartRolloutReply* reply) {
  return Call(loop_, context, kStartRollout, reply,
              [request](Coordinator& coordinator, const std::string& name) {
                return coordinator.StartRollout(*request, name);
              });
}

grpc::ServerUnaryReactor* AdminService::ListRollouts(grpc::CallbackServerContext* context,
                                                     const v1::ListRolloutsRequest* request,
                                                     v1::ListRolloutsReply* reply) {
  return Call(loop_, context, kListRollouts, reply,
              [request](Coordinator& coordinator, const std::string&) {
                return coordinator.ListRollouts(*request);
              });
}

grpc::ServerUnaryReactor* AdminService::GetRollout(grpc::CallbackServerContext* context,
                                                   const v1::GetRolloutRequest* request,
                                                   v1::Rollout* reply) {
  return Call(loop_, context, kGetRollout, reply,
              [request](Coordinator& coordinator, const std::string&) {
                return coordinator.GetRollout(request->rollout_id());
              });
}

grpc::ServerUnaryReactor* AdminService::GetReport(grpc::CallbackServerContext* context,
                                                  const v1::GetRolloutRequest* request,
                                                  v1::RolloutReport* reply) {
  return Call(loop_, context, kGetReport, reply,
              [request](Coordinator& coordinator, const std::string&) {
                return coordinator.GetReport(request->rollout_id());
              });
}

grpc::ServerUnaryReactor* AdminService::Change(grpc::CallbackServerContext* context,
                                               std::string_view method, RolloutVerb verb,
                                               const v1::ChangeRolloutRequest* request,
                                               v1::Rollout* reply) {
  return Call(loop_, context, method, reply,
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
  return Call(loop_, context, kRevertRollout, reply,
              [request](Coordinator& coordinator, const std::string& name) {
                return coordinator.RevertRollout(*request, name);
              });
}

grpc::ServerUnaryReactor* AdminService::StartFleet(grpc::CallbackServerContext* context,
                                                   const v1::StartFleetRequest* request,
                                                   v1::Fleet* reply) {
  return Call(loop_, context, kStartFleet, reply,
              [request](Coordinator& coordinator, const std::string& name) {
                return coordinator.StartFleet(*request, name);
              });
}

grpc::ServerUnaryReactor* AdminService::ListFleets(grpc::CallbackServerContext* context,
                                                   const v1::ListFleetsRequest*,
                                                   v1::ListFleetsReply* reply) {
  return Call(loop_, context, kListFleets, reply, [](Coordinator& coordinator, const std::string&) {
    return coordinator.ListFleets();
  });
}

grpc::ServerUnaryReactor* AdminService::GetFleet(grpc::CallbackServerContext* context,
                                                 const v1::GetFleetRequest* request,
                                                 v1::Fleet* reply) {
  return Call(loop_, context, kGetFleet, reply,
              [request](Coordinator& coordinator, const std::string&) {
                return coordinator.GetFleet(request->fleet_id());
              });
}

grpc::ServerUnaryReactor* AdminService::ChangeFleet(grpc::CallbackServerContext* context,
                                                    const v1::ChangeFleetRequest* request,
                                                    v1::Fleet* reply) {
  return Call(loop_, context, kChangeFleet, reply,
              [request](Coordinator& coordinator, const std::string& name) {
                return coordinator.ChangeFleet(*request, name);
              });
}

grpc::ServerUnaryReactor* AdminService::ListLocks(grpc::CallbackServerContext* context,
                                                  const v1::ListLocksRequest* request,
                                                  v1::ListLocksReply* reply) {
  return Call(loop_, context, kListLocks, reply,
              [request](Coordinator& coordinator, const std::string&) {
                return coordinator.ListLocks(*request);
              });
}

grpc::ServerUnaryReactor* AdminService::TakeLock(grpc::CallbackServerContext* context,
                                                 const v1::TakeLockRequest* request,
                                                 v1::Lock* reply) {
  return Call(loop_, context, kTakeLock, reply,
              [request](Coordinator& coordinator, const std::string& name) {
                return coordinator.TakeLock(*request, name);
              });
}

grpc::ServerUnaryReactor* AdminService::ReleaseLock(grpc::CallbackServerContext* context,
                                                    const v1::ReleaseLockRequest* request,
                                                    v1::ReleaseLockReply* reply) {
  return Call(loop_, context, kReleaseLock, reply,
              [request](Coordinator& coordinator, const std::string& name) {
                return coordinator.ReleaseLock(*request, name);
              });
}

grpc::ServerUnaryReactor* AdminService::BreakLock(grpc::CallbackServerContext* context,
                                                  const v1::BreakLockRequest* request,
                                                  v1::BreakLockReply* reply) {
  return Call(loop_, context, kBreakLock, reply,
              [request](Coordinator& coordinator, const std::string& name) {
                return coordinator.BreakLock(*request, name);
              });
}

grpc::ServerUnaryReactor* AdminService::ListClusters(grpc::CallbackServerContext* context,
                                                     const v1::ListClustersRequest* request,
                                                     v1::ListClustersReply* reply) {
  return Call(loop_, context, kListClusters, reply,
              [request](Coordinator& coordinator, const std::string&) {
                return coordinator.ListClusters(*request);
              });
}

grpc::ServerUnaryReactor* AdminService::LabelCluster(grpc::CallbackServerContext* context,
                                                     const v1::LabelClusterRequest* request,
                                                     v1::Cluster* reply) {
  return Call(loop_, context, kLabelCluster, reply,
              [request](Coordinator& coordinator, const std::string& name) {
                return coordinator.LabelCluster(*request, name);
              });
}

grpc::ServerUnaryReactor* AdminService::LabelNode(grpc::CallbackServerContext* context,
                                                  const v1::LabelNodeRequest* request,
                                                  v1::Node* reply) {
  return Call(loop_, context, kLabelNode, reply,
              [request](Coordinator& coordinator, const std::string& name) {
                return coordinator.LabelNode(*request, name);
              });
}

grpc::ServerUnaryReactor* AdminService::DiffPlan(grpc::CallbackServerContext* context,
                                                 const v1::DiffPlanRequest* request,
                                                 v1::DiffPlanReply* reply) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const absl::StatusOr<std::string> name = OperatorOf(*context, kDiffPlan);
  if (!name.ok()) {
    reactor->Finish(ToGrpc(name.status()));
    return reactor;
  }
  const bool taken = loop_.Post([reactor, request, reply](Coordinator& coordinator) {
    if (!coordinator.fatal().ok()) return reactor->Finish(ToGrpc(Busy()));
    coordinator.DiffPlan(*request, [reactor, reply](absl::StatusOr<v1::DiffPlanReply> answer) {
      if (!answer.ok()) return reactor->Finish(ToGrpc(answer.status()));
      *reply = *std::move(answer);
      reactor->Finish(grpc::Status::OK);
    });
  });
  if (!taken) reactor->Finish(ToGrpc(Busy()));
  return reactor;
}

grpc::ServerWriteReactor<v1::RolloutUpdate>* AdminService::WatchRollout(
    grpc::CallbackServerContext* context, const v1::GetRolloutRequest* request) {
  auto stream = std::make_shared<WatchStream>();
  stream->Begin();
  const absl::StatusOr<std::string> name = OperatorOf(*context, kWatchRollout);
  if (!name.ok()) {
    stream->End(name.status());
  } else if (!loop_.Post([stream, id = request->rollout_id()](Coordinator& coordinator) {
               coordinator.Watch(id, stream);
             })) {
    stream->End(Busy());
  }
  return stream.get();
}

}  // namespace belay
