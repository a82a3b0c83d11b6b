#include "node-agent/link/agent_stream.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace belay {

AgentStream::AgentStream(std::shared_ptr<grpc::Channel> channel, std::uint64_t attempt,
                         std::size_t depth, Sink sink, Ended ended)
    : channel_(std::move(channel)),
      stub_(v1::AgentLink::NewStub(channel_)),
      attempt_(attempt),
      depth_(depth),
      sink_(std::move(sink)),
      ended_(std::move(ended)) {}

void AgentStream::Begin(v1::AgentMessage hello) {
  self_ = shared_from_this();
  stub_->async()->Connect(&context_, this);
  AddHold();  // Send starts writes from outside of reactions; LetGo removes it
  StartRead(&in_);
  {
    MutexLock lock(mu_);
    outbox_.push_back(std::move(hello));
    StartWrite(&outbox_.front());
  }
  StartCall();
}

bool AgentStream::Send(v1::AgentMessage message) {
  {
    MutexLock lock(mu_);
    if (closed_) return false;
    if (outbox_.size() < depth_) {
      outbox_.push_back(std::move(message));
      if (outbox_.size() == 1) StartWrite(&outbox_.front());
      return true;
    }
  }
  Close();
  return false;
}

void AgentStream::Close() {
  context_.TryCancel();
  LetGo();
}

// The hold goes exactly once; without it gRPC never reports the end of the call.
void AgentStream::LetGo() {
  {
    MutexLock lock(mu_);
    if (closed_) return;
    closed_ = true;
  }
  RemoveHold();
}

void AgentStream::OnReadDone(bool ok) {
  if (!ok) return LetGo();  // not cancelled: the coordinator's status says why it ended
  if (!sink_({attempt_, std::exchange(in_, {}), absl::OkStatus()})) return Close();
  StartRead(&in_);  // after a cancel it answers false
}

void AgentStream::OnWriteDone(bool ok) {
  MutexLock lock(mu_);
  outbox_.pop_front();
  if (!ok || closed_) return;
  if (!outbox_.empty()) StartWrite(&outbox_.front());
}

void AgentStream::OnDone(const grpc::Status& status) {
  const absl::Status end = status.ok()
                               ? absl::UnavailableError("the coordinator ended the stream")
                               : absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                                              status.error_message());
  // A full receiver learns of the end from Send, which answers false from now on.
  static_cast<void>(sink_({attempt_, std::nullopt, end}));
  const Ended ended = ended_;  // its owner may destroy *this before the call returns
  ended(std::move(self_));
}

}  // namespace belay
