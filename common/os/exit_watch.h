// Tells at once, and for nothing, when a process has ended.  A hint that it is time to look again:
// whether a process is the one that was meant is for whoever looks.  One thread.
#pragma once
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "common/os/descriptor.h"
#include "common/os/process_table.h"

namespace belay {

class ExitWatch {
 public:
  virtual ~ExitWatch() = default;
  // From now on these; those that were followed before and are not among them are forgotten.
  virtual void Follow(const std::vector<Process>& processes) = 0;
  // Has one of them ended since?  Does not wait.
  virtual bool AnyEnded() = 0;
};

// By pidfd, which stays with its process whoever gets the number next.
class PidfdExitWatch final : public ExitWatch {
 public:
  void Follow(const std::vector<Process>& processes) override;
  bool AnyEnded() override;

 private:
  std::map<std::pair<std::int64_t, std::int64_t>, Descriptor> followed_;  // by (pid, start)
};

}  // namespace belay
