// How a call of the Admin service gets to the loop: who it is is read from the connection, whether
// he may is asked on the loop's thread, where nothing can come between the answer and the work.
#pragma once
#include <grpcpp/grpcpp.h>

#include <string>
#include <string_view>
#include <utility>

#include "common/rpc/peer.h"
#include "common/rpc/status_wire.h"
#include "server/driver/authorize.h"
#include "server/driver/loop.h"

namespace belay {

inline absl::Status BusyCoordinator() {
  return absl::UnavailableError(
      "the coordinator is stopping or overloaded; nothing was done, try again");
}

// Exactly one of the two is called: `refused(status)`, or on the loop's thread `work(coordinator,
// caller)`.  `request` lives until the call has been finished.
template <class Refused, class Work>
void LetIn(CoordinatorLoop& loop, const grpc::CallbackServerContext* context,
           std::string_view method, const google::protobuf::Message& request, Refused refused,
           Work work) {
  absl::StatusOr<Caller> caller = PeerOf(*context->auth_context());
  if (!caller.ok()) {
    // Full: then this is one of very many, and others stand for it.
    static_cast<void>(loop.Post([method, why = caller.status()](Coordinator& coordinator) {
      coordinator.Stranger(method, "", why);
    }));
    return refused(caller.status());
  }
  const bool taken = loop.Post([caller = *std::move(caller), method, &request, refused,
                                work = std::move(work)](Coordinator& coordinator) {
    if (!coordinator.fatal().ok()) return refused(BusyCoordinator());
    const absl::Status admitted = coordinator.Admit(caller, method, request);
    if (!admitted.ok()) return refused(admitted);
    work(coordinator, caller);
  });
  if (!taken) refused(BusyCoordinator());
}

// `work(coordinator, operator)` gives StatusOr<Reply>, on the loop thread.  Request and reply live
// until Finish.
template <class Request, class Reply, class Function>
grpc::ServerUnaryReactor* Call(CoordinatorLoop& loop, grpc::CallbackServerContext* context,
                               std::string_view method, const Request* request, Reply* reply,
                               Function work) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  LetIn(
      loop, context, method, *request,
      [reactor](const absl::Status& refused) { reactor->Finish(ToGrpc(refused)); },
      [reactor, reply, work = std::move(work)](Coordinator& coordinator, const Caller& caller) {
        const auto* person = std::get_if<OperatorIdentity>(&caller.identity);
        if (person == nullptr) {
          return reactor->Finish(ToGrpc(absl::PermissionDeniedError("operators only")));
        }
        absl::StatusOr<Reply> answer = work(coordinator, person->name);
        if (!answer.ok()) return reactor->Finish(ToGrpc(answer.status()));
        *reply = *std::move(answer);
        reactor->Finish(grpc::Status::OK);
      });
  return reactor;
}

}  // namespace belay
