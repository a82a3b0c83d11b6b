#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/digest.h"
#include "server/rollout/engine.h"

namespace belay::rollout {

std::string StateDigest(const State& state) {
  // Length-prefixed, so that no two states share a text.
  std::string text;
  const auto add = [&text](const std::string& field) {
    absl::StrAppend(&text, field.size(), ":", field, ";");
  };
  absl::StrAppend(&text, static_cast<int>(state.phase), ";", static_cast<int>(state.stop_cause),
                  ";");
  for (const NodeProgress& node : state.nodes) {
    add(node.name);
    absl::StrAppend(&text, static_cast<int>(node.phase), ";");
    add(node.reason);
  }
  absl::StrAppend(&text, "c", state.cluster.size(), ";");
  for (const std::string& name : state.cluster) add(name);
  absl::StrAppend(&text, "r", state.ready.size(), ";");
  for (const std::string& name : state.ready) add(name);
  add(state.stop_node);
  add(state.stop_reason);
  add(state.next);
  add(state.awaiting_readiness);
  // What came later is added only where it says something: rollouts from before it still replay.
  const auto add_later = [&](std::string_view name, const std::string& field) {
    if (field.empty()) return;
    absl::StrAppend(&text, absl::string_view(name.data(), name.size()), ";");
    add(field);
  };
  for (const NodeProgress& node : state.nodes) {
    if (node.attempt != 1) add_later("attempt", absl::StrCat(node.name, "=", node.attempt));
  }
  add_later("submitter", state.submitter);
  add_later("approval", state.needs_approval ? "yes" : "");
  add_later("approved", state.approved_by);
  add_later("paused", state.paused_by);
  add_later("soaking", state.soaking);
  add_later("retry", state.retry_request);
  add_later("leader", state.leader);
  add_later("address holder", state.address_holder);
  add_later("leader last", state.leader_last ? "yes" : "");
  add_later("soaks", state.soaks ? "yes" : "");
  add_later("deadline", state.has_deadline ? "yes" : "");
  add_later("hold", state.hold);
  for (const WeeklySpan& span : state.windows) {
    add_later("window", absl::StrCat(span.from, "-", span.to));
  }
  // A plan without phases has none of these.
  if (state.first_phase != 0 || state.last_phase != 0 || state.plan_phase != 0) {
    add_later("plan phase",
              absl::StrCat(state.plan_phase, " of ", state.first_phase, "-", state.last_phase));
  }
  for (const NodeProgress& node : state.nodes) {
    if (node.committed_phase != 0) {
      add_later("committed phase", absl::StrCat(node.name, "=", node.committed_phase));
    }
  }
  return Sha256Hex(text);
}

std::string Describe(const State& state) {
  std::size_t committed = 0;
  std::string in_flight;
  for (const NodeProgress& node : state.nodes) {
    committed += node.phase == v1::NODE_PHASE_COMMITTED ? 1 : 0;
    if (IsInFlight(node.phase)) in_flight = node.name;
  }
  const std::string count =
      absl::StrCat(committed, " of ", state.nodes.size(), " nodes committed",
                   state.plan_phase == 0 ? "" : absl::StrCat(" in phase ", state.plan_phase));
  const std::string on = in_flight.empty() ? "" : absl::StrCat(", ", in_flight, " is in flight");
  switch (state.phase) {
    case v1::ROLLOUT_PHASE_COMPLETED:
      return absl::StrCat("completed: ", count);
    case v1::ROLLOUT_PHASE_STOPPED:
    case v1::ROLLOUT_PHASE_STOPPING:
      return absl::StrCat(state.phase == v1::ROLLOUT_PHASE_STOPPED ? "stopped" : "being stopped",
                          state.stop_node.empty() ? "" : absl::StrCat(" at ", state.stop_node),
                          ": ", state.stop_reason, on, " (", count, ")");
    case v1::ROLLOUT_PHASE_PAUSED:
      return absl::StrCat("paused by ", state.paused_by, on, ", ", count);
    case v1::ROLLOUT_PHASE_AWAITING_APPROVAL:
      return absl::StrCat("waiting for somebody other than ", state.submitter, " to approve");
    case v1::ROLLOUT_PHASE_RUNNING:
      if (!in_flight.empty()) return absl::StrCat("running on ", in_flight, ", ", count);
      if (!state.awaiting_readiness.empty()) {
        std::vector<std::string> missing;
        std::set_difference(state.cluster.begin(), state.cluster.end(), state.ready.begin(),
                            state.ready.end(), std::back_inserter(missing));
        return absl::StrCat("holding before ", state.awaiting_readiness,
                            " until connected and ready: ", absl::StrJoin(missing, ", "), "; ",
                            count);
      }
      if (!state.soaking.empty()) return absl::StrCat("soaking after ", state.soaking, ", ", count);
      if (!state.hold.empty()) return absl::StrCat("waiting for ", state.hold, ", ", count);
      return absl::StrCat("running, ", count);
    default:
      return "not started";
  }
}

}  // namespace belay::rollout
