#include "node-agent/transaction/forget.h"

#include <cstdint>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "node-agent/transaction/checkpoint.h"
#include "node-agent/transaction/undo.h"

namespace belay {
namespace {

std::size_t BytesOf(const NodeState& state) {
  constexpr std::int64_t kAnyTime = std::numeric_limits<std::int64_t>::max();
  return CheckpointOf(state, kAnyTime).ByteSizeLong();
}

// The last run's are what the node says of itself (belay-agent status).
void ForgetWords(NodeState* state) {
  for (auto& [name, run] : state->finished_runs) {
    if (name == state->last_finished) continue;
    run.outcome.clear_reason();
    run.outcome.clear_next();
  }
}

// From the bottom of the stack: what is above it can still be undone, the last first.
void ForgetOldestStep(NodeState* state) {
  const bool kept_is_older =
      !state->kept_steps.empty() &&
      (state->committed_steps.empty() ||
       state->kept_steps.front().prepared_seq < state->committed_steps.front().prepared_seq);
  if (kept_is_older) {
    state->kept_steps.erase(state->kept_steps.begin());
    return;
  }
  const v1::RunKey& run = state->committed_steps.front().run;
  state->beyond_undoing.insert(UndoName(run.rollout_id(), run.phase()));
  state->committed_steps.erase(state->committed_steps.begin());
}

void ForgetAll(NodeState* state) {
  ForgetWords(state);
  state->committed_steps.clear();
  state->kept_steps.clear();
  state->beyond_undoing.clear();
}

}  // namespace

absl::StatusOr<NodeState> ForgetToFit(NodeState state, std::size_t most_bytes,
                                      std::size_t most_bytes_at_all) {
  std::size_t bytes = BytesOf(state);
  if (bytes <= most_bytes) return state;
  ForgetWords(&state);
  bytes = BytesOf(state);
  while (bytes > most_bytes && !(state.committed_steps.empty() && state.kept_steps.empty())) {
    ForgetOldestStep(&state);
    bytes = BytesOf(state);
  }
  if (bytes <= most_bytes_at_all) return state;
  return absl::ResourceExhaustedError(absl::StrCat(
      "the ", state.finished_runs.size(), " runs that this node has to remember need ", bytes,
      " bytes, and a journal can hold ", most_bytes_at_all, " for them; it stays as it is"));
}

bool SameButForForgotten(NodeState a, NodeState b) {
  ForgetAll(&a);
  ForgetAll(&b);
  return SameState(a, b);
}

}  // namespace belay
