#include "node-agent/transaction/phase_order.h"

#include "absl/strings/str_cat.h"

namespace belay {

bool HasCommittedPhase(const NodeState& state, const v1::RunKey& run) {
  bool committed = false;
  for (const auto& [name, done] : state.finished_runs) {
    // A rollout that was put back, if only in part, never goes on: it is started anew.
    if (done.undoes && done.undoes->rollout_id() == run.rollout_id()) return false;
    committed |= !done.undoes && done.key.rollout_id() == run.rollout_id() &&
                 done.key.plan_digest() == run.plan_digest() && done.key.phase() == run.phase() &&
                 done.outcome.verdict() == v1::VERDICT_COMMITTED;
  }
  return committed;
}

std::string WhyPhaseNotDue(const NodeState& state, const v1::RunKey& run) {
  if (run.phase() <= 1) return "";
  v1::RunKey before = run;
  before.set_phase(run.phase() - 1);
  if (HasCommittedPhase(state, before)) return "";
  return absl::StrCat("phase ", run.phase(),
                      " of the plan may not begin: the journal of this node ",
                      "does not say that rollout ", run.rollout_id(), " has committed phase ",
                      before.phase(), " here");
}

}  // namespace belay
