#include "cli/render/fleets.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/render/table.h"
#include "cli/render/words.h"
#include "common/base/safe_text.h"
#include "common/base/time_text.h"

namespace belay {
namespace {

std::string Word(v1::ClusterPhase phase) {
  switch (phase) {
    case v1::CLUSTER_PHASE_WAITING:
      return "waiting";
    case v1::CLUSTER_PHASE_RUNNING:
      return "running";
    case v1::CLUSTER_PHASE_COMPLETED:
      return "completed";
    case v1::CLUSTER_PHASE_FALLEN:
      return "FALLEN";
    case v1::CLUSTER_PHASE_HELD_BACK:
      return "held back";
    default:
      return absl::StrCat("unknown (", static_cast<int>(phase), ")");
  }
}

std::string DetailOf(const v1::FleetCluster& cluster) {
  if (!cluster.reason().empty()) return cluster.reason();
  const std::string phase =
      cluster.phase() == v1::CLUSTER_PHASE_RUNNING ? Words(cluster.plan_phase(), false) : "";
  if (!cluster.waiting_for().empty()) {
    return absl::StrCat(phase, phase.empty() ? "" : ", ", "waiting for ", cluster.waiting_for());
  }
  if (!phase.empty()) return phase;
  return absl::StrJoin(cluster.not_ready(), "; ");
}

std::string HeadOf(const v1::Fleet& fleet) {
  return absl::StrCat("plan     ", SafeLine(fleet.plan_name()), " (",
                      SafeLine(ShortDigest(fleet.plan_digest())), ")\n");
}

}  // namespace

bool IsFinished(const v1::Fleet& fleet) {
  return fleet.phase() == v1::ROLLOUT_PHASE_COMPLETED ||
         fleet.phase() == v1::ROLLOUT_PHASE_STOPPED ||
         fleet.phase() == v1::ROLLOUT_PHASE_UNREADABLE;
}

int ExitCodeOf(const v1::Fleet& fleet) {
  if (fleet.phase() == v1::ROLLOUT_PHASE_UNREADABLE) return kExitOther;
  return fleet.phase() == v1::ROLLOUT_PHASE_STOPPED ? kExitStopped : kExitDone;
}

std::string RenderFleet(const v1::Fleet& fleet) {
  std::vector<std::vector<std::string>> rows;
  for (const v1::FleetCluster& cluster : fleet.clusters()) {
    rows.push_back({cluster.name(), cluster.stage(), Word(cluster.phase()),
                    absl::StrCat(cluster.committed(), "/", cluster.nodes()),
                    cluster.rollout_id().empty() ? "-" : cluster.rollout_id(), DetailOf(cluster)});
  }
  return absl::StrCat(
      "fleet    ", SafeLine(fleet.id()), "\n", HeadOf(fleet), "started  ",
      FormatUnixSeconds(fleet.started_unix_ms() / 1000), " by ", SafeLine(fleet.started_by()),
      "\nstate    ", SafeLine(fleet.summary()), "\n\n",
      RenderTable({"CLUSTER", "STAGE", "PHASE", "NODES", "ROLLOUT", "DETAIL"}, rows));
}

std::string RenderFleetPreview(const v1::Fleet& fleet) {
  std::vector<std::vector<std::string>> rows;
  for (const v1::FleetCluster& cluster : fleet.clusters()) {
    int place = 0;
    for (const std::string& node : cluster.order()) {
      ++place;
      std::string held = cluster.waiting_for().empty()
                             ? "ready"
                             : absl::StrCat("ready, waits for ", cluster.waiting_for());
      for (const std::string& why : cluster.not_ready()) {
        if (why.substr(0, node.size() + 2) == node + ": ") held = why.substr(node.size() + 2);
      }
      rows.push_back({cluster.stage(), cluster.name(), absl::StrCat(place), node, held,
                      place == 1 ? cluster.order_reason() : ""});
    }
    if (cluster.order().empty()) {
      rows.push_back({cluster.stage(), cluster.name(), "-", "-",
                      absl::StrJoin(cluster.not_ready(), "; "), ""});
    }
  }
  return absl::StrCat("nothing was started; this is what would be done, and in which order\n",
                      HeadOf(fleet), "\n",
                      RenderTable({"STAGE", "CLUSTER", "#", "NODE", "NOW", "ORDER"}, rows));
}

std::string RenderFleetList(const v1::ListFleetsReply& fleets) {
  if (fleets.fleets().empty()) return "no fleet rollouts yet\nnext: belayctl fleet start --help\n";
  std::vector<std::vector<std::string>> rows;
  for (const v1::Fleet& fleet : fleets.fleets()) {
    rows.push_back({fleet.id(), fleet.plan_name(), fleet.summary(), fleet.started_by(),
                    FormatUnixSeconds(fleet.started_unix_ms() / 1000)});
  }
  return RenderTable({"ID", "PLAN", "STATE", "BY", "STARTED"}, rows);
}

}  // namespace belay
