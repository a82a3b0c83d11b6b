#include "cli/render/nodes.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/render/table.h"
#include "cli/render/words.h"
#include "common/select/labels.h"

namespace belay {
namespace {

std::string State(const v1::Node& node) {
  if (node.emergency()) return "EMERGENCY STOP";
  if (node.last_seen_unix_ms() == 0) return "never seen";
  if (!node.connected()) return "disconnected";
  if (!node.status().ready()) return "not ready";
  return node.status().holds().empty() ? "ready" : "on hold";
}

// Why a rollout would wait for it.
std::string Reason(const v1::NodeStatus& status) {
  std::vector<std::string> reasons(status.holds().begin(), status.holds().end());
  if (!status.not_ready_reason().empty()) reasons.push_back(status.not_ready_reason());
  return absl::StrJoin(reasons, "; ");
}

std::string Leadership(const v1::Node& node) {
  switch (node.status().etcd()) {
    case v1::NodeStatus::LEADER:
      return "leader";
    case v1::NodeStatus::FOLLOWER:
      return "follower";
    default:
      return "unknown";
  }
}

}  // namespace

std::string RenderNodes(const v1::ListNodesReply& nodes, std::int64_t now_unix_ms, bool wide) {
  if (nodes.nodes().empty()) {
    return "no nodes yet\nnext: belayctl token create --cluster CLUSTER --node NODE\n";
  }
  std::vector<std::string> header = {"CLUSTER", "NODE", "STATE", "SEEN", "BUSY WITH"};
  if (wide) header.insert(header.end(), {"ETCD", "AGENT", "BOOT", "LABELS", "REASON"});
  std::vector<std::vector<std::string>> rows;
  for (const v1::Node& node : nodes.nodes()) {
    const bool seen = node.last_seen_unix_ms() != 0;
    const std::string& busy = node.status().busy_with();
    std::vector<std::string> row = {
        node.cluster(), node.name(), State(node),
        seen ? absl::StrCat(Age(std::max<std::int64_t>(0, now_unix_ms - node.last_seen_unix_ms())),
                            " ago")
             : "-",
        busy.empty() ? "-" : busy};
    if (wide) {
      row.insert(row.end(),
                 {Leadership(node), node.agent_version(), ShortDigest(node.status().boot_id()),
                  LabelsText({node.labels().begin(), node.labels().end()}), Reason(node.status())});
    }
    rows.push_back(std::move(row));
  }
  return RenderTable(header, rows);
}

}  // namespace belay
