// node label.
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/label_words.h"
#include "cli/render/words.h"
#include "cli/verbs.h"
#include "common/base/safe_text.h"
#include "common/select/labels.h"

namespace belay {
namespace {

struct Options {
  std::string node;
  std::vector<std::string> changes;
  bool overwrite = false;
};

int Label(Session& session, const Options& options) {
  constexpr const char* kHelp = "belayctl node label --help";
  const std::size_t slash = options.node.find('/');
  if (slash == std::string::npos) {
    return Fail(session, absl::InvalidArgumentError("a node is named CLUSTER/NODE"), kHelp,
                kExitUsage);
  }
  v1::LabelNodeRequest request;
  request.set_cluster(options.node.substr(0, slash));
  request.set_node(options.node.substr(slash + 1));
  request.set_overwrite(options.overwrite);
  if (const absl::Status wrong = AddLabelChanges(options.changes, &request); !wrong.ok()) {
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
  verb->add_option("LABEL", options->changes, "key=value or key-; several are one change")
      ->required();
  verb->add_flag("--overwrite", options->overwrite,
                 "also where the label has another value, which is refused else");
  verb->footer(
      "These are Belay's own, by which rollouts choose nodes; the Node objects of the cluster are "
      "not "
      "touched.\nExit codes: 0 done, 1 refused, 2 wrong usage.\n\n"
      "Examples:\n  belayctl node label prod/cp1 rack=a1\n"
      "  belayctl node label prod/cp1 rack-\n"
      "  belayctl rollout start audit.plan --cluster prod --node-selector rack=a1");
  verb->callback([&session, options] {
    session.run = [&session, options] { return Label(session, *options); };
  });
}

}  // namespace belay
