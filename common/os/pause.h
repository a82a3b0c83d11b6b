// Waiting that can be ended from outside, as a seam: tests let simulated time pass instead.
#pragma once
#include <cstdint>

#include "common/base/mutex.h"

namespace belay {

class Pause {
 public:
  virtual ~Pause() = default;
  // Returns after about `ns`, or at once when stopped; may return early.  True when stopped.
  virtual bool For(std::int64_t ns) = 0;
  virtual bool stopped() const = 0;
};

// Any thread may stop it; stays stopped.
class Stopper final : public Pause {
 public:
  bool For(std::int64_t ns) override EXCLUDES(mu_);
  bool stopped() const override EXCLUDES(mu_);
  void Stop() EXCLUDES(mu_);

 private:
  mutable Mutex mu_;
  ConditionVariable changed_;
  bool stopped_ GUARDED_BY(mu_) = false;
};

}  // namespace belay
