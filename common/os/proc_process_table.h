// Processes as /proc shows them.  Whatever vanishes or changes hands while it is being read is left
// out; what cannot be read is not there.  Any thread.
//
// Start times are the kernel's, in ticks of CLOCK_BOOTTIME since boot; a time namespace of the
// agent's own would shift the clock but not them, so the agent must run in the machine's.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "common/os/process_table.h"

namespace belay {

class ProcProcessTable final : public ProcessTable {
 public:
  explicit ProcProcessTable(std::string proc = "/proc") : proc_(std::move(proc)) {}

  std::vector<Process> List(const std::string& component) const override;
  bool OwnsListener(std::int64_t pid, const std::string& address,
                    std::uint32_t port) const override;

 private:
  const std::string proc_;
};

// The pod's uid in the text of /proc/PID/cgroup, as both of kubelet's drivers write it
// ("/kubepods/burstable/podUID/..." and "/kubepods-burstable-podUID.slice/..."); empty when there
// is none.
std::string PodUidOf(const std::string& cgroup);

// The text of /proc/PID/status; nothing when a line that is needed is missing.
std::optional<ProcessRights> RightsOf(const std::string& status);

}  // namespace belay
