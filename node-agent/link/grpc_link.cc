#include "node-agent/link/grpc_link.h"

#include <utility>
#include <vector>

namespace belay {

struct GrpcLink::Calls {
  Mutex mu;
  ConditionVariable changed;
  int open GUARDED_BY(mu) = 0;
  std::vector<std::shared_ptr<AgentStream>> ended GUARDED_BY(mu);
};

GrpcLink::GrpcLink(GrpcLinkOptions options, AgentStream::Sink sink)
    : options_(std::move(options)), sink_(std::move(sink)), calls_(std::make_shared<Calls>()) {}

GrpcLink::~GrpcLink() {
  GrpcLink::HangUp();  // this class's own: nothing derived is left
  {
    MutexLock lock(calls_->mu);
    while (calls_->open > 0) calls_->changed.Wait(calls_->mu);
  }
  DestroyEnded();
}

void GrpcLink::Dial(std::uint64_t attempt, const v1::AgentMessage& hello) {
  HangUp();
  DestroyEnded();
  const absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> credentials =
      options_.credentials();
  if (!credentials.ok()) {
    static_cast<void>(sink_({attempt, std::nullopt, credentials.status()}));
    return;
  }
  grpc::ChannelArguments arguments = options_.arguments;
  arguments.SetInt("grpc.use_local_subchannel_pool", 1);
  {
    MutexLock lock(calls_->mu);
    ++calls_->open;
  }
  const auto ended = [calls = calls_](std::shared_ptr<AgentStream> stream) {
    MutexLock lock(calls->mu);
    calls->ended.push_back(std::move(stream));
    --calls->open;
    calls->changed.NotifyAll();
  };
  stream_ = std::make_shared<AgentStream>(
      grpc::CreateCustomChannel(options_.target, *credentials, arguments), attempt, options_.depth,
      sink_, ended);
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

void GrpcLink::DestroyEnded() {
  std::vector<std::shared_ptr<AgentStream>> ended;  // goes last, without the lock
  {
    MutexLock lock(calls_->mu);
    ended.swap(calls_->ended);
  }
}

}  // namespace belay
