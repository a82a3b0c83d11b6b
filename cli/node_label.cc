// node label.
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "cli/label_words.h"
#include "cli/node_name.h"
#include "cli/render/words.h"
#include "cli/verbs.h"
#include "common/base/safe_text.h"
#include "common/select/labels.h"

namespace belay {
namespace {

struct Options {
  std::string node;
  LabelOptions labels;
};

int Label(Session& session, const Options& options) {
  constexpr const char* kHelp = "belayctl node label --help";
  const absl::StatusOr<NodeName> name = ParseNodeName(options.node);
  if (!name.ok()) return Fail(session, name.status(), kHelp, kExitUsage);
  v1::LabelNodeRequest request;
  request.set_cluster(name->cluster);
  request.set_node(name->node);
  if (const absl::Status wrong = AddLabelChanges(options.labels, &request); !wrong.ok()) {
    return Fail(session, wrong, kHelp, kExitUsage);
  }
  const std::unique_ptr<Client> client = Connect(session);
  if (client == nullptr) return kExitOther;
  const absl::StatusOr<v1::Node> node = client->LabelNode(request);
  if (!node.ok()) return FailCall(session, node.status(), "belayctl node list");
  return Print(session, *node, [&] {
    return absl::StrCat(
        "node ", SafeLine(node->cluster()), "/", SafeLine(node->name()),
        " labelled: ", SafeLine(LabelsText({node->labels().begin(), node->labels().end()})), "\n");
  });
}

}  // namespace

void AddNodeLabel(CLI::App& parent, Session& session) {
  CLI::App* verb = parent.add_subcommand(
      "label", "Set and remove labels of a node: key=value, or key- to remove it");
  auto options = std::make_shared<Options>();
  verb->add_option("NODE", options->node, "CLUSTER/NODE")->required();
  AddLabelOptions(*verb, options->labels);
  verb->footer(
      "These are Belay's own, by which rollouts choose nodes; the Node objects of the cluster are "
      "not touched.\nExit codes: 0 done, 1 refused, 2 wrong usage.\n\n"
      "Examples:\n  belayctl node label prod/cp1 rack=a1\n"
      "  belayctl node label prod/cp1 rack-\n"
      "  belayctl rollout start audit.plan --cluster prod --node-selector rack=a1");
  verb->callback([&session, options] {
    session.run = [&session, options] { return Label(session, *options); };
  });
}

}  // namespace belay
