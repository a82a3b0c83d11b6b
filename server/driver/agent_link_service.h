// AgentLink over gRPC: checks who calls, then moves messages into the loop's mailbox; and issues a
// node that is let in its next certificate.
#pragma once
#include <atomic>

#include "belay/v1/agent_link.grpc.pb.h"
#include "common/os/clock.h"
#include "common/rpc/stream_session.h"
#include "server/driver/loop.h"
#include "server/enrolment/enroller.h"

namespace belay {

class AgentLinkService final
    : public v1::AgentLink::CallbackService,
      public StreamSession<v1::AgentMessage, v1::CoordinatorMessage>::Sink {
 public:
  using Session = StreamSession<v1::AgentMessage, v1::CoordinatorMessage>;

  // All outlive the server.
  AgentLinkService(CoordinatorLoop& loop, Enroller& enroller, const Clock& clock)
      : loop_(loop), enroller_(enroller), clock_(clock) {}

  grpc::ServerBidiReactor<v1::AgentMessage, v1::CoordinatorMessage>* Connect(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* Renew(grpc::CallbackServerContext* context,
                                  const v1::RenewRequest* request, v1::RenewReply* reply) override;
  void Received(const std::shared_ptr<Session>& session, v1::AgentMessage message) override;
  void Closed(const std::shared_ptr<Session>& session) override;
  int open() const { return open_; }  // streams that have not ended

 private:
  CoordinatorLoop& loop_;
  Enroller& enroller_;
  const Clock& clock_;
  std::atomic<std::uint64_t> last_number_ = 0;
  std::atomic<int> open_ = 0;
};

}  // namespace belay
