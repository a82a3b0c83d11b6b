// The machine's own clocks.  Any thread.
#pragma once
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/os/clock.h"

namespace belay {

class SystemClock final : public Clock {
 public:
  // Reads the boot id once; it cannot change while this program runs.
  static absl::StatusOr<std::unique_ptr<SystemClock>> Open();

  std::int64_t BootNowNs() const override;
  std::int64_t WallNowUnixMs() const override;
  std::string BootId() const override { return boot_id_; }

 private:
  explicit SystemClock(std::string boot_id) : boot_id_(std::move(boot_id)) {}
  const std::string boot_id_;
};

}  // namespace belay
