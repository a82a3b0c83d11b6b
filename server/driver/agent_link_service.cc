#include "server/driver/agent_link_service.h"

#include "common/rpc/peer.h"
#include "common/rpc/status_wire.h"
#include "server/driver/admin_call.h"
#include "server/driver/authorize.h"

namespace belay {
namespace {

constexpr std::size_t kOutbox = 256;
constexpr std::size_t kMaxRequestBytes = std::size_t{16} * 1024;

using Session = AgentLinkService::Session;

// A stream with what the coordinator needs to know of it.  The port it hands out holds the stream
// weakly: a stream that has ended takes no more messages.
class AgentStream final : public Session {
 public:
  AgentStream(Sink* sink, Caller caller, NodeId node, std::uint64_t number)
      : Session(sink, kOutbox),
        caller_(std::move(caller)),
        node_(std::move(node)),
        number_(number) {}
  void Accept() {
    port_ = std::make_shared<Port>(std::static_pointer_cast<AgentStream>(this->shared_from_this()),
                                   caller_, node_, number_);
    Begin();
  }
  std::shared_ptr<AgentSession> port() const { return port_; }

 private:
  class Port final : public AgentSession {
   public:
    Port(std::weak_ptr<AgentStream> stream, Caller caller, NodeId node, std::uint64_t number)
        : stream_(std::move(stream)),
          caller_(std::move(caller)),
          node_(std::move(node)),
          number_(number) {}
    const NodeId& node() const override { return node_; }
    const Caller& caller() const override { return caller_; }
    std::uint64_t number() const override { return number_; }
    bool Send(v1::CoordinatorMessage message) override {
      const auto stream = stream_.lock();
      return stream != nullptr && stream->Session::Send(std::move(message));
    }
    void Close(const absl::Status& status) override {
      if (const auto stream = stream_.lock()) stream->Session::Close(ToGrpc(status));
    }

   private:
    const std::weak_ptr<AgentStream> stream_;
    const Caller caller_;
    const NodeId node_;
    const std::uint64_t number_;
  };

  const Caller caller_;
  const NodeId node_;
  const std::uint64_t number_;
  std::shared_ptr<AgentSession> port_;  // set before the first read, constant after
};

class Refused final : public grpc::ServerBidiReactor<v1::AgentMessage, v1::CoordinatorMessage> {
 public:
  explicit Refused(const absl::Status& status) { Finish(ToGrpc(status)); }
  void OnDone() override { delete this; }
};

std::shared_ptr<AgentSession> PortOf(const std::shared_ptr<Session>& session) {
  return std::static_pointer_cast<AgentStream>(session)->port();
}

}  // namespace

grpc::ServerBidiReactor<v1::AgentMessage, v1::CoordinatorMessage>* AgentLinkService::Connect(
    grpc::CallbackServerContext* context) {
  const absl::StatusOr<Caller> peer = PeerOf(*context->auth_context());
  if (!peer.ok()) {
    static_cast<void>(loop_.Post([why = peer.status()](Coordinator& coordinator) {
      coordinator.Stranger(kAgentConnect, "", why);
    }));
    return new Refused(peer.status());
  }
  // Whether the node is let in is decided when it says Hello, on the loop's thread.
  if (absl::Status status = Authorize(peer->identity, {}, kAgentConnect).status(); !status.ok()) {
    static_cast<void>(loop_.Post([caller = *peer](Coordinator& coordinator) {
      static_cast<void>(coordinator.Admit(caller, kAgentConnect, v1::Hello()));  // for the trail
    }));
    return new Refused(status);
  }
  const auto* node = std::get_if<NodeIdentity>(&peer->identity);
  if (node == nullptr) return new Refused(absl::PermissionDeniedError("nodes only"));
  ++open_;
  auto stream =
      std::make_shared<AgentStream>(this, *peer, NodeId{node->cluster, node->node}, ++last_number_);
  stream->Accept();
  return stream.get();
}

grpc::ServerUnaryReactor* AgentLinkService::Renew(grpc::CallbackServerContext* context,
                                                  const v1::RenewRequest* request,
                                                  v1::RenewReply* reply) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  if (request->csr_pem().size() > kMaxRequestBytes) {
    reactor->Finish(ToGrpc(absl::InvalidArgumentError("the request is larger than any real one")));
    return reactor;
  }
  LetIn(
      loop_, context, kRenew, *request,
      [reactor](const absl::Status& refused) { reactor->Finish(ToGrpc(refused)); },
      [this, reactor, request, reply](Coordinator& coordinator, const Caller& caller) {
        // Whose it is to be is read from the certificate that asks, never from the request.
        absl::StatusOr<NodeId> node = coordinator.EnrolledNode(caller);
        if (!node.ok()) return reactor->Finish(ToGrpc(node.status()));
        absl::StatusOr<std::string> pem =
            enroller_.Renew(*node, request->csr_pem(), request->agent_unix_seconds(),
                            clock_.WallNowUnixMs() / 1000);
        coordinator.Renewed(*node, pem.status());
        if (!pem.ok()) return reactor->Finish(ToGrpc(pem.status()));
        reply->set_certificate_pem(*std::move(pem));
        reactor->Finish(grpc::Status::OK);
      });
  return reactor;
}

void AgentLinkService::Received(const std::shared_ptr<Session>& session, v1::AgentMessage message) {
  const bool taken = loop_.Post([port = PortOf(session), stream = std::weak_ptr<Session>(session),
                                 message = std::move(message)](Coordinator& coordinator) mutable {
    coordinator.Received(port, std::move(message));
    // Only now, so that one agent cannot fill the mailbox of all.
    if (const auto open = stream.lock()) open->Next();
  });
  if (!taken) {
    session->Close(ToGrpc(absl::UnavailableError("the coordinator is stopping or overloaded")));
  }
}

void AgentLinkService::Closed(const std::shared_ptr<Session>& session) {
  loop_.PostEnd([port = PortOf(session)](Coordinator& coordinator) { coordinator.Closed(port); });
  --open_;
}

}  // namespace belay
