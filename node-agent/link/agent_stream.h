// One attempt's gRPC call.  Reactions only move bytes: they never block and never call out with the
// lock held.  Keeps itself alive until OnDone and then hands itself to its owner, who destroys it
// on a thread of his own: the last channel of a process joins gRPC's callback threads when it goes
// (CallbackAlternativeCQ::Unref in completion_queue_cc.cc), which must not happen on one of them.
#pragma once
#include <grpcpp/grpcpp.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>

#include "belay/v1/agent_link.grpc.pb.h"
#include "common/base/mutex.h"
#include "node-agent/link/coordinator_link.h"

namespace belay {

class AgentStream : public grpc::ClientBidiReactor<v1::AgentMessage, v1::CoordinatorMessage>,
                    public std::enable_shared_from_this<AgentStream> {
 public:
  // Called from gRPC's threads; must return at once.  False: the receiver is full, give the stream
  // up.
  using Sink = std::function<bool(LinkEvent)>;
  // Called once and last, from one of gRPC's threads: keep it, and destroy it on another.
  using Ended = std::function<void(std::shared_ptr<AgentStream>)>;

  AgentStream(std::shared_ptr<grpc::Channel> channel, std::uint64_t attempt, std::size_t depth,
              Sink sink, Ended ended);

  // Once, with the first message.
  void Begin(v1::AgentMessage hello);
  // Any thread.  False when closed, or when `depth` messages wait already; then it closes.
  [[nodiscard]] bool Send(v1::AgentMessage message) EXCLUDES(mu_);
  // Any thread, any number of times.
  void Close() EXCLUDES(mu_);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

 private:
  void LetGo() EXCLUDES(mu_);

  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::AgentLink::Stub> stub_;
  const std::uint64_t attempt_;
  const std::size_t depth_;
  const Sink sink_;
  const Ended ended_;
  grpc::ClientContext context_;
  std::shared_ptr<AgentStream> self_;  // until OnDone
  v1::CoordinatorMessage in_;
  Mutex mu_;
  std::deque<v1::AgentMessage> outbox_ GUARDED_BY(mu_);  // front() is the one in flight
  bool closed_ GUARDED_BY(mu_) = false;                  // nothing is started from outside any more
};

}  // namespace belay
