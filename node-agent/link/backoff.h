// How long to wait before the next attempt: doubling, bounded, with jitter, so that a thousand
// agents do not come back in the same second.  Pure; one thread.
#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>

namespace belay {

class Backoff {
 public:
  // `random` gives numbers from 0 to 1.
  Backoff(std::int64_t least_ns, std::int64_t most_ns, std::function<double()> random)
      : least_ns_(least_ns), most_ns_(most_ns), random_(std::move(random)), next_ns_(least_ns) {}
  // Between half of the step and the whole of it.
  std::int64_t Next() {
    const std::int64_t step = next_ns_;
    next_ns_ = std::min(most_ns_, next_ns_ * 2);
    const std::int64_t half = step / 2;
    return half + static_cast<std::int64_t>(static_cast<double>(step - half) * random_());
  }
  void Reset() { next_ns_ = least_ns_; }

 private:
  const std::int64_t least_ns_;
  const std::int64_t most_ns_;
  const std::function<double()> random_;
  std::int64_t next_ns_;
};

}  // namespace belay
