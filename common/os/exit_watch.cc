#include "common/os/exit_watch.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace belay {

void PidfdExitWatch::Follow(const std::vector<Process>& processes) {
  std::map<std::pair<std::int64_t, std::int64_t>, Descriptor> now;
  for (const Process& process : processes) {
    const auto key = std::make_pair(process.pid, process.started_boottime_ns);
    const auto known = followed_.find(key);
    if (known != followed_.end()) {
      now.emplace(key, std::move(known->second));
      continue;
    }
    // glibc's wrapper is younger than Debian 12.  Gone already, or no such call: no hint then.
    Descriptor fd(static_cast<int>(syscall(SYS_pidfd_open, static_cast<pid_t>(process.pid), 0)));
    if (fd.valid()) now.emplace(key, std::move(fd));
  }
  followed_ = std::move(now);
}

bool PidfdExitWatch::AnyEnded() {
  std::vector<pollfd> waits;
  for (const auto& [key, fd] : followed_) waits.push_back({fd.get(), POLLIN, 0});
  return !waits.empty() && poll(waits.data(), waits.size(), 0) > 0;
}

}  // namespace belay
