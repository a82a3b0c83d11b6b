// Before a step on kube-apiserver is begun: does the real server come up with what the step gives
// it?  Tells the step's report what was proved, or refuses the step.  Reads the node only.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "belay/v1/shadow.pb.h"
#include "common/os/clock.h"
#include "common/os/file_system.h"
#include "common/os/process_table.h"
#include "node-agent/shadow/shadow_boot.h"
#include "node-agent/shadow/shadow_decision.h"
#include "node-agent/transaction/executor.h"

namespace belay {

struct ShadowSettings {
  std::string etcd_program;  // on the host; empty: that of the node's own etcd process
  std::uint32_t timeout_ms = 60'000;
  bool required = false;  // what could not be proved is refused
  // By which its answers are believed, as `host` sees them: a step that changes one of them is not
  // proved.
  std::vector<std::string> trusted_files = {};
};

// All outlive the check.
struct ShadowWorld {
  const FileSystem& host;
  const ProcessTable& processes;
  const Clock& clock;
  ShadowBoot& boot;
};

class ShadowCheck {
 public:
  ShadowCheck(ShadowWorld world, ShadowSettings settings)
      : world_(world), settings_(std::move(settings)) {}

  // The line for the report; empty where the step does not touch kube-apiserver.
  // FAILED_PRECONDITION: refused, in the server's own words.  CANCELLED: the agent is stopping.
  //
  // Blocks for the time of one boot, or of two.  What was proved counts for two minutes: a step
  // whose permit has passed meanwhile is asked for again, and is not to wait again.  One thread.
  absl::StatusOr<std::string> Prove(const StepPlan& plan);

 private:
  struct Remembered {
    std::string question;
    std::string answer;
    std::int64_t boottime_ns = 0;
  };
  struct Boots {
    v1::ShadowRequest candidate;
    v1::ShadowRequest baseline;
  };
  absl::StatusOr<Boots> BootsFor(const v1::ComponentExpectation& component,
                                 const StepPlan& plan) const;
  absl::StatusOr<v1::ShadowEtcd> FindEtcd() const;
  absl::StatusOr<ShadowDecision> Decide(const Boots& boots);
  absl::StatusOr<std::string> Settle(const v1::ComponentExpectation& component,
                                     const ShadowDecision& decision) const;

  const ShadowWorld world_;
  const ShadowSettings settings_;
  std::optional<Remembered> remembered_;
};

}  // namespace belay
