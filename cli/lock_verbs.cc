// lock list, take, release, break.
#include <memory>
#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "cli/duration.h"
#include "cli/render/locks.h"
#include "cli/render/words.h"
#include "cli/verbs.h"
#include "common/base/safe_text.h"

namespace belay {
namespace {

struct Options {
  std::string cluster;
  std::string reason;
  std::string duration = "2h";
  std::string id;
  bool history = false;
};

std::string Listing(const Options& options) {
  return absl::StrCat("belayctl lock list --cluster ", options.cluster);
}

int List(Session& session, const Options& options) {
  const std::unique_ptr<Client> client = Connect(session);
  if (client == nullptr) return kExitOther;
  v1::ListLocksRequest request;
  request.set_cluster(options.cluster);
  request.set_history(options.history);
  const absl::StatusOr<v1::ListLocksReply> reply = client->ListLocks(request);
  if (!reply.ok()) return FailCall(session, reply.status(), "belayctl lock list --help");
  return Print(session, *reply, [&] {
    return options.history ? RenderLockHistory(*reply)
                           : RenderLocks(*reply, session.NowUnixMs(), session.output == "wide");
  });
}

int Take(Session& session, const Options& options) {
  const absl::StatusOr<std::int64_t> seconds = ParseSeconds(options.duration);
  if (!seconds.ok()) {
    return Fail(session,
                absl::InvalidArgumentError(absl::StrCat(
                    "--for: ", std::string(seconds.status().message()), "; nothing was changed")),
                "belayctl lock take --help", kExitUsage);
  }
  const std::unique_ptr<Client> client = Connect(session);
  if (client == nullptr) return kExitOther;
  v1::TakeLockRequest request;
  request.set_cluster(options.cluster);
  request.set_reason(options.reason);
  request.set_for_ms(static_cast<std::uint64_t>(*seconds) * 1000);
  const absl::StatusOr<v1::Lock> lock = client->TakeLock(request);
  if (!lock.ok()) return FailCall(session, lock.status(), Listing(options));
  return Print(session, *lock, [&] {
    return absl::StrCat("cluster ", SafeLine(lock->cluster()), " ", LockLine(*lock),
                        "\nnext: belayctl lock release ", SafeLine(lock->cluster()), "\n");
  });
}

int Release(Session& session, const Options& options) {
  const std::unique_ptr<Client> client = Connect(session);
  if (client == nullptr) return kExitOther;
  v1::ReleaseLockRequest request;
  request.set_cluster(options.cluster);
  const absl::StatusOr<v1::ReleaseLockReply> reply = client->ReleaseLock(request);
  if (!reply.ok()) return FailCall(session, reply.status(), Listing(options));
  return Print(session, *reply, [&] {
    return absl::StrCat("cluster ", SafeLine(options.cluster),
                        reply->has_released() ? " is released\n" : " was not locked\n");
  });
}

int Break(Session& session, const Options& options) {
  const std::unique_ptr<Client> client = Connect(session);
  if (client == nullptr) return kExitOther;
  v1::BreakLockRequest request;
  request.set_cluster(options.cluster);
  request.set_reason(options.reason);
  request.set_lock_id(options.id);
  const absl::StatusOr<v1::BreakLockReply> reply = client->BreakLock(request);
  if (!reply.ok()) return FailCall(session, reply.status(), Listing(options));
  return Print(session, *reply, [&] {
    return absl::StrCat("cluster ", SafeLine(options.cluster),
                        " is free; broken: ", LockLine(reply->broken()), "\n");
  });
}

void AddVerb(CLI::App& verb, Session& session, const std::shared_ptr<Options>& options,
             int (*run)(Session&, const Options&)) {
  verb.callback([&session, options, run] {
    session.run = [&session, options, run] { return run(session, *options); };
  });
}

void AddTake(CLI::App& parent, Session& session) {
  CLI::App* verb = parent.add_subcommand(
      "take", "Keep the rollouts of others off a cluster; again by its owner: renew it");
  auto options = std::make_shared<Options>();
  verb->add_option("CLUSTER", options->cluster, "the cluster")->required();
  verb->add_option("--reason", options->reason, "why; it is shown to whoever is held by it")
      ->required();
  verb->add_option("--for", options->duration,
                   "how long at most, 1m to 30d; then it holds nothing any more")
      ->capture_default_str();
  verb->footer(
      "A rollout that runs there is held before its next node; what is in flight goes on.\n"
      "Your own rollouts are not held.  Exit codes: 0 taken, 1 refused: somebody else holds it.\n\n"
      "Examples:\n  belayctl lock take prod --reason 'etcd disk is being replaced on cp2' --for "
      "2h");
  AddVerb(*verb, session, options, Take);
}

void AddRelease(CLI::App& parent, Session& session) {
  CLI::App* verb = parent.add_subcommand("release", "Give a lock back that you have taken");
  auto options = std::make_shared<Options>();
  verb->add_option("CLUSTER", options->cluster, "the cluster")->required();
  verb->footer(
      "Exit codes: 0 released, or it was not locked; 1 refused: it is somebody else's.\n\n"
      "Examples:\n  belayctl lock release prod");
  AddVerb(*verb, session, options, Release);
}

void AddBreak(CLI::App& parent, Session& session) {
  CLI::App* verb = parent.add_subcommand(
      "break", "Take somebody's lock away; who did it and why is kept: lock list --history");
  auto options = std::make_shared<Options>();
  verb->add_option("CLUSTER", options->cluster, "the cluster")->required();
  verb->add_option("--reason", options->reason, "why its owner cannot release it")->required();
  verb->add_option("--id", options->id, "only if it is still this lock (lock list -o wide)");
  verb->footer(
      "What a rollout holds is ended by belayctl rollout abort, not by this.\n"
      "Exit codes: 0 broken, 1 refused.\n\n"
      "Examples:\n  belayctl lock break prod --reason 'bob is on leave, his work is done' --id "
      "l-0a1b2c3d4e5f");
  AddVerb(*verb, session, options, Break);
}

}  // namespace

void AddLockVerbs(CLI::App& parent, Session& session) {
  CLI::App* verb = parent.add_subcommand("list", "Show which clusters are held, and by whom");
  auto options = std::make_shared<Options>();
  verb->add_option("--cluster", options->cluster, "only of this cluster");
  verb->add_flag("--history", options->history, "what has happened to locks instead");
  verb->footer(
      "Examples:\n  belayctl lock list\n  belayctl lock list --cluster prod --history\n"
      "  belayctl lock list -o wide");
  AddVerb(*verb, session, options, List);
  AddTake(parent, session);
  AddRelease(parent, session);
  AddBreak(parent, session);
}

}  // namespace belay
