#include "node-agent/driver/local_apply.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/safe_text.h"
#include "common/base/status_macros.h"
#include "common/plan/phases.h"
#include "common/plan/sign.h"
#include "node-agent/driver/local_journal.h"
#include "node-agent/driver/local_phases.h"
#include "node-agent/driver/retry.h"

namespace belay {
namespace {

using Say = std::function<void(const std::string&)>;

bool IsLocal(const v1::RunKey& key) { return absl::StartsWith(key.rollout_id(), kLocalRun); }

std::string ManualCommands(const std::vector<v1::Record>& records) {
  std::string text;
  for (auto record = records.rbegin(); record != records.rend(); ++record) {
    if (!record->has_emergency_stop()) continue;
    for (const std::string& line : record->emergency_stop().manual_commands()) {
      absl::StrAppend(&text, "    ", SafeLine(line), "\n");
    }
    break;
  }
  return text;
}

int SayEmergency(const Executor& executor, const Say& say) {
  say(absl::StrCat("EMERGENCY STOP: ", SafeLine(executor.state().emergency_reason),
                   "\n  this node takes no plan before people have seen to it; by hand:\n",
                   ManualCommands(executor.records()),
                   "  then: belay-agent clear-emergency --reason REASON"));
  return kEmergency;
}

// The verdict of a run that has ended, and what to do next where that is not the end of it.
int SayOutcome(const Executor& executor, const v1::RunFinished& outcome, std::uint32_t phase,
               const Say& say) {
  const std::string because = SafeLine(outcome.reason());
  switch (outcome.verdict()) {
    case v1::VERDICT_COMMITTED:
      say(phase == 0 ? "the plan is applied" : "this phase of the plan is applied");
      return kApplied;
    case v1::VERDICT_ROLLED_BACK:
      say(absl::StrCat("rolled back: ", because,
                       "\nnext: belay-agent journal; correct the plan, sign it and apply that"));
      return kFellBack;
    case v1::VERDICT_QUARANTINED:
      say(absl::StrCat("quarantined: ", because, "\nnext: ", SafeLine(outcome.next())));
      return kFellBack;
    case v1::VERDICT_EMERGENCY_STOP:
      return SayEmergency(executor, say);
    default:
      say(absl::StrCat("refused: ", because,
                       "\nnext: put right what the reason says, then apply the plan again"));
      return kNotApplied;
  }
}

const v1::RunFinished* OutcomeOf(const NodeState& state, const v1::RunKey& key) {
  const auto run = state.finished_runs.find(RunKeyText(key));
  return run == state.finished_runs.end() ? nullptr : &run->second.outcome;
}

// Ends a step that was cut off.  The run it belonged to, when it was cut off here and has ended.
absl::StatusOr<std::optional<v1::RunKey>> EndWhatWasCutOff(Executor& executor, const Say& say) {
  const NodeState& state = executor.state();
  if (state.phase == Phase::Idle && !state.due_outcome) return std::optional<v1::RunKey>();
  const v1::RunKey key = state.current->key;
  say(absl::StrCat("a step of run ", SafeLine(key.rollout_id()), " was cut off (",
                   PhaseText(state.phase), "); it is ended first"));
  RETURN_IF_ERROR(executor.Recover());
  if (OutcomeOf(executor.state(), key) == nullptr) return std::optional<v1::RunKey>();
  return std::optional<v1::RunKey>(key);
}

std::string StepsDoneText(const RunState& run) {
  return absl::StrCat(run.next_step - run.first_step, " of ", run.step_count - run.first_step,
                      " steps");
}

// The run that was begun here and waits: its phase is what is next, and what was asked for.
absl::Status GoOnWith(const RunState& run, const v1::RemediationPlan& plan, const Say& say,
                      std::vector<std::uint32_t>* phases) {
  const auto at = std::find(phases->begin(), phases->end(), run.key.phase());
  if (at == phases->end()) {
    const std::string name = SafeLine(PhaseName(plan, run.key.phase()));
    return absl::FailedPreconditionError(
        absl::StrCat("phase \"", name, "\" has done ", StepsDoneText(run),
                     " on this node; nothing was changed. Finish it first: --phase ", name));
  }
  phases->erase(phases->begin(), at);
  say(absl::StrCat("goes on with run ", SafeLine(run.key.rollout_id()), " after ",
                   StepsDoneText(run)));
  return absl::OkStatus();
}

// The next attempt of a run that was rolled back; nothing: that was the last.  Waits before it.
// `before`: attempts of earlier words of the operator, which do not count.
std::optional<v1::RunKey> NextAttempt(const LocalApply& apply, const v1::RemediationPlan& plan,
                                      const v1::RunKey& run, const v1::RunFinished& outcome,
                                      std::uint32_t before, const Say& say) {
  if (!plan.has_retry()) return std::nullopt;
  const std::optional<std::int64_t> wait_ms =
      RetryWaitMs(plan, run.attempt() - before, outcome.verdict(), apply.jitter());
  if (!wait_ms) return std::nullopt;
  const std::string which =
      absl::StrCat("attempt ", run.attempt() - before + 1, " of ", plan.retry().attempts());
  say(absl::StrCat("rolled back: ", SafeLine(outcome.reason()), "\n", which, " begins in ",
                   absl::StrFormat("%.1f", static_cast<double>(*wait_ms) / 1000), " s"));
  if (apply.wait(*wait_ms * 1'000'000)) {
    say(absl::StrCat("asked to stop: ", which, " was not begun"));
    return std::nullopt;
  }
  say(which);
  v1::RunKey next = run;
  next.set_attempt(run.attempt() + 1);
  return next;
}

// Not ok: the program must end.
absl::Status Compact(Executor& executor, const LocalApply& apply, const Say& say) {
  const absl::StatusOr<bool> done = executor.CompactJournal(apply.acknowledged, apply.compaction);
  if (absl::IsFailedPrecondition(done.status())) return done.status();
  if (!done.ok()) say(SafeLine(std::string(done.status().message())));  // it only grows
  return absl::OkStatus();
}

// The last verdict of as many attempts as the plan allows.
absl::StatusOr<v1::RunFinished> CarryOut(v1::Execute command, const v1::RemediationPlan& plan,
                                         std::uint32_t before, const LocalApply& apply,
                                         Executor& executor, Runner& runner, const Say& say) {
  for (;;) {
    RETURN_IF_ERROR(Compact(executor, apply, say));
    RETURN_IF_ERROR(runner.Execute(command));
    const v1::RunFinished* const outcome = OutcomeOf(executor.state(), command.run());
    if (outcome == nullptr) {
      return absl::InternalError(
          "the run was not begun, and does not say why; nothing was changed");
    }
    const std::optional<v1::RunKey> next =
        NextAttempt(apply, plan, command.run(), *outcome, before, say);
    if (!next) {
      const v1::RunFinished last = *outcome;
      RETURN_IF_ERROR(Compact(executor, apply, say));
      return last;
    }
    *command.mutable_run() = *next;
  }
}

}  // namespace

std::string ShownRecord(const v1::Record& record) {
  std::string text = JournalText({record});
  for (const v1::FileChange& change : record.prepared().changes()) {
    absl::StrAppend(&text, SafeLines(change.diff()));
    if (!text.empty() && text.back() != '\n') text += '\n';
  }
  text.pop_back();
  return text;
}

absl::StatusOr<int> ApplyHere(Executor& executor, Runner& runner, const Clock& clock,
                              const LocalApply& apply, const Say& say) {
  const NodeState& state = executor.state();
  const std::string digest = PlanDigest(apply.plan);
  ASSIGN_OR_RETURN(const std::optional<v1::RunKey> ended, EndWhatWasCutOff(executor, say));
  if (state.emergency) return SayEmergency(executor, say);
  if (ended && IsLocal(*ended) && ended->plan_digest() == digest) {
    // A verdict is for people to read.
    return SayOutcome(executor, *OutcomeOf(state, *ended), ended->phase(), say);
  }
  // What is in it is believed only when the runner has verified it.
  ASSIGN_OR_RETURN(const v1::RemediationPlan plan, DecodeUnverified(apply.plan));
  ASSIGN_OR_RETURN(std::vector<std::uint32_t> phases, PhasesToApply(plan, apply.phase));
  std::optional<v1::RunKey> going_on;
  if (state.current && IsLocal(state.current->key)) {
    if (state.current->key.plan_digest() == digest) {
      RETURN_IF_ERROR(GoOnWith(*state.current, plan, say, &phases));
      going_on = state.current->key;
    }
  } else if (state.current && !apply.give_up_run) {
    return absl::FailedPreconditionError(absl::StrCat(
        "rollout ", SafeLine(state.current->key.rollout_id()), " of the coordinator has done ",
        StepsDoneText(*state.current),
        " on this node and waits for its word; nothing was changed. Start the agent so that "
        "the coordinator goes on with it, or give it up with --give-up-run (its rollout stops)"));
  }
  const std::string rollout = going_on ? going_on->rollout_id() : kLocalRun + apply.new_run;
  int code = kApplied;
  for (const std::uint32_t phase : phases) {
    if (phase != 0) say(SafeLine(DescribePhase(plan, phase)));
    v1::Execute command;
    std::uint32_t attempts_before = 0;
    if (going_on && going_on->phase() == phase) {
      *command.mutable_run() = *going_on;
    } else {
      ASSIGN_OR_RETURN(*command.mutable_run(),
                       KeyOfLocalPhase(state, plan, digest, phase, rollout));
      attempts_before = command.run().attempt() - 1;
    }
    *command.mutable_plan() = apply.plan;
    command.set_epoch(state.highest_epoch);
    // Nobody can take the word of the one who stands here back.
    command.set_boot_id(clock.BootId());
    command.set_permit_until_boottime_ns(std::numeric_limits<std::int64_t>::max());
    ASSIGN_OR_RETURN(
        const v1::RunFinished outcome,
        CarryOut(std::move(command), plan, attempts_before, apply, executor, runner, say));
    if (outcome.verdict() == v1::VERDICT_COMMITTED && phase != phases.back()) continue;
    code = SayOutcome(executor, outcome, phase, say);
    if (code != kApplied) return code;
  }
  const std::uint32_t last = phases.back();
  if (last != 0 && last < static_cast<std::uint32_t>(plan.phases_size())) {
    say(absl::StrCat("next: when every control-plane node of the cluster has this phase: --phase ",
                     SafeLine(PhaseName(plan, last + 1))));
  }
  return code;
}

}  // namespace belay
