// CoordinatorLink over mutual-TLS gRPC.  Every attempt has a channel of its own, so that neither
// gRPC's reconnect pause nor a half-dead connection of the last attempt can hold the next one up.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "node-agent/link/agent_stream.h"
#include "node-agent/link/coordinator_link.h"

namespace belay {

struct GrpcLinkOptions {
  std::string target;  // host:port
  // Asked for each attempt, so that a renewed certificate is used by the next one.
  std::function<absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>>()> credentials;
  grpc::ChannelArguments arguments;
  std::size_t depth = 256;  // messages waiting for the transport before the peer counts as too slow
};

class GrpcLink : public CoordinatorLink {
 public:
  // `sink` as in AgentStream, and also called from Dial when there are no credentials.  It is not
  // called any more once the destructor has returned.
  GrpcLink(GrpcLinkOptions options, AgentStream::Sink sink);
  ~GrpcLink() override;  // waits for the calls to end, having cancelled them

  void Dial(std::uint64_t attempt, const v1::AgentMessage& hello) override;
  [[nodiscard]] bool Send(v1::AgentMessage message) override;
  void HangUp() override;

 private:
  struct Calls;  // how many have not ended, and those that have

  void DestroyEnded();

  const GrpcLinkOptions options_;
  const AgentStream::Sink sink_;
  const std::shared_ptr<Calls> calls_;
  std::shared_ptr<AgentStream> stream_;
};

}  // namespace belay
