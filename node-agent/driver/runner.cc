#include "node-agent/driver/runner.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/plan/sign.h"

namespace belay {
namespace {

constexpr std::int64_t kMillisecondsInSecond = 1000;
constexpr std::size_t kStepsKept = 50;  // whose backups stay on the node
std::string StepsDone(std::uint32_t done) {
  if (done == 0) return "nothing was changed on this node";
  return absl::StrCat(done == 1 ? "step 1 was" : absl::StrCat("steps 1 to ", done, " were"),
                      " committed before and stay; nothing else was changed");
}

}  // namespace

Runner::Runner(Executor& executor, const Clock& clock, RunnerOptions options)
    : executor_(executor), clock_(clock), options_(std::move(options)) {}

bool Runner::IsCurrent(const v1::RunKey& key) const {
  const NodeState& state = executor_.state();
  return state.current && RunKeyText(state.current->key) == RunKeyText(key);
}

std::optional<std::string> Runner::WhyLate(const v1::Execute& command) const {
  if (command.run().rollout_id().empty() || command.run().plan_digest().empty()) {
    return "it does not name its run";
  }
  const std::uint64_t highest = executor_.state().highest_epoch;
  if (command.epoch() < highest) {
    return absl::StrCat("it is from epoch ", command.epoch(),
                        " of the coordinator, and this node has seen ", highest);
  }
  if (command.boot_id() != clock_.BootId()) return "its permit is for an earlier boot of this node";
  if (clock_.BootNowNs() >= command.permit_until_boottime_ns()) return "its permit has passed";
  return std::nullopt;
}

std::optional<Runner::Refusal> Runner::FindRefusal(const v1::Execute& command,
                                                   v1::RemediationPlan* plan) const {
  const NodeState& state = executor_.state();
  if (state.emergency) {
    return Refusal{absl::StrCat("this node is in emergency stop: ", state.emergency_reason),
                   "see to the node by hand, then: belayctl node clear-emergency CLUSTER/NODE "
                   "--reason REASON"};
  }
  if (PlanDigest(command.plan()) != command.run().plan_digest()) {
    return Refusal{"the plan that was sent is not the one the command names (its digest differs)",
                   "start a new rollout; if it happens again, do not trust this coordinator"};
  }
  return FindPlanRefusal(command.plan(), options_.trusted_keys, options_.policy,
                         clock_.WallNowUnixMs() / kMillisecondsInSecond, plan);
}

absl::Status Runner::Refuse(const v1::RunKey& key, const Refusal& refusal) {
  options_.log(absl::StrCat("refused ", RunKeyText(key), ": ", refusal.reason));
  if (!IsCurrent(key)) return executor_.RefuseRun(key, refusal.reason, refusal.next);
  v1::RunFinished finished;
  finished.set_verdict(v1::VERDICT_REFUSED);
  finished.set_reason(
      absl::StrCat(refusal.reason, "; ", StepsDone(executor_.state().current->next_step)));
  finished.set_next(refusal.next);
  return executor_.FinishRun(finished);
}

absl::Status Runner::Execute(const v1::Execute& command) {
  const std::string name = RunKeyText(command.run());
  if (executor_.state().finished_runs.contains(name)) {
    options_.log(absl::StrCat(name, " has ended before; its records are the answer"));
    return absl::OkStatus();
  }
  if (const std::optional<std::string> why = WhyLate(command)) {
    options_.log(absl::StrCat("did nothing about ", name, ": ", *why));
    return absl::OkStatus();
  }
  if (executor_.state().current && !IsCurrent(command.run())) {
    // Left between two steps by a restart.  The coordinator is serial: it has gone on without it.
    RETURN_IF_ERROR(Refuse(executor_.state().current->key,
                           {absl::StrCat("given up for a newer command, ", name), kStartAgain}));
  }
  v1::RemediationPlan plan;
  if (const std::optional<Refusal> refusal = FindRefusal(command, &plan))
    return Refuse(command.run(), *refusal);
  RETURN_IF_ERROR(RunSteps(command, plan));
  // A disk that fills up with what nobody needs would stop the next step.
  const absl::Status forgotten = executor_.ForgetImagesBefore(kStepsKept);
  if (!forgotten.ok()) {
    options_.log(absl::StrCat("old backups could not be removed: ", forgotten.message()));
  }
  return absl::OkStatus();
}

absl::Status Runner::RunSteps(const v1::Execute& command, const v1::RemediationPlan& plan) {
  const std::uint32_t begin = IsCurrent(command.run()) ? executor_.state().current->next_step : 0;
  for (std::uint32_t i = begin; i < static_cast<std::uint32_t>(plan.steps_size()); ++i) {
    if (options_.stopping()) return absl::CancelledError("the agent is stopping between two steps");
    const v1::Step& step = plan.steps(static_cast<int>(i));
    absl::StatusOr<StepPlan> prepared = options_.prepare(step);
    if (absl::IsCancelled(prepared.status())) return prepared.status();
    if (!prepared.ok()) {
      return Refuse(
          command.run(),
          {absl::StrCat("step ", step.name(), ": ", prepared.status().message()), kStartAgain});
    }
    // After the step itself: what is wrong with that stays wrong when the node is ready again.
    const absl::Status ready = i == begin ? options_.check_ready() : absl::OkStatus();
    if (!ready.ok()) {
      return Refuse(command.run(),
                    {absl::StrCat("the API server of this node is not ready before the change: ",
                                  ready.message()),
                     "make the node healthy first, then start a new rollout"});
    }
    if (!IsCurrent(command.run())) {
      // Proving that the node is well may take a while, in which the rollout may have been stopped.
      if (const std::optional<std::string> why = WhyLate(command)) {
        options_.log(absl::StrCat("did nothing about ", RunKeyText(command.run()), ": ", *why));
        return absl::OkStatus();
      }
      RETURN_IF_ERROR(executor_.AcceptRun(command.run(), command.epoch(), command.plan()));
    }
    const absl::StatusOr<v1::Verdict> verdict = executor_.RunStep(i, *std::move(prepared));
    if (!verdict.ok()) {
      // Before Prepared nothing has changed and the run can be ended; later only a restart can
      // tell.
      const bool began =
          executor_.state().phase != Phase::Idle || absl::IsCancelled(verdict.status());
      if (began || !IsCurrent(command.run())) return verdict.status();
      return Refuse(
          command.run(),
          {absl::StrCat("step ", step.name(), ": ", verdict.status().message()), kStartAgain});
    }
    options_.log(absl::StrCat("step ", step.name(), ": ", v1::Verdict_Name(*verdict)));
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
