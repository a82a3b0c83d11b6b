// cluster list, cluster label.
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/label_words.h"
#include "cli/render/clusters.h"
#include "cli/render/words.h"
#include "cli/verbs.h"
#include "common/base/safe_text.h"
#include "common/select/labels.h"
#include "common/select/selector.h"

namespace belay {
namespace {

struct Options {
  std::string cluster;
  std::string selector;
  LabelOptions labels;
};

int List(Session& session, const Options& options) {
  if (!options.selector.empty()) {
    if (const auto parsed = ParseSelector(options.selector); !parsed.ok()) {
      return Fail(session, parsed.status(), "belayctl cluster list --help", kExitUsage);
    }
  }
  const std::unique_ptr<Client> client = Connect(session);
  if (client == nullptr) return kExitOther;
  v1::ListClustersRequest request;
  request.set_selector(options.selector);
  const absl::StatusOr<v1::ListClustersReply> reply = client->ListClusters(request);
  if (!reply.ok()) return FailCall(session, reply.status(), "belayctl cluster list --help");
  return Print(session, *reply, [&] { return RenderClusters(*reply, session.output == "wide"); });
}

int Label(Session& session, const Options& options) {
  v1::LabelClusterRequest request;
  request.set_cluster(options.cluster);
  if (const absl::Status wrong = AddLabelChanges(options.labels, &request); !wrong.ok()) {
    return Fail(session, wrong, "belayctl cluster label --help", kExitUsage);
  }
  const std::unique_ptr<Client> client = Connect(session);
  if (client == nullptr) return kExitOther;
  const absl::StatusOr<v1::Cluster> cluster = client->LabelCluster(request);
  if (!cluster.ok()) return FailCall(session, cluster.status(), "belayctl cluster list");
  return Print(session, *cluster, [&] {
    return absl::StrCat("cluster ", SafeLine(cluster->name()), " labelled: ",
                        SafeLine(LabelsText({cluster->labels().begin(), cluster->labels().end()})),
                        "\n");
  });
}

}  // namespace

void AddClusterVerbs(CLI::App& parent, Session& session) {
  CLI::App* list =
      parent.add_subcommand("list", "List the clusters, their labels and how they are");
  auto listed = std::make_shared<Options>();
  list->add_option("-l,--selector", listed->selector,
                   "only those with such labels: a=b, a!=b, a in (x,y), a notin (x), a, !a");
  list->footer(
      "Examples:\n  belayctl cluster list -o wide\n"
      "  belayctl cluster list --selector 'env=prod,tier in (gold,silver),!frozen'");
  list->callback(
      [&session, listed] { session.run = [&session, listed] { return List(session, *listed); }; });
  CLI::App* label = parent.add_subcommand(
      "label", "Set and remove labels of a cluster: key=value, or key- to remove it");
  auto labelled = std::make_shared<Options>();
  label->add_option("CLUSTER", labelled->cluster, "the cluster")->required();
  AddLabelOptions(*label, labelled->labels);
  label->footer(
      "Exit codes: 0 done, 1 refused, 2 wrong usage.\n\n"
      "Examples:\n  belayctl cluster label prod-eu env=prod region=eu\n"
      "  belayctl cluster label prod-eu env=test --overwrite\n"
      "  belayctl cluster label prod-eu region-");
  label->callback([&session, labelled] {
    session.run = [&session, labelled] { return Label(session, *labelled); };
  });
}

}  // namespace belay
