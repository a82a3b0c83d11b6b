#include <memory>
#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/render/json.h"
#include "cli/render/words.h"
#include "cli/rollout_flags.h"
#include "cli/verbs.h"
#include "cli/watch_loop.h"
#include "common/base/safe_text.h"
#include "common/crypto/x509.h"

namespace belay {
namespace {

struct Options {
  std::string id;
  std::string to_phase;
  RolloutFlags flags;
  bool watch = false;
};

int Revert(Session& session, const Options& options) {
  const absl::StatusOr<v1::RolloutOptions> wanted = OptionsOf(options.flags);
  if (!wanted.ok()) return Fail(session, wanted.status(), "belayctl rollout revert --help");
  const std::unique_ptr<Client> client = Connect(session);
  if (client == nullptr) return kExitOther;
  v1::RevertRolloutRequest request;
  request.set_rollout_id(options.id);
  request.set_request_id(RandomToken(16));
  request.set_to_phase(options.to_phase);
  *request.mutable_options() = *wanted;
  const absl::StatusOr<v1::StartRolloutReply> reply = client->RevertRollout(request);
  if (!reply.ok()) {
    return FailCall(session, reply.status(), absl::StrCat("belayctl rollout status ", options.id));
  }
  const std::string id = SafeLine(reply->rollout_id());
  if (options.watch && session.output == "json") {
    session.out << ToJsonLine(*reply) << std::flush;
  } else {
    const int code = Print(session, *reply, [&] {
      return absl::StrCat(
          "rollout ", id, " puts back what ", SafeLine(options.id), " has changed",
          options.to_phase.empty()
              ? ""
              : absl::StrCat(" after phase \"", SafeLine(options.to_phase), "\""),
          "\norder   ", SafeLine(absl::StrJoin(reply->order(), ", ")), " (",
          SafeLine(reply->order_reason()), ")\n",
          options.watch ? "" : absl::StrCat("next: belayctl rollout watch ", id, "\n"));
    });
    if (code != kExitDone) return code;
  }
  return options.watch ? WatchUntilDone(session, *client, reply->rollout_id()) : kExitDone;
}

}  // namespace

void AddRolloutRevert(CLI::App& parent, Session& session) {
  CLI::App* verb = parent.add_subcommand(
      "revert", "Put back what an ended rollout has changed, as a rollout of its own");
  auto options = std::make_shared<Options>();
  verb->add_option("ID", options->id, "the rollout that has ended")->required();
  verb->add_option("--to-phase", options->to_phase,
                   "keep this phase of its plan and those before it; put back the later ones");
  AddRolloutFlags(*verb, options->flags);
  verb->add_flag("--watch", options->watch, "follow it until it ends");
  verb->footer(
      "Each node that has begun finds in its own journal what it has to put back, the last node\n"
      "first; every step is gated as it was on the way there, and goes forward again when its old\n"
      "configuration does not get healthy. Asked again it answers with the same rollout.\n"
      "Phases go back in the opposite order too: the last one on every node, then the one before.\n"
      "Exit codes with --watch: 0 completed, 3 stopped, 4 emergency stop.\n\n"
      "Example:\n  belayctl rollout revert r-0a1b2c3d4e5f --watch\n"
      "  belayctl rollout revert r-0a1b2c3d4e5f --to-phase readable");
  verb->callback([&session, options] {
    session.run = [&session, options] { return Revert(session, *options); };
  });
}

}  // namespace belay
