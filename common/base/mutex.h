// A std::mutex that clang's thread-safety analysis understands.  absl::Mutex is not used: Debian's
// build of it is invisible to TSan and a correct program then reports races.
#pragma once
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define BELAY_TS(x) __attribute__((x))
#else
#define BELAY_TS(x)
#endif
// Debian's abseil still defines its old names for these two; the meaning is the same.
#undef GUARDED_BY
#undef NO_THREAD_SAFETY_ANALYSIS
#define CAPABILITY(x) BELAY_TS(capability(x))
#define SCOPED_CAPABILITY BELAY_TS(scoped_lockable)
#define GUARDED_BY(x) BELAY_TS(guarded_by(x))
#define REQUIRES(...) BELAY_TS(requires_capability(__VA_ARGS__))
#define ACQUIRE(...) BELAY_TS(acquire_capability(__VA_ARGS__))
#define RELEASE(...) BELAY_TS(release_capability(__VA_ARGS__))
#define EXCLUDES(...) BELAY_TS(locks_excluded(__VA_ARGS__))
#define NO_THREAD_SAFETY_ANALYSIS BELAY_TS(no_thread_safety_analysis)

namespace belay {

class CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;
  void lock() ACQUIRE() { mu_.lock(); }
  void unlock() RELEASE() { mu_.unlock(); }

 private:
  std::mutex mu_;
};

class SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mu) ACQUIRE(mu) : mu_(mu) { mu_.lock(); }
  ~MutexLock() RELEASE() { mu_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mu_;
};

// Waits on our Mutex; the predicate is re-checked by the caller in a loop, under the lock.
class ConditionVariable {
 public:
  void NotifyAll() { cv_.notify_all(); }
  void Wait(Mutex& mu) REQUIRES(mu) { cv_.wait(mu); }
  template <class Duration>
  void WaitFor(Mutex& mu, Duration d) REQUIRES(mu) {
    cv_.wait_for(mu, d);
  }

 private:
  std::condition_variable_any cv_;
};

}  // namespace belay
