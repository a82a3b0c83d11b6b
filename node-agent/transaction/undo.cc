#include "node-agent/transaction/undo.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace belay {
namespace {

bool Knows(const NodeState& state, const std::string& rollout_id) {
  for (const auto& [name, run] : state.finished_runs) {
    if (run.key.rollout_id() == rollout_id) return true;
  }
  return false;
}

// Of the step in progress.
std::string NameOf(const NodeState& state) {
  v1::RemediationPlan plan;
  if (!plan.ParseFromString(state.current->plan.plan()) ||
      state.step >= static_cast<std::uint32_t>(plan.steps_size())) {
    return absl::StrCat("step ", state.step + 1);
  }
  return plan.steps(static_cast<int>(state.step)).name();
}

}  // namespace

std::string UndoName(const std::string& rollout_id, std::uint32_t phase) {
  return phase == 0 ? rollout_id : absl::StrCat(rollout_id, "/", phase);
}

absl::StatusOr<v1::Undoes> FindUndoes(const NodeState& state, const std::string& rollout_id,
                                      std::uint32_t phase) {
  const std::string wanted = UndoName(rollout_id, phase);
  if (state.current && state.current->key.rollout_id() == rollout_id) {
    return absl::FailedPreconditionError(
        absl::StrCat("rollout ", rollout_id, " is still under way on this node"));
  }
  if (!Knows(state, rollout_id)) {
    return absl::NotFoundError(
        absl::StrCat("the journal of this node knows nothing of rollout ", rollout_id));
  }
  if (state.beyond_undoing.contains(wanted)) {
    return absl::FailedPreconditionError(
        absl::StrCat("rollout ", wanted, " is more than ", kStepsKept,
                     " steps ago on this node, or more than its journal could hold; what the files "
                     "were before it is no longer kept"));
  }
  v1::Undoes undoes;
  undoes.set_rollout_id(rollout_id);
  std::string above;
  for (auto step = state.committed_steps.rbegin(); step != state.committed_steps.rend(); ++step) {
    const std::string name = UndoName(step->run.rollout_id(), step->run.phase());
    if (name != wanted) {
      if (step->run.rollout_id() == rollout_id && (phase == 0 || step->run.phase() == 0)) {
        return absl::FailedPreconditionError(
            absl::StrCat("rollout ", rollout_id, phase == 0 ? " has phases here" : " has none here",
                         ", and the command says otherwise"));
      }
      if (above.empty()) above = name;
      continue;
    }
    if (!above.empty()) {
      return absl::FailedPreconditionError(absl::StrCat(
          "rollout ", above, " has changed this node after ", wanted, "; revert it first"));
    }
    undoes.add_prepared_seqs(step->prepared_seq);
    undoes.add_names(step->name);
  }
  return undoes;
}

std::string WhyNotUndone(const NodeState& state, std::uint32_t phase, const v1::Undoes& undoes) {
  const auto count = static_cast<std::size_t>(undoes.prepared_seqs_size());
  if (undoes.rollout_id().empty()) return "it names no rollout to undo";
  if (count > state.committed_steps.size()) return "it undoes more than there is";
  auto step = state.committed_steps.rbegin();
  for (const std::uint64_t seq : undoes.prepared_seqs()) {
    if (step->prepared_seq != seq || step->run.rollout_id() != undoes.rollout_id() ||
        step->run.phase() != phase) {
      return "what it undoes is not what was done last";
    }
    ++step;
  }
  return "";
}

void CountCommitted(NodeState* state) {
  if (state->current->undoes) {
    state->committed_steps.pop_back();
    return;
  }
  CommittedStep step{state->current->key,     state->step,    NameOf(*state), state->prepared_seq,
                     state->prepared_unix_ms, state->prepared};
  for (v1::FileChange& change : *step.prepared.mutable_changes()) change.clear_diff();
  state->committed_steps.push_back(std::move(step));
  if (state->committed_steps.size() <= kStepsKept) return;
  const v1::RunKey& oldest = state->committed_steps.front().run;
  state->beyond_undoing.insert(UndoName(oldest.rollout_id(), oldest.phase()));
  state->committed_steps.erase(state->committed_steps.begin());
}

}  // namespace belay
