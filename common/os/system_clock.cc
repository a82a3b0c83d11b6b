#include "common/os/system_clock.h"

#include <ctime>
#include <fstream>

#include "absl/status/status.h"

namespace belay {
namespace {

constexpr const char* kBootIdFile = "/proc/sys/kernel/random/boot_id";

std::int64_t ReadClockNs(clockid_t id) {
  struct timespec now = {};
  clock_gettime(id, &now);  // cannot fail for these ids and a valid pointer
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SystemClock>> SystemClock::Open() {
  std::ifstream file(kBootIdFile);
  std::string boot_id;
  if (!std::getline(file, boot_id) || boot_id.empty()) {
    return absl::UnavailableError(
        std::string("read ") + kBootIdFile +
        ": without it times before and after a boot cannot be told apart; "
        "mount /proc");
  }
  return std::unique_ptr<SystemClock>(new SystemClock(boot_id));
}

std::int64_t SystemClock::BootNowNs() const { return ReadClockNs(CLOCK_BOOTTIME); }

std::int64_t SystemClock::WallNowUnixMs() const { return ReadClockNs(CLOCK_REALTIME) / 1'000'000; }

}  // namespace belay
