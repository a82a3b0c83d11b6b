#include "server/driver/loop.h"

#include <chrono>
#include <utility>

namespace belay {
namespace {
constexpr std::size_t kMailboxDepth = 16384;
constexpr std::chrono::milliseconds kTick(100);
}  // namespace

CoordinatorLoop::CoordinatorLoop(Coordinator& coordinator,
                                 std::function<void(const absl::Status&)> on_fatal)
    : coordinator_(coordinator),
      on_fatal_(std::move(on_fatal)),
      mailbox_(kMailboxDepth),
      thread_([this] { Run(); }) {}

void CoordinatorLoop::PostEnd(Work work) {
  MutexLock lock(mu_);
  ends_.push_back(std::move(work));
}

void CoordinatorLoop::DoEnds() {
  std::vector<Work> ends;
  {
    MutexLock lock(mu_);
    ends.swap(ends_);
  }
  for (Work& work : ends) work(coordinator_);
}

void CoordinatorLoop::Run() {
  while (coordinator_.fatal().ok()) {
    std::deque<Work> come = mailbox_.TakeAllFor(kTick);
    if (come.empty() && mailbox_.closed()) return DoEnds();
    // What has come already is heard before time decides anything.
    for (Work& work : come) work(coordinator_);
    DoEnds();
    coordinator_.Settle(/*idle=*/come.empty());
  }
  mailbox_.Close();
  coordinator_.CloseAll(coordinator_.fatal());
  // Calls let in before still get their answer; gRPC cannot shut down without it.
  while (auto work = mailbox_.TakeFor(kTick)) (*work)(coordinator_);
  on_fatal_(coordinator_.fatal());
}

void CoordinatorLoop::Join() {
  mailbox_.Close();
  if (thread_.joinable()) thread_.join();
}

}  // namespace belay
