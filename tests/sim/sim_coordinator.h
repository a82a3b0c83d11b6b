// The coordinator's process: the real Coordinator over a real database, killed at any moment at
// which it looks at the clock, says something or sends something.  What it had committed is what
// the next life finds.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "common/os/clock.h"
#include "server/driver/coordinator.h"
#include "server/store/store.h"
#include "tests/sim/timeline.h"

namespace belay::sim {

inline constexpr std::int64_t kSimBeganUnixMs = 1'795'000'000'000;  // 2026-11-18T11:06:40Z

struct Killed {};  // thrown out of the coordinator

class SimCoordinator {
 public:
  struct Hooks {
    std::function<void()> died;                      // its streams are gone
    std::function<void(const std::string&)> broken;  // a promise of its own is broken
  };
  // `directory` exists and is empty.  `time` outlives this.
  SimCoordinator(Timeline& time, std::string directory, Hooks hooks);
  ~SimCoordinator();

  void Enrol(const NodeId& node);  // before Start
  void Start();
  bool up() const { return life_ != nullptr; }
  // Does nothing when it is down, or dies on the way.
  void Do(const std::function<void(Coordinator&)>& what);
  // The k-th moment from now on is its last; 0 disarms.
  void KillAt(std::int64_t k) { moments_left_ = k; }
  void Moment();  // one at which it may be killed
  std::int64_t moments() const { return moments_; }
  std::int64_t deaths() const { return deaths_; }

 private:
  class WatchedClock final : public Clock {
   public:
    explicit WatchedClock(SimCoordinator& of) : of_(of) {}
    std::int64_t BootNowNs() const override;
    std::int64_t WallNowUnixMs() const override;
    std::string BootId() const override { return "coordinator"; }

   private:
    SimCoordinator& of_;
  };
  struct Life {
    std::unique_ptr<store::Store> store;
    std::unique_ptr<Coordinator> coordinator;
  };

  void Die();
  void Tick();

  Timeline& time_;
  const std::string directory_;
  const Hooks hooks_;
  WatchedClock clock_{*this};
  std::unique_ptr<Life> life_;
  bool inside_ = false;  // Coordinator's code is on the stack
  std::int64_t moments_ = 0;
  std::int64_t moments_left_ = 0;
  std::int64_t deaths_ = 0;
  std::uint64_t ids_ = 0;
  std::uint64_t lives_ = 0;
};

}  // namespace belay::sim
