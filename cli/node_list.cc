#include <memory>
#include <string>

#include "cli/render/nodes.h"
#include "cli/render/words.h"
#include "cli/verbs.h"

namespace belay {
namespace {

int List(Session& session, const std::string& cluster) {
  const std::unique_ptr<Client> client = Connect(session);
  if (client == nullptr) return kExitOther;
  v1::ListNodesRequest request;
  request.set_cluster(cluster);
  const absl::StatusOr<v1::ListNodesReply> reply = client->ListNodes(request);
  if (!reply.ok()) return FailCall(session, reply.status(), "belayctl node list --help");
  return Print(session, *reply,
               [&] { return RenderNodes(*reply, session.NowUnixMs(), session.output == "wide"); });
}

}  // namespace

void AddNodeList(CLI::App& parent, Session& session) {
  CLI::App* verb = parent.add_subcommand("list", "List the nodes and how they are");
  auto cluster = std::make_shared<std::string>();
  verb->add_option("--cluster", *cluster, "only of this cluster");
  verb->footer("Examples:\n  belayctl node list\n  belayctl node list --cluster prod -o wide");
  verb->callback([&session, cluster] {
    session.run = [&session, cluster] { return List(session, *cluster); };
  });
}

}  // namespace belay
