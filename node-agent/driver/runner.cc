#include "node-agent/driver/runner.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/plan/phases.h"
#include "common/plan/sign.h"
#include "node-agent/transaction/phase_order.h"

namespace belay {
namespace {

constexpr std::int64_t kMillisecondsInSecond = 1000;

// Names of runs go into journals, logs and reports, and come from whoever has the coordinator.
bool IsPlainWord(const std::string& text) {
  constexpr std::size_t kLongest = 128;
  return !text.empty() && text.size() <= kLongest &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' ||
                  c == '_';
         });
}

std::string StepsDone(const RunState& run) {
  const std::uint32_t first = run.first_step + 1;  // for people
  const std::uint32_t last = run.next_step;
  if (last < first) return "nothing was changed on this node by this run";
  return absl::StrCat(last == first ? absl::StrCat("step ", last, " was")
                                    : absl::StrCat("steps ", first, " to ", last, " were"),
                      " committed before and stay; nothing else was changed");
}

}  // namespace

Runner::Runner(Executor& executor, const Clock& clock, RunnerOptions options)
    : executor_(executor), clock_(clock), options_(std::move(options)) {}

bool Runner::IsCurrent(const v1::RunKey& key) const {
  const NodeState& state = executor_.state();
  return state.current && RunKeyText(state.current->key) == RunKeyText(key);
}

std::optional<std::string> Runner::WhyLate(const Permit& permit) const {
  if (!IsPlainWord(permit.run.rollout_id()) || !IsPlainWord(permit.run.plan_digest())) {
    return "it does not name its run, or not with a plain word";
  }
  const std::uint64_t highest = executor_.state().highest_epoch;
  if (permit.epoch < highest) {
    return absl::StrCat("it is from epoch ", permit.epoch,
                        " of the coordinator, and this node has seen ", highest);
  }
  if (permit.boot_id != clock_.BootId()) return "its permit is for an earlier boot of this node";
  if (clock_.BootNowNs() >= permit.until_boottime_ns) return "its permit has passed";
  return std::nullopt;
}

std::optional<Runner::Refusal> Runner::WhyEmergency() const {
  const NodeState& state = executor_.state();
  if (!state.emergency) return std::nullopt;
  return Refusal{absl::StrCat("this node is in emergency stop: ", state.emergency_reason),
                 "see to the node by hand, then: belayctl node clear-emergency CLUSTER/NODE "
                 "--reason REASON"};
}

std::optional<Runner::Refusal> Runner::FindRefusal(const v1::Execute& command,
                                                   v1::RemediationPlan* plan) const {
  if (std::optional<Refusal> emergency = WhyEmergency()) return emergency;
  if (PlanDigest(command.plan()) != command.run().plan_digest()) {
    return Refusal{"the plan that was sent is not the one the command names (its digest differs)",
                   "start a new rollout; if it happens again, do not trust this coordinator"};
  }
  std::optional<Refusal> refusal =
      FindPlanRefusal(command.plan(), options_.trust, options_.policy,
                      clock_.WallNowUnixMs() / kMillisecondsInSecond, plan);
  if (refusal) return refusal;
  const std::uint32_t phase = command.run().phase();
  if (!StepsOfPhase(*plan, phase)) {
    return Refusal{phase == 0 ? "the plan has phases, and the command does not say which"
                              : absl::StrCat("the plan has no phase ", phase),
                   "upgrade belay-server and start a new rollout"};
  }
  if (std::string why = WhyPhaseNotDue(executor_.state(), command.run()); !why.empty()) {
    return Refusal{std::move(why),
                   "see what the journal says (belay-agent journal), and start a new rollout; if "
                   "it happens again, do not trust this coordinator"};
  }
  return std::nullopt;
}

absl::Status Runner::Refuse(const v1::RunKey& key, const Refusal& refusal) {
  options_.log(absl::StrCat("refused ", RunKeyText(key), ": ", refusal.reason));
  if (!IsCurrent(key)) return executor_.RefuseRun(key, refusal.reason, refusal.next);
  v1::RunFinished finished;
  finished.set_verdict(v1::VERDICT_REFUSED);
  finished.set_reason(absl::StrCat(refusal.reason, "; ", StepsDone(*executor_.state().current)));
  finished.set_next(refusal.next);
  return executor_.FinishRun(finished);
}

bool Runner::IsAnsweredOrLate(const Permit& permit) const {
  const std::string name = RunKeyText(permit.run);
  if (executor_.state().finished_runs.contains(name)) {
    options_.log(absl::StrCat(name, " has ended before; its records are the answer"));
    return true;
  }
  const std::optional<std::string> why = WhyLate(permit);
  if (why) options_.log(absl::StrCat("did nothing about ", name, ": ", *why));
  return why.has_value();
}

