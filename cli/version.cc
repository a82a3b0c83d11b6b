#include <ostream>

#include "cli/render/words.h"
#include "cli/verbs.h"

namespace belay {

void AddVersion(CLI::App& parent, Session& session) {
  CLI::App* verb = parent.add_subcommand("version", "Print the version");
  verb->footer("Examples:\n  belayctl version");
  verb->callback([&session] {
    session.run = [&session] {
      session.out << "belayctl " << BELAY_VERSION << std::endl;
      return kExitDone;
    };
  });
}

}  // namespace belay
