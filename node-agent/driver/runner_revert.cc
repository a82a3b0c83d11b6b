// Going back: the steps that this node's journal knows to be undone, each a transaction like any
// other, whose new files are the old ones.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"
#include "node-agent/driver/runner.h"
#include "node-agent/transaction/undo.h"

namespace belay {
namespace {

constexpr const char* kRevertAgain =
    "put right what the reason says, then: belayctl rollout retry ID, or write a plan that undoes "
    "it and start that";

const CommittedStep* FindStep(const NodeState& state, std::uint64_t prepared_seq) {
  for (const CommittedStep& step : state.committed_steps) {
    if (step.prepared_seq == prepared_seq) return &step;
  }
  return nullptr;
}

}  // namespace

std::optional<Runner::Refusal> Runner::FindRefusal(const v1::Revert& command,
                                                   v1::Undoes* undoes) const {
  if (std::optional<Refusal> emergency = WhyEmergency()) return emergency;
  if (!options_.may_revert) {
    return Refusal{"the owner of this node allows no revert (reverts in its agent.yaml)",
                   "write a plan that undoes it, sign it and start that"};
  }
  const NodeState& state = executor_.state();
  if (IsCurrent(command.run())) {
    *undoes = state.current->undoes.value_or(v1::Undoes());
    if (undoes->rollout_id() == command.undoes()) return std::nullopt;
    return Refusal{"this run has begun as another one", kRevertAgain};
  }
  absl::StatusOr<v1::Undoes> found = FindUndoes(state, command.undoes(), command.run().phase());
  if (!found.ok()) return Refusal{std::string(found.status().message()), kRevertAgain};
  std::vector<std::string> errors;
  for (const std::uint64_t seq : found->prepared_seqs()) {
    const CommittedStep& step = *FindStep(state, seq);
    if (step.run.plan_digest() != command.run().plan_digest()) {
      errors.push_back(absl::StrCat("rollout ", command.undoes(), " has run another plan here"));
    }
    for (const v1::FileChange& change : step.prepared.changes()) {
      const std::string objection = ObjectionToUndoing(change, options_.policy);
      if (!objection.empty()) errors.push_back(objection);
    }
  }
  if (!errors.empty()) return Refusal{absl::StrJoin(errors, "; "), kRevertAgain};
  *undoes = *std::move(found);
  return std::nullopt;
}

absl::StatusOr<StepPlan> Runner::PrepareUndoing(std::uint64_t prepared_seq) const {
  const CommittedStep* const step = FindStep(executor_.state(), prepared_seq);
  if (step == nullptr) return absl::InternalError("it is not among the committed steps");
  std::map<std::string, std::string> before;
  for (const v1::FileChange& change : step->prepared.changes()) {
    ASSIGN_OR_RETURN(before[change.path()],
                     executor_.BytesOf(change.before(), change.backup_path()));
  }
  return options_.prepare_undoing(step->prepared, before);
}

absl::Status Runner::Revert(const v1::Revert& command) {
  Steps steps;
  steps.permit = {command.run(), command.epoch(), command.boot_id(),
                  command.permit_until_boottime_ns()};
  if (IsAnsweredOrLate(steps.permit)) return absl::OkStatus();
  RETURN_IF_ERROR(GiveUpOther(command.run()));
  v1::Undoes undoes;
  if (const std::optional<Refusal> refusal = FindRefusal(command, &undoes))
    return Refuse(command.run(), *refusal);
  steps.end = static_cast<std::uint32_t>(undoes.prepared_seqs_size());
  steps.name = [&](std::uint32_t i) {
    return absl::StrCat(undoes.names(static_cast<int>(i)), ", backwards");
  };
  steps.prepare = [&](std::uint32_t i) {
    return PrepareUndoing(undoes.prepared_seqs(static_cast<int>(i)));
  };
  steps.accept = [&] { return executor_.AcceptUndoing(command.run(), command.epoch(), undoes); };
  steps.start_again = kRevertAgain;
  return RunSteps(steps);
}

}  // namespace belay