// Left between two steps by a restart.  The coordinator is serial: it has gone on without it.
absl::Status Runner::GiveUpOther(const v1::RunKey& key) {
  if (!executor_.state().current || IsCurrent(key)) return absl::OkStatus();
  return Refuse(executor_.state().current->key,
                {absl::StrCat("given up for a newer command, ", RunKeyText(key)), kStartAgain});
}

absl::Status Runner::Execute(const v1::Execute& command) {
  Steps steps;
  steps.permit = {command.run(), command.epoch(), command.boot_id(),
                  command.permit_until_boottime_ns()};
  if (IsAnsweredOrLate(steps.permit)) return absl::OkStatus();
  RETURN_IF_ERROR(GiveUpOther(command.run()));
  v1::RemediationPlan plan;
  if (const std::optional<Refusal> refusal = FindRefusal(command, &plan))
    return Refuse(command.run(), *refusal);
  const auto step = [&plan](std::uint32_t i) -> const v1::Step& {
    return plan.steps(static_cast<int>(i));
  };
  const StepSpan span = StepsOfPhase(plan, command.run().phase()).value_or(StepSpan());
  steps.first = span.first;
  steps.end = span.end;
  steps.name = [&](std::uint32_t i) { return step(i).name(); };
  steps.prepare = [&](std::uint32_t i) { return options_.prepare(step(i)); };
  steps.accept = [&] {
    return executor_.AcceptRun(command.run(), command.epoch(), command.plan());
  };
  steps.start_again = kStartAgain;
  RETURN_IF_ERROR(RunSteps(steps));
  // A disk that fills up with what nobody needs would stop the next step.
  const absl::Status forgotten = executor_.ForgetImagesBefore(kStepsKept);
  if (!forgotten.ok()) {
    options_.log(absl::StrCat("old backups could not be removed: ", forgotten.message()));
  }
  return absl::OkStatus();
}

absl::Status Runner::RunSteps(const Steps& steps) {
  const v1::RunKey& key = steps.permit.run;
  const std::uint32_t begin = IsCurrent(key) ? executor_.state().current->next_step : steps.first;
  if (steps.first == steps.end) {
    const absl::Status accepted = steps.accept();
    if (absl::IsResourceExhausted(accepted)) {
      return Refuse(key, {std::string(accepted.message()), steps.start_again});
    }
    RETURN_IF_ERROR(accepted);
  }
  for (std::uint32_t i = begin; i < steps.end; ++i) {
    if (options_.stopping()) return absl::CancelledError("the agent is stopping between two steps");
    const std::string name = absl::StrCat("step ", steps.name(i), ": ");
    absl::StatusOr<StepPlan> prepared = steps.prepare(i);
    if (absl::IsCancelled(prepared.status())) return prepared.status();
    if (!prepared.ok()) {
      return Refuse(key, {absl::StrCat(name, prepared.status().message()), steps.start_again});
    }
    // After the step itself: what is wrong with that stays wrong when the node is ready again.
    const absl::Status ready = i == begin ? options_.check_ready() : absl::OkStatus();
    if (!ready.ok()) {
      return Refuse(key, {absl::StrCat("this node is not ready for a change: ", ready.message()),
                          "make the node healthy first, then start a new rollout"});
    }
    if (!IsCurrent(key)) {
      // Proving that the node is well may take a while, in which the rollout may have been stopped.
      if (const std::optional<std::string> why = WhyLate(steps.permit)) {
        options_.log(absl::StrCat("did nothing about ", RunKeyText(key), ": ", *why));
        return absl::OkStatus();
      }
      const absl::Status accepted = steps.accept();
      if (absl::IsResourceExhausted(accepted)) {
        return Refuse(key, {std::string(accepted.message()), steps.start_again});
      }
      RETURN_IF_ERROR(accepted);
    }
    const absl::StatusOr<v1::Verdict> verdict = executor_.RunStep(i, *prepared);
    if (!verdict.ok()) {
      // Before Prepared nothing has changed and the run can be ended; later only a restart can
      // tell.
      const bool began =
          executor_.state().phase != Phase::Idle || absl::IsCancelled(verdict.status());
      if (began || !IsCurrent(key)) return verdict.status();
      return Refuse(key, {absl::StrCat(name, verdict.status().message()), steps.start_again});
    }
    options_.log(absl::StrCat(name, v1::Verdict_Name(*verdict)));
    if (*verdict != v1::VERDICT_COMMITTED) return absl::OkStatus();
  }
  v1::RunFinished finished;
  finished.set_verdict(v1::VERDICT_COMMITTED);
  return executor_.FinishRun(finished);
}

absl::Status Runner::ClearEmergency(const v1::ClearEmergency& command) {
  options_.log(absl::StrCat("emergency cleared by ", command.operator_(), ": ", command.reason()));
  return executor_.ClearEmergency(command.reason(), command.operator_(), command.request_id());
}

}  // namespace belay
