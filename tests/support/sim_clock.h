// A clock that moves only when the test says so.
#pragma once
#include <cstdint>
#include <string>

#include "common/os/clock.h"

namespace belay {

class SimClock : public Clock {
 public:
  std::int64_t BootNowNs() const override { return boot_ns; }
  std::int64_t WallNowUnixMs() const override { return wall_ms; }
  std::string BootId() const override { return "boot-" + std::to_string(boots); }

  void Pass(std::int64_t ns) {
    boot_ns += ns;
    wall_ms += ns / 1'000'000;
  }
  void Reboot() {
    ++boots;
    boot_ns = 10'000'000'000;
    wall_ms += 30'000;
  }

  std::int64_t boot_ns = 1'000'000'000'000;
  std::int64_t wall_ms = 1'795'000'000'000;  // November 2026
  int boots = 1;
};

}  // namespace belay
