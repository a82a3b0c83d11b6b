#include <memory>
#include <ostream>
#include <string>

#include "cli/render/rollouts.h"
#include "cli/render/words.h"
#include "cli/verbs.h"
#include "common/base/safe_text.h"

namespace belay {
namespace {

int Status(Session& session, const std::string& id) {
  const std::unique_ptr<Client> client = Connect(session);
  if (client == nullptr) return kExitOther;
  v1::GetRolloutRequest request;
  request.set_rollout_id(id);
  const absl::StatusOr<v1::Rollout> rollout = client->GetRollout(request);
  if (!rollout.ok()) return FailCall(session, rollout.status(), "belayctl rollout list");
  const int code =
      Print(session, *rollout, [&] { return RenderRolloutStatus(*rollout, session.NowUnixMs()); });
  if (code != kExitDone || ExitCodeOf(*rollout) == kExitDone) return code;
  session.err << "next: " << SafeLine(NextCommand(*rollout)) << std::endl;
  return ExitCodeOf(*rollout);
}

}  // namespace

void AddRolloutStatus(CLI::App& parent, Session& session) {
  CLI::App* verb = parent.add_subcommand("status", "Show how a rollout stands");
  auto id = std::make_shared<std::string>();
  verb->add_option("ID", *id, "the rollout")->required();
  verb->footer(
      "Exit codes: 0 running or completed, 3 stopped, 4 emergency stop.\n\n"
      "Examples:\n  belayctl rollout status r-20261123-1");
  verb->callback([&session, id] { session.run = [&session, id] { return Status(session, *id); }; });
}

}  // namespace belay
