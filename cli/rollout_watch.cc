#include <memory>
#include <string>

#include "cli/render/words.h"
#include "cli/verbs.h"
#include "cli/watch_loop.h"

namespace belay {

void AddRolloutWatch(CLI::App& parent, Session& session) {
  CLI::App* verb = parent.add_subcommand("watch", "Follow a rollout until it ends");
  auto id = std::make_shared<std::string>();
  verb->add_option("ID", *id, "the rollout")->required();
  verb->footer(
      "On a terminal a live view; in a pipe a line for each change; with -o json an object a "
      "line.\n"
      "Exit codes: 0 completed, 3 stopped, 4 emergency stop.  Ctrl-C ends the view, not the "
      "rollout.\n\n"
      "Examples:\n  belayctl rollout watch r-20261123-1\n  belayctl rollout watch r-20261123-1 -o "
      "json");
  verb->callback([&session, id] {
    session.run = [&session, id] {
      const std::unique_ptr<Client> client = Connect(session);
      return client == nullptr ? kExitOther : WatchUntilDone(session, *client, *id);
    };
  });
}

}  // namespace belay
