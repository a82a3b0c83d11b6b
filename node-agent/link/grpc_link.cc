#include "node-agent/link/grpc_link.h"

#include <utility>

namespace belay {

struct GrpcLink::Live {
  Mutex mu;
  ConditionVariable changed;
  int calls GUARDED_BY(mu) = 0;
};

GrpcLink::GrpcLink(GrpcLinkOptions options, AgentStream::Sink sink)
    : options_(std::move(options)), sink_(std::move(sink)), live_(std::make_shared<Live>()) {}

GrpcLink::~GrpcLink() {
  HangUp();
  MutexLock lock(live_->mu);
  while (live_->calls > 0) live_->changed.Wait(live_->mu);
}

void GrpcLink::Dial(std::uint64_t attempt, const v1::AgentMessage& hello) {
  HangUp();
  const absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> credentials =
      options_.credentials();
  if (!credentials.ok()) {
    static_cast<void>(sink_({attempt, std::nullopt, credentials.status()}));
    return;
  }
  grpc::ChannelArguments arguments = options_.arguments;
  arguments.SetInt("grpc.use_local_subchannel_pool", 1);
  {
    MutexLock lock(live_->mu);
    ++live_->calls;
  }
  const auto counted = [sink = sink_, live = live_](LinkEvent event) {
    const bool over = !event.message.has_value();
    const bool taken = sink(std::move(event));
    if (over) {
      MutexLock lock(live->mu);
      --live->calls;
      live->changed.NotifyAll();
    }
    return taken;
  };
  stream_ = std::make_shared<AgentStream>(
      grpc::CreateCustomChannel(options_.target, *credentials, arguments), attempt, options_.depth,
      counted);
  stream_->Begin(hello);
}

bool GrpcLink::Send(v1::AgentMessage message) {
  return stream_ != nullptr && stream_->Send(std::move(message));
}

void GrpcLink::HangUp() {
  if (stream_ == nullptr) return;
  stream_->Close();
  stream_.reset();
}

}  // namespace belay
