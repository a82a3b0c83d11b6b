#include "server/fleet/stages.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"

namespace belay::fleet {
namespace {

constexpr std::uint32_t kMostClusters = 10'000;
constexpr std::uint32_t kWhole = 100;

absl::Status CheckKnown(const std::string& cluster, const std::set<std::string>& known) {
  if (known.contains(cluster)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("cluster '", cluster, "' has no enrolled nodes; there are ",
                   absl::StrJoin(known, ", "), ". Nothing was started"));
}

absl::StatusOr<std::set<std::string>> TargetsOf(const v1::FleetStrategy& strategy,
                                                const std::set<std::string>& known) {
  std::set<std::string> targets = strategy.every_cluster() ? known : std::set<std::string>();
  for (const std::string& cluster : strategy.clusters()) {
    RETURN_IF_ERROR(CheckKnown(cluster, known));
    targets.insert(cluster);
  }
  for (const std::string& cluster : strategy.canary()) {
    RETURN_IF_ERROR(CheckKnown(cluster, known));
    targets.insert(cluster);
  }
  if (targets.empty()) {
    return absl::FailedPreconditionError("no cluster is chosen; nothing was started");
  }
  return targets;
}

// How many of `all` clusters one wave takes; at least one.
std::size_t SizeOf(const v1::FleetWave& wave, std::size_t all) {
  if (wave.count() > 0) return wave.count();
  return std::max<std::size_t>((all * wave.percent() + kWhole - 1) / kWhole, 1);
}

absl::Status CheckWaves(const v1::FleetStrategy& strategy) {
  for (const v1::FleetWave& wave : strategy.waves()) {
    if ((wave.count() == 0) == (wave.percent() == 0) || wave.percent() > kWhole ||
        wave.count() > kMostClusters) {
      return absl::InvalidArgumentError(
          "a wave is a number of clusters, or 1 to 100 percent of them; nothing was started");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<v1::FleetStage>> StagesOf(const v1::FleetStrategy& strategy,
                                                     const std::set<std::string>& known) {
  RETURN_IF_ERROR(CheckWaves(strategy));
  ASSIGN_OR_RETURN(std::set<std::string> rest, TargetsOf(strategy, known));
  std::vector<v1::FleetStage> stages;
  if (!strategy.canary().empty()) {
    const std::set<std::string> canary(strategy.canary().begin(), strategy.canary().end());
    v1::FleetStage& stage = stages.emplace_back();
    stage.set_name("canary");
    stage.set_strict(true);
    stage.set_pause_after(strategy.pause_after_canary() || strategy.pause_after_each());
    for (const std::string& cluster : canary) {
      stage.add_clusters(cluster);
      rest.erase(cluster);
    }
  }
  const std::size_t all = rest.size();
  for (int i = 0; !rest.empty(); ++i) {
    v1::FleetStage& stage = stages.emplace_back();
    stage.set_name(absl::StrCat("wave ", i + 1));
    stage.set_pause_after(strategy.pause_after_each());
    const std::size_t size =
        strategy.waves().empty()
            ? all
            : SizeOf(strategy.waves(std::min(i, strategy.waves_size() - 1)), all);
    while (!rest.empty() && static_cast<std::size_t>(stage.clusters_size()) < size) {
      stage.add_clusters(*rest.begin());
      rest.erase(rest.begin());
    }
  }
  stages.back().set_pause_after(false);  // nothing comes after it
  return stages;
}

}  // namespace belay::fleet
