// A signed plan carried out by an operator who stands at the node: the same admission, transaction,
// gates and journal as under a coordinator, with a run of the node's own.
//
// What a coordinator decides is decided by the operator's word here.  A step that was cut off is
// ended first, whoever began it.  Then the steps that are left of a run that was begun here with
// the same plan are done; but a run of a coordinator that waits between two steps is that
// coordinator's to end, unless the operator says that it shall be given up.
//
// A plan that asks for retries (Retry) has a run that was rolled back tried again, each time as a
// run of its own with everything that belongs to one.  Asked to stop while it waits, the last
// verdict is how it ends.
#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "belay/v1/plan.pb.h"
#include "common/os/clock.h"
#include "node-agent/driver/runner.h"
#include "node-agent/transaction/executor.h"

namespace belay {

// How `belay-agent apply` ends; belayctl's codes mean the same of a rollout.
inline constexpr int kApplied = 0;  // committed, or there was nothing to do
inline constexpr int kNotApplied = 1;
inline constexpr int kFellBack = 3;  // rolled back, or quarantined
inline constexpr int kEmergency = 4;

struct LocalApply {
  v1::SignedPlan plan;
  std::string new_run;  // random
  bool give_up_run = false;
  std::string phase = "";  // of a plan that has them: its name, or kAllPhases
  // Between two attempts, where the plan asks for more than one.  `jitter`: from 0 to below 1;
  // `wait`: lets so many nanoseconds pass; true when asked to stop before they have.
  std::function<double()> jitter;
  std::function<bool(std::int64_t)> wait;
  // Records up to here may be folded up, before and after each run: none on a node that has a
  // coordinator, which is told first; all on one that was never enrolled (kOwedToNobody).
  std::uint64_t acknowledged = 0;
  CompactionLimits compaction;
};

// Rollout ids of a coordinator are hexadecimal numbers and never begin like this.
inline constexpr const char* kLocalRun = "local-";

// Which of the four, all of it said for people to `say`.  Executor::Recover has not been called
// yet. CANCELLED: asked to stop; the same again goes on.  FAILED_PRECONDITION: nothing was begun,
// and why. Other errors: the journal could not be written.
absl::StatusOr<int> ApplyHere(Executor& executor, Runner& runner, const Clock& clock,
                              const LocalApply& apply,
                              const std::function<void(const std::string&)>& say);

// What a record tells somebody who watches: its line of the journal, and the diffs of a step.
std::string ShownRecord(const v1::Record& record);

}  // namespace belay
