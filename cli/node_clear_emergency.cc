#include <memory>
#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "cli/node_name.h"
#include "cli/render/words.h"
#include "cli/verbs.h"
#include "common/base/safe_text.h"

namespace belay {
namespace {

struct Options {
  std::string node;
  std::string reason;
};

int Clear(Session& session, const Options& options) {
  const absl::StatusOr<NodeName> name = ParseNodeName(options.node);
  if (!name.ok()) return Fail(session, name.status(), "belayctl node list", kExitUsage);
  const std::unique_ptr<Client> client = Connect(session);
  if (client == nullptr) return kExitOther;
  v1::ClearEmergencyRequest request;
  request.set_cluster(name->cluster);
  request.set_node(name->node);
  request.set_reason(options.reason);
  const absl::StatusOr<v1::ClearEmergencyReply> reply = client->ClearEmergency(request);
  if (!reply.ok()) return FailCall(session, reply.status(), "belayctl node list");
  return Print(session, *reply, [&] {
    return absl::StrCat("the emergency stop of ", SafeLine(options.node),
                        " is cleared: it takes plans again\n");
  });
}

}  // namespace

void AddNodeClearEmergency(CLI::App& parent, Session& session) {
  CLI::App* verb = parent.add_subcommand(
      "clear-emergency",
      "Let a node take plans again after an emergency stop was repaired by hand");
  auto options = std::make_shared<Options>();
  verb->add_option("NODE", options->node, "CLUSTER/NODE")->required();
  verb->add_option("--reason", options->reason, "what was found and repaired; it is recorded")
      ->required();
  verb->footer(
      "The node is not repaired by this: do first what the report lists under 'by hand'.\n\n"
      "Examples:\n  belayctl node clear-emergency prod/cp1 --reason 'disk replaced, manifest "
      "restored'");
  verb->callback([&session, options] {
    session.run = [&session, options] { return Clear(session, *options); };
  });
}

}  // namespace belay
