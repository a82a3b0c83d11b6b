// Does a process run the configuration that a gate waits for?  By its arguments, by the pod in
// whose control group it runs, and by when it was started; each alone can be fooled.  Pure.
#pragma once
#include <cstdint>

#include "belay/v1/journal.pb.h"
#include "common/os/process_table.h"

namespace belay {

// Forward: the new configuration must have been adopted.  Backward: the restored one must serve; a
// process that was never replaced is as good as one started after the restore.
enum class GateDirection { Forward, Backward };

// The kernel rounds start times down to this, so "before" is certain only a tick earlier.
inline constexpr std::int64_t kStartTickNs = 10'000'000;

struct AdoptionRule {
  GateDirection direction = GateDirection::Forward;
  v1::ComponentExpectation component;
  std::int64_t applied_boottime_ns = 0;   // publishing of the edit; 0: in an earlier boot
  std::int64_t restored_boottime_ns = 0;  // Backward: publishing of the restore; 0: earlier boot

  // Arguments and pod.
  bool Expected(const Process& process) const;
  // Started when only the expected configuration, with its files, was there to be read.
  bool InTime(const Process& process) const;
  bool Qualifies(const Process& process) const { return InTime(process) && Expected(process); }
};

}  // namespace belay
