// Revert: a rollout of its own that puts back what an ended one has changed, so that all that keeps
// a rollout safe keeps a revert safe.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/plan/phases.h"
#include "common/plan/sign.h"
#include "server/driver/coordinator.h"
#include "server/rollout/verbs.h"

namespace belay {
namespace {
constexpr std::size_t kMaxRequestId = 200;
}  // namespace

// In the opposite order: all that have begun, by what they have told.  What each has to undo it
// finds in its own journal, of some phases perhaps nothing.
absl::StatusOr<std::vector<std::string>> Coordinator::NodesToRevert(const RolloutEntry& entry,
                                                                    std::uint32_t kept,
                                                                    std::uint32_t* last) {
  const std::string& cluster = entry.row.cluster;
  ASSIGN_OR_RETURN(const auto records, store_.RecordsOfRollout(cluster, entry.row.id));
  std::set<std::string> told;
  std::uint32_t begun = 0;
  for (const store::RecordRow& record : records) {
    const std::uint32_t phase = record.record.run().phase();
    if (entry.state.last_phase != 0 && phase <= kept) continue;
    told.insert(record.node);
    begun = std::max(begun, phase);
  }
  std::vector<std::string> nodes;
  for (auto node = entry.state.nodes.rbegin(); node != entry.state.nodes.rend(); ++node) {
    if (node->phase == v1::NODE_PHASE_SILENT) {
      const registry::Node* const known = registry_.Find({cluster, node->name});
      const std::string why =
          known == nullptr ? "not enrolled any more" : registry_.WhyNotReady(*known, NowNs());
      if (!why.empty()) {
        return absl::FailedPreconditionError(
            absl::StrCat("it is not known whether ", node->name,
                         " has begun: it has never told, and it is not "
                         "ready now (",
                         why, "); nothing was started. See to ", node->name));
      }
    }
    if (told.contains(node->name)) nodes.push_back(node->name);
  }
  if (nodes.empty() || (entry.state.last_phase != 0 && begun <= kept)) {
    return absl::FailedPreconditionError(
        absl::StrCat("no node has begun ", kept == 0 ? "in" : "a later phase of", " rollout ",
                     entry.row.id, "; there is nothing to revert"));
  }
  *last = *last == 0 ? begun : std::min(*last, begun);
  return nodes;
}

absl::StatusOr<std::optional<v1::StartRolloutReply>> Coordinator::AfterEarlierRevert(
    const RolloutEntry& entry, const std::string& asked, std::uint32_t kept, std::uint32_t* last) {
  const std::string& id = entry.row.id;
  ASSIGN_OR_RETURN(std::string before, store_.RevertOf(id));
  if (!asked.empty()) before = asked;
  if (before.empty()) return std::optional<v1::StartRolloutReply>();
  ASSIGN_OR_RETURN(const std::shared_ptr<RolloutEntry> revert, book_.Find(before));
  const bool stopped =
      revert->row.finished_unix_ms != 0 && revert->state.phase != v1::ROLLOUT_PHASE_COMPLETED;
  if (asked.empty() && stopped) {
    return absl::FailedPreconditionError(
        absl::StrCat("revert rollout ", id, ": rollout ", before,
                     " has begun to and has stopped; nothing was "
                     "started. See its report, then: belayctl rollout retry ",
                     before));
  }
  // The earliest phase that it puts back; those before it stay, until somebody asks for them too.
  const std::uint32_t earliest = revert->state.last_phase;
  if (asked.empty() && earliest > kept + 1) {
    if (revert->state.phase != v1::ROLLOUT_PHASE_COMPLETED) {
      return absl::FailedPreconditionError(absl::StrCat(
          "revert rollout ", id, ": rollout ", before, " is putting back its later phases; ",
          "nothing was started. Follow it: belayctl rollout watch ", before));
    }
    *last = earliest - 1;
    return std::optional<v1::StartRolloutReply>();
  }
  v1::StartRolloutReply reply;
  reply.set_rollout_id(before);
  *reply.mutable_order() = {revert->row.order.begin(), revert->row.order.end()};
  reply.set_order_reason(revert->row.order_reason);
  return std::optional(std::move(reply));
}

absl::StatusOr<v1::StartRolloutReply> Coordinator::RevertRollout(
    const v1::RevertRolloutRequest& request, const std::string& operator_name) {
  const std::string& id = request.rollout_id();
  const std::string what = absl::StrCat("revert rollout ", id, ": ");
  if (request.request_id().empty() || request.request_id().size() > kMaxRequestId) {
    return absl::InvalidArgumentError("a request id of 1 to 200 bytes is needed");
  }
  RETURN_IF_ERROR(CheckOptions(request.options()));
  ASSIGN_OR_RETURN(const std::shared_ptr<RolloutEntry> entry, book_.Find(id));
  if (entry == nullptr) {
    return absl::NotFoundError(
        absl::StrCat(what, "there is no such rollout; see belayctl rollout list"));
  }
  ASSIGN_OR_RETURN(const auto asked, store_.FindRolloutByRequest(request.request_id()));
  if (asked && (asked->reverts != id || asked->started_by != operator_name)) {
    return absl::AlreadyExistsError(absl::StrCat(what, "this request id began rollout ", asked->id,
                                                 ", which is another one; nothing was started"));
  }
  std::uint32_t kept = 0;
  if (!request.to_phase().empty() && !entry->unreadable) {
    ASSIGN_OR_RETURN(const v1::RemediationPlan plan, DecodeUnverified(entry->row.plan));
    const std::optional<std::uint32_t> phase = PhaseOfName(plan, request.to_phase());
    if (!phase) {
      return absl::InvalidArgumentError(absl::StrCat(
          what, "its plan has no phase \"", request.to_phase(), "\", ",
          plan.phases().empty() ? "nor any other" : absl::StrCat("but has ", PhaseNames(plan)),
          "; nothing was started"));
    }
    kept = *phase;
  }
  std::uint32_t last = 0;
  ASSIGN_OR_RETURN(const std::optional<v1::StartRolloutReply> earlier,
                   AfterEarlierRevert(*entry, asked ? asked->id : "", kept, &last));
  if (earlier) return *earlier;
  std::string why;
  if (entry->unreadable) why = absl::StrCat("it cannot be read: ", entry->frozen);
  if (!entry->row.reverts.empty()) {
    why = "it is a revert itself; to have its changes again, start a new rollout of the plan";
  }
  if (const rollout::Allowance allowance = rollout::JudgeRevert(entry->state);
      why.empty() && allowance.kind != rollout::Allowance::Kind::Takes) {
    why = allowance.why;
  }
  if (!why.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(what, why, "; nothing was started"));
  }
  RETURN_IF_ERROR(WhyNotFree(entry->row.cluster, ""));
  RETURN_IF_ERROR(WhyLocked(entry->row.cluster, operator_name));
  RETURN_IF_ERROR(LearnNodes());
  store::RolloutRow row;
  row.cluster = entry->row.cluster;
  row.plan_name = entry->row.plan_name;
  row.plan_digest = entry->row.plan_digest;
  row.plan = entry->row.plan;
  ASSIGN_OR_RETURN(row.order, NodesToRevert(*entry, kept, &last));
  row.order_reason = absl::StrCat("those that have begun ", kept == 0 ? "in " : "a later phase of ",
                                  id, ", the last first");
  row.started_by = operator_name;
  row.request_id = request.request_id();
  row.options = request.options();
  row.reverts = id;
  // The way back has the same barriers: the last phase is undone everywhere, then the one before.
  const PhaseRange phases = last == 0 ? PhaseRange() : PhaseRange{.first = last, .last = kept + 1};
  return Begin(std::move(row), false, phases);
}

}  // namespace belay
