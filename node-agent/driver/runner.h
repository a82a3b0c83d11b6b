// Carries out commands: Execute from permit to verdict, ClearEmergency.  Every check stands before
// the first change; a check that fails is recorded as a refusal that says what to do, except for
// commands that are late (old epoch, permit passed), which are as if they had never arrived.
//
// One thread, the executor's; blocks for as long as a rollout takes on the node.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "belay/v1/agent_link.pb.h"
#include "common/crypto/ed25519.h"
#include "common/os/clock.h"
#include "node-agent/driver/plan_admission.h"
#include "node-agent/driver/policy.h"
#include "node-agent/transaction/executor.h"

namespace belay {

struct RunnerOptions {
  std::vector<Ed25519PublicKey> trusted_keys;
  NodePolicy policy;
  std::function<absl::StatusOr<StepPlan>(const v1::Step&)> prepare;  // Preparer::Prepare
  std::function<absl::Status()> check_ready;    // asks the local API server now; may block
  std::function<bool()> stopping;               // the agent is to end; asked between steps
  std::function<void(const std::string&)> log;  // for people on the node
};

class Runner {
 public:
  // `executor` and `clock` outlive this.  Executor::Recover has been called.
  Runner(Executor& executor, const Clock& clock, RunnerOptions options);

  // Ok whatever the verdict is: it is in the journal.  The same run again changes nothing.
  // CANCELLED: the agent is stopping, the next start goes on.  Any other error: the journal could
  // not be written and the program must end.
  absl::Status Execute(const v1::Execute& command);
  absl::Status ClearEmergency(const v1::ClearEmergency& command);

 private:
  using Refusal = PlanRefusal;

  std::optional<std::string> WhyLate(const v1::Execute& command) const;
  std::optional<Refusal> FindRefusal(const v1::Execute& command, v1::RemediationPlan* plan) const;
  absl::Status Refuse(const v1::RunKey& key, const Refusal& refusal);
  absl::Status RunSteps(const v1::Execute& command, const v1::RemediationPlan& plan);
  bool IsCurrent(const v1::RunKey& key) const;

  Executor& executor_;
  const Clock& clock_;
  const RunnerOptions options_;
};

}  // namespace belay
