// Pause, resume, abort, approve, retry: judged by the engine's table, journalled like every event.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/base/time_text.h"
#include "common/plan/sign.h"
#include "server/driver/coordinator.h"
#include "server/rollout/verbs.h"

namespace belay {
namespace {

constexpr std::size_t kMaxReason = 1000;
constexpr std::size_t kMaxRequestId = 200;

std::string NameOf(RolloutVerb verb) {
  switch (verb) {
    case RolloutVerb::Pause:
      return "pause";
    case RolloutVerb::Resume:
      return "resume";
    case RolloutVerb::Abort:
      return "abort";
    case RolloutVerb::Approve:
      return "approve";
    case RolloutVerb::Retry:
      return "retry";
  }
  return "change";
}

v1::RolloutEvent EventOf(RolloutVerb verb, const v1::OperatorWord& word) {
  v1::RolloutEvent event;
  switch (verb) {
    case RolloutVerb::Pause:
      *event.mutable_paused() = word;
      break;
    case RolloutVerb::Resume:
      *event.mutable_resumed() = word;
      break;
    case RolloutVerb::Abort:
      *event.mutable_aborted() = word;
      break;
    case RolloutVerb::Approve:
      *event.mutable_approved() = word;
      break;
    case RolloutVerb::Retry:
      *event.mutable_retried() = word;
      break;
  }
  return event;
}

}  // namespace

// What the engine cannot know: the plan's validity, the cluster as it is now, other rollouts.
absl::Status Coordinator::WhyNoRetry(const RolloutEntry& entry) {
  const std::string what = absl::StrCat("retry rollout ", entry.row.id, ": ");
  ASSIGN_OR_RETURN(const std::string revert, store_.RevertOf(entry.row.id));
  if (!revert.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        what, "rollout ", revert, " puts it back; nothing was begun. Start a new one"));
  }
  ASSIGN_OR_RETURN(const v1::RemediationPlan plan, DecodeUnverified(entry.row.plan));
  if (entry.row.reverts.empty() && clock_.WallNowUnixMs() / 1000 >= plan.not_after_unix()) {
    return absl::FailedPreconditionError(
        absl::StrCat(what, "its plan was valid until ", FormatUnixSeconds(plan.not_after_unix()),
                     "; nothing was begun. Sign it anew and start a new rollout"));
  }
  if (absl::Status taken = WhyNotFree(entry.row.cluster, entry.row.fleet);
      !taken.ok() && book_.RunningIn(entry.row.cluster) == nullptr) {
    return WithContext(taken, absl::StrCat("retry rollout ", entry.row.id));
  }
  if (const auto running = book_.RunningIn(entry.row.cluster)) {
    return absl::FailedPreconditionError(absl::StrCat(what, "rollout ", running->row.id,
                                                      " has begun in cluster ", entry.row.cluster,
                                                      " meanwhile; nothing was begun"));
  }
  std::set<std::string> now;
  for (const registry::Node& node : registry_.Of(entry.row.cluster)) {
    now.insert(node.id.node);
    if (!node.in_emergency()) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        what, node.id.node, " is in emergency stop; nothing was begun. Mend it, then: ",
        "belayctl node clear-emergency ", node.id.cluster, "/", node.id.node, " --reason REASON"));
  }
  if (now != entry.state.cluster) {
    return absl::FailedPreconditionError(
        absl::StrCat(what, "cluster ", entry.row.cluster,
                     " has other nodes than when it was started; nothing was begun. Start a new "
                     "rollout"));
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Rollout> Coordinator::GiveUp(const RolloutEntry& entry, RolloutVerb verb,
                                                const v1::OperatorWord& word) {
  const std::string id = entry.row.id;
  if (verb != RolloutVerb::Abort || entry.row.finished_unix_ms != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        NameOf(verb), " rollout ", id, ": it cannot be carried on (", entry.frozen,
        "); nothing was changed. It can only be aborted: belayctl rollout abort ", id));
  }
  const std::string note =
      absl::StrCat("given up by ", word.operator_(), ": ", word.reason(), " (", entry.frozen, ")");
  if (absl::Status written = book_.GiveUp(id, note, clock_.WallNowUnixMs()); !written.ok()) {
    Fatal(written);
    return written;
  }
  log_(absl::StrCat("rollout ", id, " ", note));
  Forget(id);
  ASSIGN_OR_RETURN(v1::Rollout rollout, GetRollout(id));
  EndWatch(id, rollout);
  return rollout;
}

absl::StatusOr<v1::Rollout> Coordinator::ChangeRollout(RolloutVerb verb,
                                                       const v1::ChangeRolloutRequest& request,
                                                       const std::string& operator_name) {
  const std::string what = absl::StrCat(NameOf(verb), " rollout ", request.rollout_id());
  if (request.reason().size() > kMaxReason || request.request_id().size() > kMaxRequestId) {
    return absl::InvalidArgumentError(absl::StrCat(
        what, ": the reason is at most 1000 bytes and the request id 200; nothing was changed"));
  }
  if (verb == RolloutVerb::Abort && request.reason().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        what, ": a reason is needed, it is kept for those who ask later; nothing was changed"));
  }
  ASSIGN_OR_RETURN(const std::shared_ptr<RolloutEntry> entry, book_.Find(request.rollout_id()));
  if (entry == nullptr) {
    return absl::NotFoundError(
        absl::StrCat(what, ": there is no such rollout; see belayctl rollout list"));
  }
  v1::OperatorWord word;
  word.set_operator_(operator_name);
  word.set_reason(request.reason());
  word.set_request_id(request.request_id());
  if (!entry->frozen.empty()) return GiveUp(*entry, verb, word);
  const v1::RolloutEvent event = EventOf(verb, word);
  const rollout::Allowance allowance = rollout::Judge(entry->state, event);
  switch (allowance.kind) {
    case rollout::Allowance::Kind::Already:
      return GetRollout(entry->row.id);
    case rollout::Allowance::Kind::Refused:
      return absl::FailedPreconditionError(
          absl::StrCat(what, ": ", allowance.why, "; nothing was changed"));
    case rollout::Allowance::Kind::Takes:
      break;
  }
  if (verb == RolloutVerb::Retry && !entry->row.fleet.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(what, ": it is part of fleet rollout ", entry->row.fleet,
                     "; nothing was changed. Retry that: belayctl fleet retry ", entry->row.fleet));
  }
  if (verb == RolloutVerb::Retry) {
    RETURN_IF_ERROR(LearnNodes());  // those enrolled since then, also when they never connected
    RETURN_IF_ERROR(WhyNoRetry(*entry));
    RETURN_IF_ERROR(WithContext(WhyLocked(entry->row.cluster, entry->row.started_by), what));
  }
  // Whoever has locked the cluster has stopped his own rollouts too, as far as others are
  // concerned.
  if (verb == RolloutVerb::Retry || verb == RolloutVerb::Resume || verb == RolloutVerb::Approve) {
    RETURN_IF_ERROR(WithContext(WhyLocked(entry->row.cluster, operator_name), what));
  }
  Feed(entry, event);
  RETURN_IF_ERROR(fatal_);
  log_(absl::StrCat(what, ": by ", operator_name,
                    request.reason().empty() ? "" : absl::StrCat(" (", request.reason(), ")")));
  return GetRollout(entry->row.id);
}

}  // namespace belay
