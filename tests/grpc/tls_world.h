// One real gRPC server on a free port of 127.0.0.1, and clients that the production code would not
// let anybody build: certificates are passed to gRPC unchecked here.
#pragma once
#include <grpcpp/grpcpp.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "belay/v1/agent_link.grpc.pb.h"
#include "common/rpc/peer.h"
#include "common/rpc/status_wire.h"
#include "common/rpc/stream_session.h"
#include "common/rpc/tls.h"
#include "tests/support/test_pki.h"

namespace belay {

using LinkSession = StreamSession<v1::AgentMessage, v1::CoordinatorMessage>;

// Answers each message with an acknowledgement, and refuses peers without an identity.
class EchoLink final : public v1::AgentLink::CallbackService, public LinkSession::Sink {
 public:
  grpc::ServerBidiReactor<v1::AgentMessage, v1::CoordinatorMessage>* Connect(
      grpc::CallbackServerContext* context) override {
    ++begun;
    auto session = std::make_shared<LinkSession>(this, 16);
    const absl::StatusOr<Identity> peer = PeerIdentity(*context->auth_context());
    {
      MutexLock lock(mu_);
      last_peer_ = peer;
    }
    session->Begin();
    if (!peer.ok()) session->Close(ToGrpc(peer.status()));
    return session.get();
  }
  void Received(const std::shared_ptr<LinkSession>& session, v1::AgentMessage) override {
    v1::CoordinatorMessage reply;
    reply.mutable_record_ack()->set_seq(1);
    if (!session->Send(std::move(reply))) session->Close(grpc::Status::CANCELLED);
    session->Next();
  }
  void Closed(const std::shared_ptr<LinkSession>&) override { ++closed; }
  absl::StatusOr<Identity> last_peer() {
    MutexLock lock(mu_);
    return last_peer_;
  }

  std::atomic<int> begun{0};
  std::atomic<int> closed{0};

 private:
  Mutex mu_;
  absl::StatusOr<Identity> last_peer_ GUARDED_BY(mu_) = absl::UnknownError("nobody");
};

class TestServer {
 public:
  TestServer(const std::shared_ptr<grpc::ServerCredentials>& credentials,
             const std::vector<grpc::Service*>& services) {
    grpc::ServerBuilder builder;
    ApplyServerLimits(builder);
    builder.AddListeningPort("127.0.0.1:0", credentials, &port_);
    for (grpc::Service* service : services) builder.RegisterService(service);
    server_ = builder.BuildAndStart();
  }
  ~TestServer() {
    if (server_ != nullptr) server_->Shutdown(gpr_time_0(GPR_CLOCK_MONOTONIC));
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;
  int port() const { return port_; }
  grpc::Server* server() { return server_.get(); }

 private:
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

inline std::shared_ptr<grpc::Channel> Dial(
    int port, const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  return grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port), credentials,
                                   ClientArguments());
}
inline void SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(
      gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_seconds(20, GPR_TIMESPAN)));
}

// Opens a stream, exchanges one message and half-closes.
inline grpc::Status TryConnect(int port,
                               const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  const auto stub = v1::AgentLink::NewStub(Dial(port, credentials));
  grpc::ClientContext context;
  SetDeadline(context);
  const auto stream = stub->Connect(&context);
  v1::AgentMessage hello;
  hello.mutable_hello()->set_node("n");
  v1::CoordinatorMessage reply;
  if (stream->Write(hello) && stream->Read(&reply)) stream->WritesDone();
  return stream->Finish();
}

using UncheckedProvider = grpc::experimental::StaticDataCertificateProvider;

inline std::shared_ptr<UncheckedProvider> Unchecked(const KeyPair& pair, const std::string& ca) {
  return std::make_shared<UncheckedProvider>(ca,
                                             std::vector<grpc::experimental::IdentityKeyCertPair>{
                                                 {pair.private_key_pem, pair.certificate_pem}});
}
inline std::shared_ptr<grpc::ChannelCredentials> UncheckedClient(const KeyPair& pair,
                                                                 const std::string& ca) {
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(Unchecked(pair, ca));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  return grpc::experimental::TlsCredentials(options);
}
inline std::shared_ptr<grpc::ServerCredentials> UncheckedServer(const KeyPair& pair,
                                                                const std::string& ca) {
  grpc::experimental::TlsServerCredentialsOptions options(Unchecked(pair, ca));
  options.watch_identity_key_cert_pairs();
  return grpc::experimental::TlsServerCredentials(options);
}

}  // namespace belay
