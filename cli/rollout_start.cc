#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/files.h"
#include "cli/render/json.h"
#include "cli/render/words.h"
#include "cli/rollout_flags.h"
#include "cli/verbs.h"
#include "cli/watch_loop.h"
#include "common/base/safe_text.h"
#include "common/crypto/x509.h"
#include "common/plan/sign.h"
#include "common/plan/signed_file.h"

namespace belay {
namespace {

struct Options {
  std::string file;
  std::string cluster;
  std::vector<std::string> order;
  RolloutFlags flags;
  bool watch = false;
};

std::string Started(const v1::StartRolloutReply& reply, const Options& options) {
  return absl::StrCat(
      "rollout ", SafeLine(reply.rollout_id()), " started on ", SafeLine(options.cluster),
      "\norder   ", SafeLine(absl::StrJoin(reply.order(), ", ")),
      reply.order_reason().empty() ? "" : absl::StrCat(" (", SafeLine(reply.order_reason()), ")"),
      "\n",
      options.watch
          ? ""
          : absl::StrCat("next: belayctl rollout watch ", SafeLine(reply.rollout_id()), "\n"));
}

int Start(Session& session, const Options& options) {
  const absl::StatusOr<std::string> text = ReadUserFile(options.file);
  if (!text.ok()) return Fail(session, text.status(), absl::StrCat("ls -l ", options.file));
  const std::string sign =
      absl::StrCat("belayctl plan sign ", options.file, " --key KEY --out SIGNED");
  if (!LooksSigned(*text)) {
    return Fail(session,
                absl::InvalidArgumentError(
                    absl::StrCat(options.file, " is not signed; nothing was started")),
                sign);
  }
  absl::StatusOr<v1::SignedPlan> plan = ReadSignedPlanFile(*text);
  if (!plan.ok()) return Fail(session, plan.status(), sign);
  const absl::StatusOr<v1::RolloutOptions> wanted = OptionsOf(options.flags);
  if (!wanted.ok()) return Fail(session, wanted.status(), "belayctl rollout start --help");
  const std::unique_ptr<Client> client = Connect(session);
  if (client == nullptr) return kExitOther;
  v1::StartRolloutRequest request;
  request.set_cluster(options.cluster);
  *request.mutable_plan() = std::move(*plan);
  for (const std::string& node : options.order) request.add_order(node);
  request.set_request_id(RandomToken(16));
  *request.mutable_options() = *wanted;
  const absl::StatusOr<v1::StartRolloutReply> reply = client->StartRollout(request);
  if (!reply.ok()) {
    return FailCall(session, reply.status(),
                    absl::StrCat("belayctl node list --cluster ", options.cluster));
  }
  if (options.watch && session.output == "json") {
    session.out << ToJsonLine(*reply) << std::flush;
  } else {
    const int code = Print(session, *reply, [&] { return Started(*reply, options); });
    if (code != kExitDone) return code;
  }
  return options.watch ? WatchUntilDone(session, *client, reply->rollout_id()) : kExitDone;
}

}  // namespace

void AddRolloutStart(CLI::App& parent, Session& session) {
  CLI::App* verb = parent.add_subcommand(
      "start", "Carry a signed plan out on a cluster, one node after the other");
  auto options = std::make_shared<Options>();
  verb->add_option("PLAN", options->file, "a signed plan")->required();
  verb->add_option("--cluster", options->cluster, "the cluster")->required();
  verb->add_option("--order", options->order,
                   "the nodes in this order; by default the etcd leader last where it is known, "
                   "else by name")
      ->delimiter(',');
  AddRolloutFlags(*verb, options->flags);
  verb->add_flag("--watch", options->watch, "follow it until it ends");
  verb->footer(
      "Exit codes with --watch: 0 completed, 3 stopped, 4 emergency stop.\n\n"
      "Examples:\n  belayctl rollout start audit-logging.plan --cluster prod --watch\n"
      "  belayctl rollout start audit-logging.plan --cluster prod --order cp3,cp1,cp2\n"
      "  belayctl rollout start audit-logging.plan --cluster prod --window 'sat,sun 22:00-04:00'");
  verb->callback([&session, options] {
    session.run = [&session, options] { return Start(session, *options); };
  });
}

}  // namespace belay
