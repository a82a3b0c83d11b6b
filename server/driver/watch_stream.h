// The stream of one `rollout watch`.  Keeps itself alive until gRPC is done with it; Send and End
// may be called from any thread at any time.
#pragma once
#include <grpcpp/grpcpp.h>

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "common/base/mutex.h"
#include "common/rpc/status_wire.h"
#include "server/driver/ports.h"

namespace belay {

class WatchStream final : public grpc::ServerWriteReactor<v1::RolloutUpdate>,
                          public RolloutWatcher,
                          public std::enable_shared_from_this<WatchStream> {
 public:
  void SetCaller(Caller caller) { caller_ = std::move(caller); }  // once, before it is watched
  const Caller& caller() const override { return caller_; }
  void Begin() { self_ = shared_from_this(); }  // once, in the method's handler

  bool Send(const v1::RolloutUpdate& update) override {
    MutexLock lock(mu_);
    if (finished_ || end_ || outbox_.size() >= kOutbox) return false;
    outbox_.push_back(update);
    if (outbox_.size() == 1) StartWrite(&outbox_.front());
    return true;
  }
  void End(const absl::Status& status) override {
    MutexLock lock(mu_);
    if (end_) return;
    end_ = ToGrpc(status);
    if (outbox_.empty()) FinishNow();
  }
  void OnWriteDone(bool ok) override {
    MutexLock lock(mu_);
    outbox_.pop_front();
    if (finished_) return;
    if (!ok) {
      end_ = grpc::Status::CANCELLED;
      FinishNow();
    } else if (!outbox_.empty()) {
      StartWrite(&outbox_.front());
    } else if (end_) {
      FinishNow();
    }
  }
  void OnCancel() override {
    MutexLock lock(mu_);
    if (finished_) return;
    end_ = grpc::Status::CANCELLED;
    FinishNow();
  }
  void OnDone() override { const std::shared_ptr<WatchStream> last = std::move(self_); }

 private:
  static constexpr std::size_t kOutbox = 1000;

  void FinishNow() REQUIRES(mu_) {
    if (finished_) return;
    finished_ = true;
    Finish(*end_);
  }

  Caller caller_;                      // the loop's
  std::shared_ptr<WatchStream> self_;  // set in Begin, taken in OnDone
  Mutex mu_;
  std::deque<v1::RolloutUpdate> outbox_ GUARDED_BY(mu_);  // the front is on its way
  std::optional<grpc::Status> end_ GUARDED_BY(mu_);
  bool finished_ GUARDED_BY(mu_) = false;
};

}  // namespace belay
