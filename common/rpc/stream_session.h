// One accepted bidirectional stream of a server.  The call keeps itself alive until it is done;
// everybody else holds a weak_ptr, or a shared_ptr for a moment.
//
// Send and Close may be called from any thread at any time, also after the end.  The sink is called
// by gRPC's few threads, never with the session's lock held, and must return at once (put it in a
// mailbox); Received in order and never two at a time, Closed exactly once and last.
//
// The next message is read only when the sink has done with the one before and says Next: of one
// peer there is never more than one message in the program, the rest is held up at the peer.
#pragma once
#include <grpcpp/grpcpp.h>

#include <cstddef>
#include <deque>
#include <memory>
#include <utility>

#include "common/base/mutex.h"

namespace belay {

template <class In, class Out>
class StreamSession : public grpc::ServerBidiReactor<In, Out>,
                      public std::enable_shared_from_this<StreamSession<In, Out>> {
 public:
  struct Sink {
    virtual ~Sink() = default;
    // Ends with Next, now or later; a sink that cannot take it (a full mailbox) closes the session.
    virtual void Received(const std::shared_ptr<StreamSession>& session, In message) = 0;
    virtual void Closed(const std::shared_ptr<StreamSession>& session) = 0;
  };

  // `sink` outlives every session, which ends at the latest with grpc::Server::Shutdown(deadline).
  StreamSession(Sink* sink, std::size_t outbox_limit) : sink_(sink), limit_(outbox_limit) {}

  // Once, in the method's handler, which then returns get().
  void Begin() {
    self_ = this->shared_from_this();
    MutexLock lock(mu_);
    if (!finished_) this->StartRead(&in_);
  }

  // False once the stream is ending, or when the peer is too slow: `outbox_limit` messages wait.
  [[nodiscard]] bool Send(Out message) {
    MutexLock lock(mu_);
    if (finished_ || outbox_.size() >= limit_) return false;
    outbox_.push_back(std::move(message));
    if (outbox_.size() == 1) this->StartWrite(&outbox_.front());  // the front is the one in flight
    return true;
  }

  // Once for each Received, from any thread.
  void Next() {
    MutexLock lock(mu_);
    if (!finished_) this->StartRead(&in_);
  }

  // The first status wins.  Messages not yet on the wire are dropped.
  void Close(grpc::Status status) {
    MutexLock lock(mu_);
    if (finished_) return;
    finished_ = true;
    this->Finish(std::move(status));
  }

  void OnReadDone(bool ok) override {
    if (!ok) return Close(grpc::Status::OK);
    sink_->Received(this->shared_from_this(), std::exchange(in_, In{}));
  }
  void OnWriteDone(bool ok) override {
    MutexLock lock(mu_);
    outbox_.pop_front();
    if (finished_ || !ok) return;
    if (!outbox_.empty()) this->StartWrite(&outbox_.front());
  }
  void OnCancel() override { Close(grpc::Status::CANCELLED); }
  void OnDone() override {
    const std::shared_ptr<StreamSession> last = std::move(self_);  // may destroy *this on return
    sink_->Closed(last);
  }

 private:
  Sink* const sink_;
  const std::size_t limit_;
  std::shared_ptr<StreamSession> self_;  // set in Begin, taken in OnDone
  In in_;                                // belongs to the one pending read
  Mutex mu_;
  std::deque<Out> outbox_ GUARDED_BY(mu_);
  bool finished_ GUARDED_BY(mu_) = false;
};

}  // namespace belay
