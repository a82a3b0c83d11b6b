#include "common/os/pause.h"

#include <chrono>

namespace belay {

bool Stopper::For(std::int64_t ns) {
  MutexLock lock(mu_);
  if (!stopped_) changed_.WaitFor(mu_, std::chrono::nanoseconds(ns));
  return stopped_;
}

bool Stopper::stopped() const {
  MutexLock lock(mu_);
  return stopped_;
}

void Stopper::Stop() {
  MutexLock lock(mu_);
  stopped_ = true;
  changed_.NotifyAll();
}

}  // namespace belay
