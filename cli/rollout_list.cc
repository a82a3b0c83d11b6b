#include <memory>
#include <string>

#include "cli/render/rollouts.h"
#include "cli/render/words.h"
#include "cli/verbs.h"

namespace belay {
namespace {

int List(Session& session, const std::string& cluster) {
  const std::unique_ptr<Client> client = Connect(session);
  if (client == nullptr) return kExitOther;
  v1::ListRolloutsRequest request;
  request.set_cluster(cluster);
  const absl::StatusOr<v1::ListRolloutsReply> reply = client->ListRollouts(request);
  if (!reply.ok()) return FailCall(session, reply.status(), "belayctl rollout list --help");
  return Print(session, *reply, [&] { return RenderRolloutList(*reply, session.NowUnixMs()); });
}

}  // namespace

void AddRolloutList(CLI::App& parent, Session& session) {
  CLI::App* verb = parent.add_subcommand("list", "List rollouts, the newest first");
  auto cluster = std::make_shared<std::string>();
  verb->add_option("--cluster", *cluster, "only of this cluster");
  verb->footer(
      "Examples:\n  belayctl rollout list\n  belayctl rollout list --cluster prod -o json");
  verb->callback([&session, cluster] {
    session.run = [&session, cluster] { return List(session, *cluster); };
  });
}

}  // namespace belay
