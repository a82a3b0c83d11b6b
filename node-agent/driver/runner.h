// Carries out commands: Execute and Revert from permit to verdict, ClearEmergency.  Every check
// stands before the first change; a check that fails is recorded as a refusal that says what to do,
// except for commands that are late (old epoch, permit passed), which are as if they had never
// arrived.
//
// One thread, the executor's; blocks for as long as a rollout takes on the node.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "belay/v1/agent_link.pb.h"
#include "common/os/clock.h"
#include "common/plan/trust.h"
#include "node-agent/driver/plan_admission.h"
#include "node-agent/driver/policy.h"
#include "node-agent/transaction/executor.h"

namespace belay {

struct RunnerOptions {
  Trust trust;
  NodePolicy policy;
  std::function<absl::StatusOr<StepPlan>(const v1::Step&)> prepare;  // Preparer::Prepare
  // Preparer::PrepareUndoing: the committed step, and the bytes its files had before, by path.
  std::function<absl::StatusOr<StepPlan>(const v1::Prepared& done,
                                         const std::map<std::string, std::string>& before)>
      prepare_undoing;
  bool may_revert = false;                      // what agent.yaml says
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
  // Likewise: what the journal of this node knows to be undone of one rollout, the last step first,
  // each as a transaction of its own.
  absl::Status Revert(const v1::Revert& command);
  absl::Status ClearEmergency(const v1::ClearEmergency& command);

 private:
  using Refusal = PlanRefusal;
  // What fences a command, whatever it asks for.
  struct Permit {
    v1::RunKey run;
    std::uint64_t epoch = 0;
    std::string boot_id;
    std::int64_t until_boottime_ns = 0;
  };
  // A run as steps that are prepared one after the other.
  struct Steps {
    Permit permit;
    std::uint32_t first = 0;  // of those of the plan, or of what is undone
    std::uint32_t end = 0;    // behind the last one
    std::function<std::string(std::uint32_t)> name;
    std::function<absl::StatusOr<StepPlan>(std::uint32_t)> prepare;
    std::function<absl::Status()> accept;
    std::string start_again;  // what to do when a step is refused
  };

  // Nothing to do any more, or not by this command; said in the log.
  bool IsAnsweredOrLate(const Permit& permit) const;
  absl::Status GiveUpOther(const v1::RunKey& key);
  std::optional<std::string> WhyLate(const Permit& permit) const;
  std::optional<Refusal> FindRefusal(const v1::Execute& command, v1::RemediationPlan* plan) const;
  std::optional<Refusal> FindRefusal(const v1::Revert& command, v1::Undoes* undoes) const;
  std::optional<Refusal> WhyEmergency() const;
  absl::StatusOr<StepPlan> PrepareUndoing(std::uint64_t prepared_seq) const;
  absl::Status Refuse(const v1::RunKey& key, const Refusal& refusal);
  absl::Status RunSteps(const Steps& steps);
  bool IsCurrent(const v1::RunKey& key) const;

  Executor& executor_;
  const Clock& clock_;
  const RunnerOptions options_;
};

}  // namespace belay
