// The one thread that owns the Coordinator.  gRPC's threads put work into its mailbox and return.
//
// Post and PostEnd from any thread.  What was posted before Join is still done.  When the
// coordinator can no longer keep its state, everybody is disconnected, no more work is taken, and
// `on_fatal` is called once, on the loop's thread.
#pragma once
#include <functional>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "common/base/mutex.h"
#include "common/loop/mailbox.h"
#include "server/driver/coordinator.h"

namespace belay {

class CoordinatorLoop {
 public:
  using Work = std::function<void(Coordinator&)>;

  // Starts the thread.  `coordinator` outlives this and is touched by nobody else from now on.
  CoordinatorLoop(Coordinator& coordinator, std::function<void(const absl::Status&)> on_fatal);
  ~CoordinatorLoop() { Join(); }
  // False when stopping or overloaded: the work is then never done.
  [[nodiscard]] bool Post(Work work) { return mailbox_.Put(std::move(work)); }
  // For what must not be lost while the mailbox is full, such as the end of a stream; there is at
  // most one for each thing that Post let in.
  void PostEnd(Work work);
  void Join();  // takes no more work, does what is left, ends the thread; idempotent

 private:
  void Run();
  void DoEnds();

  Coordinator& coordinator_;
  const std::function<void(const absl::Status&)> on_fatal_;
  Mailbox<Work> mailbox_;
  Mutex mu_;
  std::vector<Work> ends_ GUARDED_BY(mu_);
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace belay
