// Time, as a seam.  Deadlines use BootNow only: it never jumps and goes on during suspend; wall
// time is for people and for certificates' and plans' windows.  Real: common/os/system_clock.h.
#pragma once
#include <cstdint>
#include <string>

namespace belay {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t BootNowNs() const = 0;  // CLOCK_BOOTTIME
  virtual std::int64_t WallNowUnixMs() const = 0;
  virtual std::string BootId() const = 0;  // changes with every boot of the machine
};

}  // namespace belay
