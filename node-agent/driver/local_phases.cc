#include "node-agent/driver/local_phases.h"

#include <algorithm>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/safe_text.h"
#include "common/plan/phases.h"
#include "node-agent/driver/local_apply.h"
#include "node-agent/transaction/phase_order.h"

namespace belay {
namespace {

std::string Which(const v1::RemediationPlan& plan) {
  return absl::StrCat(
      "It has the phases ", SafeLine(PhaseNames(plan)),
      ", and one may begin on a node only when every control-plane node of the cluster has the one "
      "before it, which this node cannot know. Give --phase NAME: the first one on every node, "
      "then the next on every node. On the only control-plane node of a cluster: --phase ",
      kAllPhases);
}

// Of the runs of this plan that were begun here.  The newest is the one to go on with.
std::optional<std::string> RolloutToGoOn(const NodeState& state, const v1::RunKey& before) {
  std::optional<std::string> found;
  for (const auto& [name, run] : state.finished_runs) {
    v1::RunKey key = before;
    key.set_rollout_id(run.key.rollout_id());
    if (!absl::StartsWith(key.rollout_id(), kLocalRun) || !HasCommittedPhase(state, key)) continue;
    const auto last = state.finished_runs.find(state.last_finished);
    const bool newest =
        last != state.finished_runs.end() && last->second.key.rollout_id() == key.rollout_id();
    if (!found || newest) found = key.rollout_id();
  }
  return found;
}

}  // namespace

absl::StatusOr<std::vector<std::uint32_t>> PhasesToApply(const v1::RemediationPlan& plan,
                                                         const std::string& wanted) {
  if (plan.phases().empty()) {
    if (wanted.empty()) return std::vector<std::uint32_t>{0};
    return absl::InvalidArgumentError(
        "the plan has no phases; nothing was begun. Leave --phase away");
  }
  if (wanted.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the plan has phases; nothing was begun. ", Which(plan)));
  }
  std::vector<std::uint32_t> phases;
  for (std::uint32_t i = 1; i <= static_cast<std::uint32_t>(plan.phases_size()); ++i) {
    if (wanted == kAllPhases || PhaseName(plan, i) == wanted) phases.push_back(i);
  }
  if (!phases.empty()) return phases;
  return absl::InvalidArgumentError(absl::StrCat("the plan has no phase \"", SafeLine(wanted),
                                                 "\"; nothing was begun. ", Which(plan)));
}

absl::StatusOr<v1::RunKey> KeyOfLocalPhase(const NodeState& state, const v1::RemediationPlan& plan,
                                           const std::string& plan_digest, std::uint32_t phase,
                                           const std::string& new_rollout) {
  v1::RunKey key;
  key.set_rollout_id(new_rollout);
  key.set_attempt(1);
  key.set_plan_digest(plan_digest);
  key.set_phase(phase);
  if (phase <= 1) return key;
  v1::RunKey before = key;
  before.set_phase(phase - 1);
  const std::optional<std::string> rollout =
      HasCommittedPhase(state, before) ? new_rollout : RolloutToGoOn(state, before);
  if (!rollout) {
    const std::string earlier = SafeLine(PhaseName(plan, phase - 1));
    return absl::FailedPreconditionError(absl::StrCat(
        "phase \"", SafeLine(PhaseName(plan, phase)), "\" comes after phase \"", earlier,
        "\", which this command has not committed on this node; nothing was begun. "
        "First: --phase ",
        earlier, " (what is already so is not changed)"));
  }
  key.set_rollout_id(*rollout);
  for (const auto& [name, run] : state.finished_runs) {
    if (run.key.rollout_id() == key.rollout_id() && run.key.phase() == phase) {
      key.set_attempt(std::max(key.attempt(), run.key.attempt() + 1));
    }
  }
  return key;
}

}  // namespace belay
