// rollout pause, resume, abort, approve, retry: one call each, the same words for all.
#include <memory>
#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "cli/render/rollouts.h"
#include "cli/render/words.h"
#include "cli/verbs.h"
#include "common/base/safe_text.h"
#include "common/crypto/x509.h"

namespace belay {
namespace {

struct Verb {
  const char* name;
  const char* help;
  RolloutChange change;
  bool needs_reason;
};
constexpr Verb kVerbs[] = {
    {"pause", "Begin no further node; what is in flight goes on", RolloutChange::Pause, false},
    {"resume", "Go on with a paused rollout", RolloutChange::Resume, false},
    {"abort", "End a rollout; what is in flight goes on to its verdict", RolloutChange::Abort,
     true},
    {"approve", "Let a rollout begin that somebody else has submitted", RolloutChange::Approve,
     false},
    {"retry", "Take up a stopped rollout: what has fallen once more, then what never began",
     RolloutChange::Retry, false},
};

struct Options {
  std::string id;
  std::string reason;
};

int Change(Session& session, const Verb& verb, const Options& options) {
  const std::unique_ptr<Client> client = Connect(session);
  if (client == nullptr) return kExitOther;
  v1::ChangeRolloutRequest request;
  request.set_rollout_id(options.id);
  request.set_reason(options.reason);
  request.set_request_id(RandomToken(16));
  const absl::StatusOr<v1::Rollout> rollout = client->ChangeRollout(verb.change, request);
  if (!rollout.ok()) {
    return FailCall(session, rollout.status(),
                    absl::StrCat("belayctl rollout status ", options.id));
  }
  return Print(session, *rollout, [&] {
    std::string text =
        absl::StrCat("rollout ", SafeLine(rollout->id()), " ", OutcomeLine(*rollout), "\n");
    if (!IsFinished(*rollout)) {
      absl::StrAppend(&text, "next: belayctl rollout watch ", SafeLine(rollout->id()), "\n");
    }
    return text;
  });
}

}  // namespace

void AddRolloutVerbs(CLI::App& parent, Session& session) {
  for (const Verb& verb : kVerbs) {
    CLI::App* command = parent.add_subcommand(verb.name, verb.help);
    auto options = std::make_shared<Options>();
    command->add_option("ID", options->id, "the rollout")->required();
    CLI::Option* reason = command->add_option("--reason", options->reason,
                                              "why, for those who ask later; it is kept");
    if (verb.needs_reason) reason->required();
    command->footer(
        absl::StrCat("Exit codes: 0 done or done before, 1 refused; what may be asked when: "
                     "docs/rollout-states.md.\n\nExamples:\n  belayctl rollout ",
                     verb.name, " r-0a1b2c3d4e5f",
                     verb.needs_reason ? " --reason 'change window is over'" : ""));
    command->callback([&session, &verb, options] {
      session.run = [&session, &verb, options] { return Change(session, verb, *options); };
    });
  }
}

}  // namespace belay
