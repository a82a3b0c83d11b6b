// Ends a process that nobody is served by any more, as a seam.  Real: PidfdProcessEnder.
//
// This is the one place from which the agent kills.  What may be ended is decided by its caller
// (node-agent/health/make_way.h); what must not be ended is refused here once more.
#pragma once
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "common/os/process_table.h"

namespace belay {

class ProcessEnder {
 public:
  virtual ~ProcessEnder() = default;
  // Does any process of this pod take TCP connections?  Nothing when it cannot be told.
  virtual std::optional<bool> PodListens(const std::string& pod_uid) const = 0;
  // Ends it at once (SIGKILL) and waits up to two seconds for its end.  Ok also when it was gone.
  // FAILED_PRECONDITION, and nothing is done: the number belongs to another process now, or to one
  // of another pod, or its pod takes connections, or that cannot be told.  DEADLINE_EXCEEDED: it
  // was told to end and is still there.
  virtual absl::Status End(const Process& process) = 0;
};

// Holds the process by a pidfd before it looks at what it is, so that whatever is seen is true of
// the process that gets the signal.  Any thread.
class PidfdProcessEnder final : public ProcessEnder {
 public:
  explicit PidfdProcessEnder(std::string proc = "/proc") : proc_(std::move(proc)) {}

  std::optional<bool> PodListens(const std::string& pod_uid) const override;
  absl::Status End(const Process& process) override;

 private:
  const std::string proc_;
};

}  // namespace belay
