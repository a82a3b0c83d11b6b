#include "cli/render/rollouts.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/render/table.h"
#include "cli/render/words.h"
#include "common/base/safe_text.h"
#include "common/base/time_text.h"

namespace belay {
namespace {

std::string Took(const v1::Rollout& rollout, std::int64_t now_unix_ms) {
  const std::int64_t end =
      rollout.finished_unix_ms() != 0 ? rollout.finished_unix_ms() : now_unix_ms;
  return Age(std::max<std::int64_t>(0, end - rollout.started_unix_ms()));
}

std::string Done(const v1::Rollout& rollout) {
  int committed = 0;
  for (const v1::RolloutNode& node : rollout.nodes()) {
    if (node.phase() == v1::NODE_PHASE_COMMITTED) ++committed;
  }
  return absl::StrCat(committed, "/", rollout.nodes_size());
}

}  // namespace

std::string OutcomeLine(const v1::Rollout& rollout) {
  std::string line = Word(rollout.phase());
  if (rollout.has_plan_phase() && rollout.phase() != v1::ROLLOUT_PHASE_COMPLETED) {
    absl::StrAppend(&line, " in ", Words(rollout.plan_phase(), !rollout.reverts().empty()));
  }
  if (rollout.phase() == v1::ROLLOUT_PHASE_STOPPED ||
      rollout.phase() == v1::ROLLOUT_PHASE_STOPPING ||
      rollout.phase() == v1::ROLLOUT_PHASE_UNREADABLE) {
    absl::StrAppend(&line, ": ", rollout.stop_node(), rollout.stop_node().empty() ? "" : " ",
                    Word(rollout.stop_cause()));
    if (!rollout.stop_reason().empty()) absl::StrAppend(&line, ": ", rollout.stop_reason());
  } else if (!rollout.waiting_for().empty()) {
    absl::StrAppend(&line, ", waiting for ", rollout.waiting_for());
  }
  return SafeLine(line);
}

std::string DetailOf(const v1::Rollout& rollout, const v1::RolloutNode& node) {
  if (!node.reason().empty()) return node.reason();
  if (!node.progress().empty() || node.committed_phase().empty()) return node.progress();
  if (node.phase() == v1::NODE_PHASE_COMMITTED) return "";
  return absl::StrCat("phase \"", node.committed_phase(), "\" is ",
                      rollout.reverts().empty() ? "committed" : "put back");
}

std::string RenderRolloutList(const v1::ListRolloutsReply& rollouts, std::int64_t now_unix_ms) {
  if (rollouts.rollouts().empty()) {
    return "no rollouts yet\nnext: belayctl rollout start PLAN --cluster CLUSTER\n";
  }
  std::vector<std::vector<std::string>> rows;
  for (const v1::Rollout& rollout : rollouts.rollouts()) {
    rows.push_back({rollout.id(), rollout.cluster(), rollout.plan_name(), Done(rollout),
                    OutcomeLine(rollout), rollout.started_by(),
                    FormatUnixSeconds(rollout.started_unix_ms() / 1000),
                    Took(rollout, now_unix_ms)});
  }
  return RenderTable({"ID", "CLUSTER", "PLAN", "DONE", "STATE", "BY", "STARTED", "TOOK"}, rows);
}

std::string RenderRolloutStatus(const v1::Rollout& rollout, std::int64_t now_unix_ms) {
  std::string text = absl::StrCat(
      "rollout  ", SafeLine(rollout.id()), "\nplan     ", SafeLine(rollout.plan_name()), " (",
      SafeLine(ShortDigest(rollout.plan_digest())), ")",
      rollout.reverts().empty() ? "" : absl::StrCat("\nreverts  ", SafeLine(rollout.reverts())),
      rollout.reverted_by().empty()
          ? ""
          : absl::StrCat("\nreverted by ", SafeLine(rollout.reverted_by())),
      "\ncluster  ", SafeLine(rollout.cluster()), "\nstarted  ",
      FormatUnixSeconds(rollout.started_unix_ms() / 1000), " by ", SafeLine(rollout.started_by()),
      ", ", Took(rollout, now_unix_ms), IsFinished(rollout) ? " in all\n" : " so far\n",
      "state    ", OutcomeLine(rollout), "\n",
      rollout.window_opens_unix_ms() == 0
          ? ""
          : absl::StrCat("window   opens at ",
                         FormatUnixSeconds(rollout.window_opens_unix_ms() / 1000), "\n"),
      "\n");
  std::vector<std::vector<std::string>> rows;
  for (const v1::RolloutNode& node : rollout.nodes()) {
    rows.push_back({node.name(), Word(node.phase()), DetailOf(rollout, node)});
  }
  return text + RenderTable({"NODE", "PHASE", "DETAIL"}, rows);
}

}  // namespace belay
