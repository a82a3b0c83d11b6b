// A bounded queue into a loop thread.  Any thread puts; one thread takes.  The lock is a leaf:
// nothing is called and nothing is written while it is held.
#pragma once
#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "common/base/mutex.h"

namespace belay {

template <class T>
class Mailbox {
 public:
  explicit Mailbox(std::size_t depth) : depth_(depth) {}

  // False when full or closed: the caller then drops its peer, never blocks.
  [[nodiscard]] bool Put(T item) {
    MutexLock lock(mu_);
    if (closed_ || items_.size() >= depth_) return false;
    items_.push_back(std::move(item));
    changed_.NotifyAll();
    return true;
  }
  // Waits at most `limit`; nothing when it passed, or when closed and empty.
  std::optional<T> TakeFor(std::chrono::milliseconds limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    MutexLock lock(mu_);
    while (items_.empty() && !closed_) {
      const auto left = until - std::chrono::steady_clock::now();
      if (left <= std::chrono::nanoseconds::zero()) return std::nullopt;
      changed_.WaitFor(mu_, left);
    }
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    return item;
  }
  // As above, but all that is there; never empty where there is something.
  std::deque<T> TakeAllFor(std::chrono::milliseconds limit) {
    std::deque<T> all;
    std::optional<T> first = TakeFor(limit);
    if (!first) return all;
    MutexLock lock(mu_);
    all.swap(items_);
    all.push_front(*std::move(first));
    return all;
  }
  void Close() {
    MutexLock lock(mu_);
    closed_ = true;
    changed_.NotifyAll();
  }
  bool closed() {
    MutexLock lock(mu_);
    return closed_;
  }

 private:
  const std::size_t depth_;
  Mutex mu_;
  ConditionVariable changed_;
  std::deque<T> items_ GUARDED_BY(mu_);
  bool closed_ GUARDED_BY(mu_) = false;
};

}  // namespace belay
