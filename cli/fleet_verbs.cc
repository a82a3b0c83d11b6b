// fleet status, list, watch, pause, resume, abort, approve, retry.
#include <memory>
#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "cli/fleet_watch.h"
#include "cli/render/fleets.h"
#include "cli/render/json.h"
#include "cli/render/words.h"
#include "cli/verbs.h"
#include "common/base/safe_text.h"
#include "common/base/time_text.h"
#include "common/crypto/x509.h"
#include "common/os/pause.h"

namespace belay {
namespace {

constexpr std::int64_t kAskNs = 1'000'000'000;

struct Verb {
  const char* name;
  const char* help;
  v1::FleetVerb verb;
  bool needs_reason;
};
constexpr Verb kVerbs[] = {
    {"pause", "Begin nothing further in any cluster", v1::FLEET_VERB_PAUSE, false},
    {"resume", "Go on, also from a pause point", v1::FLEET_VERB_RESUME, false},
    {"abort", "End it; what is in flight goes on to its verdict", v1::FLEET_VERB_ABORT, true},
    {"approve", "Let one begin that somebody else has submitted", v1::FLEET_VERB_APPROVE, false},
    {"retry", "Take up a stopped one: what did not get there once more", v1::FLEET_VERB_RETRY,
     false},
};

struct Options {
  std::string id;
  std::string reason;
};

int Shown(Session& session, const v1::Fleet& fleet) {
  const int code = Print(session, fleet, [&] { return RenderFleet(fleet); });
  if (code == kExitDone && !fleet.next().empty()) {
    session.err << "next: " << SafeLine(fleet.next()) << std::endl;
  }
  return code != kExitDone ? code : ExitCodeOf(fleet);
}

int Status(Session& session, const std::string& id) {
  const std::unique_ptr<Client> client = Connect(session);
  if (client == nullptr) return kExitOther;
  v1::GetFleetRequest request;
  request.set_fleet_id(id);
  const absl::StatusOr<v1::Fleet> fleet = client->GetFleet(request);
  if (!fleet.ok()) return FailCall(session, fleet.status(), "belayctl fleet list");
  return Shown(session, *fleet);
}

int List(Session& session) {
  const std::unique_ptr<Client> client = Connect(session);
  if (client == nullptr) return kExitOther;
  const absl::StatusOr<v1::ListFleetsReply> reply = client->ListFleets(v1::ListFleetsRequest());
  if (!reply.ok()) return FailCall(session, reply.status(), "belayctl fleet list --help");
  return Print(session, *reply, [&] { return RenderFleetList(*reply); });
}

int Change(Session& session, const Verb& verb, const Options& options) {
  const std::unique_ptr<Client> client = Connect(session);
  if (client == nullptr) return kExitOther;
  v1::ChangeFleetRequest request;
  request.set_fleet_id(options.id);
  request.set_verb(verb.verb);
  request.set_reason(options.reason);
  request.set_request_id(RandomToken(16));
  const absl::StatusOr<v1::Fleet> fleet = client->ChangeFleet(request);
  if (!fleet.ok()) {
    return FailCall(session, fleet.status(), absl::StrCat("belayctl fleet status ", options.id));
  }
  return Print(session, *fleet, [&] { return RenderFleet(*fleet); });
}

}  // namespace

int WatchFleetUntilDone(Session& session, Client& client, const std::string& fleet_id) {
  const absl::StatusOr<std::int64_t> timeout_ms = TimeoutMs(session);
  if (!timeout_ms.ok()) return Fail(session, timeout_ms.status(), "belayctl --help", kExitUsage);
  v1::GetFleetRequest request;
  request.set_fleet_id(fleet_id);
  std::string last;
  std::int64_t heard_ns = session.clock.BootNowNs();
  Stopper nap;
  while (true) {
    const absl::StatusOr<v1::Fleet> fleet = client.GetFleet(request);
    if (fleet.ok()) {
      heard_ns = session.clock.BootNowNs();
      // What the nodes were told last is different each time and no news.
      v1::Fleet news = *fleet;
      for (v1::FleetCluster& cluster : *news.mutable_clusters()) cluster.clear_not_ready();
      const std::string text =
          session.output == "json" ? ToJsonLine(news) : absl::StrCat(news.summary(), "\n");
      if (text != last) {
        if (session.output != "json") {
          session.out << FormatUnixMillis(session.NowUnixMs()) << " ";
        }
        session.out << text << std::flush;
        last = text;
      }
      if (IsFinished(*fleet)) {
        if (!fleet->next().empty()) {
          session.err << "next: " << SafeLine(fleet->next()) << std::endl;
        }
        return ExitCodeOf(*fleet);
      }
    } else if (!absl::IsUnavailable(fleet.status()) && !absl::IsDeadlineExceeded(fleet.status())) {
      return FailCall(session, fleet.status(), "belayctl fleet list");
    } else if (session.clock.BootNowNs() - heard_ns > *timeout_ms * 1'000'000) {
      return FailCall(session, fleet.status(), absl::StrCat("belayctl fleet watch ", fleet_id));
    }
    nap.For(kAskNs);
  }
}

void AddFleetVerbs(CLI::App& parent, Session& session) {
  for (const Verb& verb : kVerbs) {
    CLI::App* command = parent.add_subcommand(verb.name, verb.help);
    auto options = std::make_shared<Options>();
    command->add_option("ID", options->id, "the fleet rollout")->required();
    CLI::Option* reason =
        command->add_option("--reason", options->reason, "why; it is kept for those who ask later");
    if (verb.needs_reason) reason->required();
    command->footer(
        absl::StrCat("What may be asked when: docs/fleet.md.\n\nExamples:\n  belayctl "
                     "fleet ",
                     verb.name, " f-0a1b2c3d4e5f",
                     verb.needs_reason ? " --reason 'the change window is over'" : ""));
    command->callback([&session, &verb, options] {
      session.run = [&session, &verb, options] { return Change(session, verb, *options); };
    });
  }
  auto id = std::make_shared<std::string>();
  CLI::App* status = parent.add_subcommand("status", "Show how a fleet rollout stands");
  status->add_option("ID", *id, "the fleet rollout")->required();
  status->footer(
      "Exit codes: 0 running or completed, 3 stopped.\n\nExamples:\n  belayctl fleet "
      "status f-0a1b2c3d4e5f");
  status->callback(
      [&session, id] { session.run = [&session, id] { return Status(session, *id); }; });
  CLI::App* watch = parent.add_subcommand("watch", "Follow a fleet rollout until it ends");
  watch->add_option("ID", *id, "the fleet rollout")->required();
  watch->footer(
      "A line for each change; with -o json an object. Exit codes: 0 completed, 3 "
      "stopped.\n\nExamples:\n  belayctl fleet watch f-0a1b2c3d4e5f");
  watch->callback([&session, id] {
    session.run = [&session, id] {
      const std::unique_ptr<Client> client = Connect(session);
      return client == nullptr ? kExitOther : WatchFleetUntilDone(session, *client, *id);
    };
  });
  CLI::App* list = parent.add_subcommand("list", "List fleet rollouts, the newest first");
  list->footer("Examples:\n  belayctl fleet list");
  list->callback([&session] { session.run = [&session] { return List(session); }; });
}

}  // namespace belay
