// Runs a gate against the machine: looks up processes and the listener, asks for health, reads the
// managed files again, and feeds what it sees to Gate until that has decided.  Blocks its thread;
// only `pause` may be used from another one.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/os/clock.h"
#include "common/os/exit_watch.h"
#include "common/os/file_system.h"
#include "common/os/health_probe.h"
#include "common/os/pause.h"
#include "common/os/process_table.h"
#include "node-agent/health/ask.h"
#include "node-agent/health/container_runs.h"
#include "node-agent/health/gatekeeper.h"

namespace belay {

// All outlive the gatekeeper.
struct GatekeeperWorld {
  const FileSystem& files;
  const ProcessTable& processes;
  HealthProbe& probe;
  const Clock& clock;
  Pause& pause;
  ExitWatch& exits;
  std::string pod_logs = kPodLogs;
};

// Is `manifest_path` the only file kubelet would run as its pod?  Not ok: the reason names the
// other.
using StrayCheck = std::function<absl::Status(const std::string& manifest_path)>;

class ComponentGatekeeper final : public Gatekeeper {
 public:
  ComponentGatekeeper(GatekeeperWorld world, StrayCheck refuse_strays)
      : world_(std::move(world)), refuse_strays_(std::move(refuse_strays)) {}

  GateResult Run(const GateRequest& request,
                 const std::function<void(const std::string&)>& progress) override;

  // Would the gate of a rollback pass now, before anything is changed?  What it cannot prove
  // healthy beforehand it could never prove restored.  Waits for a few seconds; UNAVAILABLE with
  // the reason.
  absl::Status RequireProvable(const v1::Prepared& prepared) const;

 private:
  using Ended = std::optional<GateResult>;
  struct Watched {  // one component
    Gate gate;
    Asker asker = {};
    NodeAsker node{KubeletWatch::Proof::SignsOfLife};
  };
  Observation Look(const v1::ComponentExpectation& component, GateDirection direction, Asker* asker,
                   NodeAsker* node) const;
  std::vector<std::int64_t> Listeners(const std::vector<Process>& processes,
                                      const v1::HealthEndpoint& endpoint) const;
  // Of files and strays; nothing when all is well.
  Ended CheckFiles(const GateRequest& request, bool last, v1::StepReport* report) const;
  // Feeds each gate once.  Nothing while one is pending.
  Ended Sample(const GateRequest& request, std::vector<Watched>* watched) const;
  // Until it is time for the next sample, or a process has ended.  True when stopped.
  bool Wait(std::int64_t ns) const;
  // Does what was adopted have what the step set?  By arguments, or by kubelet's own word.
  std::vector<v1::FlagVerification> VerifyAdopted(const v1::ComponentExpectation& component,
                                                  GateDirection direction,
                                                  const std::vector<std::string>& argv,
                                                  v1::StepReport* report) const;
  GateResult Finish(const GateRequest& request, GateResult result,
                    const std::vector<Watched>& watched) const;

  const GatekeeperWorld world_;
  const StrayCheck refuse_strays_;
};

}  // namespace belay
