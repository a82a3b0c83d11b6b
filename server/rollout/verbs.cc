#include "server/rollout/verbs.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace belay::rollout {
namespace {

using Kind = Allowance::Kind;

Allowance Takes() { return {Kind::Takes, ""}; }
Allowance Already() { return {Kind::Already, ""}; }
Allowance Refused(const std::string& why) { return {Kind::Refused, why}; }
Allowance NotStarted() { return Refused("it has not started"); }
Allowance Ended() { return Refused("it has ended; see its report"); }

Allowance JudgePause(const State& state) {
  switch (state.phase) {
    case v1::ROLLOUT_PHASE_RUNNING:
      return Takes();
    case v1::ROLLOUT_PHASE_PAUSED:
      return Already();
    case v1::ROLLOUT_PHASE_AWAITING_APPROVAL:
      return Refused("it waits for an approval, so nothing begins anyway");
    case v1::ROLLOUT_PHASE_STOPPING:
      return Refused("it is being stopped, so nothing begins any more");
    case v1::ROLLOUT_PHASE_COMPLETED:
    case v1::ROLLOUT_PHASE_STOPPED:
      return Ended();
    default:
      return NotStarted();
  }
}

Allowance JudgeResume(const State& state) {
  switch (state.phase) {
    case v1::ROLLOUT_PHASE_PAUSED:
      return Takes();
    case v1::ROLLOUT_PHASE_RUNNING:
      return Already();
    case v1::ROLLOUT_PHASE_AWAITING_APPROVAL:
      return Refused("it waits for an approval; somebody other than its submitter gives it");
    case v1::ROLLOUT_PHASE_STOPPING:
      return Refused("it is being stopped; retry it when it has stopped");
    case v1::ROLLOUT_PHASE_STOPPED:
      return Refused("it has stopped; what goes on from here is retry");
    case v1::ROLLOUT_PHASE_COMPLETED:
      return Ended();
    default:
      return NotStarted();
  }
}

Allowance JudgeAbort(const State& state) {
  switch (state.phase) {
    case v1::ROLLOUT_PHASE_AWAITING_APPROVAL:
    case v1::ROLLOUT_PHASE_RUNNING:
    case v1::ROLLOUT_PHASE_PAUSED:
      return Takes();
    case v1::ROLLOUT_PHASE_STOPPING:
    case v1::ROLLOUT_PHASE_STOPPED:
      return Already();  // nothing of it begins, which is all that abort promises
    case v1::ROLLOUT_PHASE_COMPLETED:
      return Ended();
    default:
      return NotStarted();
  }
}

Allowance JudgeApprove(const State& state, const v1::OperatorWord& word) {
  switch (state.phase) {
    case v1::ROLLOUT_PHASE_AWAITING_APPROVAL:
      if (word.operator_().empty() || word.operator_() == state.submitter) {
        return Refused("whoever submitted it cannot approve it; ask somebody else");
      }
      return Takes();
    case v1::ROLLOUT_PHASE_RUNNING:
    case v1::ROLLOUT_PHASE_PAUSED:
      return state.approved_by.empty() ? Refused("it needs no approval") : Already();
    case v1::ROLLOUT_PHASE_STOPPING:
    case v1::ROLLOUT_PHASE_STOPPED:
    case v1::ROLLOUT_PHASE_COMPLETED:
      return Ended();
    default:
      return NotStarted();
  }
}

Allowance JudgeRetry(const State& state, const v1::OperatorWord& word) {
  const bool same = !word.request_id().empty() && word.request_id() == state.retry_request;
  switch (state.phase) {
    case v1::ROLLOUT_PHASE_STOPPED:
      if (same) return Already();  // it has stopped again since
      if (state.stop_cause == v1::STOP_CAUSE_DEFECT) {
        return Refused("a defect of belay-server stopped it; start a new rollout");
      }
      return Takes();
    case v1::ROLLOUT_PHASE_AWAITING_APPROVAL:
    case v1::ROLLOUT_PHASE_RUNNING:
    case v1::ROLLOUT_PHASE_PAUSED:
      return same ? Already() : Refused("it has not ended; only a stopped rollout is retried");
    case v1::ROLLOUT_PHASE_STOPPING:
      return Refused("a node is still in flight; retry it when it has stopped");
    case v1::ROLLOUT_PHASE_COMPLETED:
      return Refused("every node has committed; there is nothing to retry");
    default:
      return NotStarted();
  }
}

}  // namespace

Allowance JudgeRevert(const State& state) {
  switch (state.phase) {
    case v1::ROLLOUT_PHASE_STOPPED:
    case v1::ROLLOUT_PHASE_COMPLETED:
      return Takes();
    case v1::ROLLOUT_PHASE_AWAITING_APPROVAL:
    case v1::ROLLOUT_PHASE_RUNNING:
    case v1::ROLLOUT_PHASE_PAUSED:
      return Refused("it has not ended; abort it first");
    case v1::ROLLOUT_PHASE_STOPPING:
      return Refused("a node is still in flight; revert it when it has stopped");
    default:
      return NotStarted();
  }
}

Allowance Judge(const State& state, const v1::RolloutEvent& event) {
  switch (event.kind_case()) {
    case v1::RolloutEvent::kPaused:
      return JudgePause(state);
    case v1::RolloutEvent::kResumed:
      return JudgeResume(state);
    case v1::RolloutEvent::kAborted:
      return JudgeAbort(state);
    case v1::RolloutEvent::kApproved:
      return JudgeApprove(state, event.approved());
    case v1::RolloutEvent::kRetried:
      return JudgeRetry(state, event.retried());
    case v1::RolloutEvent::kStarted:
    case v1::RolloutEvent::kRecovered:
    case v1::RolloutEvent::kReadiness:
    case v1::RolloutEvent::kVerdict:
    case v1::RolloutEvent::kSilent:
    case v1::RolloutEvent::kReadinessTimedOut:
    case v1::RolloutEvent::kAccepted:
    case v1::RolloutEvent::kSoakEnded:
    case v1::RolloutEvent::kDeadlinePassed:
    case v1::RolloutEvent::kFrozen:
    case v1::RolloutEvent::KIND_NOT_SET:
      break;
  }
  return Refused("this is nothing an operator asks for");
}

}  // namespace belay::rollout
