#include "cli/render/clusters.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/render/locks.h"
#include "cli/render/table.h"
#include "common/select/labels.h"

namespace belay {

std::string RenderClusters(const v1::ListClustersReply& clusters, bool wide) {
  if (clusters.clusters().empty()) return "no such clusters\nnext: belayctl cluster list\n";
  std::vector<std::string> header = {"CLUSTER", "READY", "LABELS"};
  if (wide) header.emplace_back("HELD");
  std::vector<std::vector<std::string>> rows;
  for (const v1::Cluster& cluster : clusters.clusters()) {
    rows.push_back({cluster.name(), absl::StrCat(cluster.ready(), "/", cluster.nodes()),
                    LabelsText({cluster.labels().begin(), cluster.labels().end()})});
    if (!wide) continue;
    std::string held;
    for (const v1::Lock& lock : cluster.locks()) {
      absl::StrAppend(&held, held.empty() ? "" : "; ", LockLine(lock));
    }
    rows.back().push_back(held.empty() ? "-" : held);
  }
  return RenderTable(header, rows);
}

}  // namespace belay
