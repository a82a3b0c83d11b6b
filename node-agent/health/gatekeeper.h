// Runs one gate to its end, as a seam between the transaction and the world it is proved against.
// Real: ComponentGatekeeper (component_gatekeeper.h).  Simulated: in the crash tests.
#pragma once
#include <functional>
#include <string>

#include "belay/v1/journal.pb.h"
#include "node-agent/health/gate.h"

namespace belay {

struct GateRequest {
  GateDirection direction = GateDirection::Forward;
  v1::Prepared prepared;                 // components, gate settings, images
  std::int64_t applied_boottime_ns = 0;  // 0 where the machine has been booted since
  std::int64_t restored_boottime_ns = 0;
  // Of a rollback: as the report of the forward gate says; 0 in another boot, or when it says
  // nothing.
  std::int64_t down_since_boottime_ns = 0;
};

struct GateResult {
  enum class Kind {
    Passed,
    Failed,
    Interrupted,  // the agent is stopping; nothing is decided
    Foreign,      // a managed file is neither of its images any more: `path`
  };
  Kind kind = Kind::Failed;
  std::string reason;
  std::string path;
  v1::StepReport report;
};

class Gatekeeper {
 public:
  virtual ~Gatekeeper() = default;
  // Blocks until decided.  `progress` is called from the same thread with what it is waiting for.
  virtual GateResult Run(const GateRequest& request,
                         const std::function<void(const std::string&)>& progress) = 0;
};

}  // namespace belay
