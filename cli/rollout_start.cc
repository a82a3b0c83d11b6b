#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/files.h"
#include "cli/render/json.h"
#include "cli/render/preview.h"
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
  std::string node_selector;
  RolloutFlags flags;
  bool watch = false;
  bool dry_run = false;
  bool detailed = false;
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

// The coordinator says who goes when and what holds it, the nodes what would change on each.
int DryRun(Session& session, const Options& options, Client& client,
           const v1::RemediationPlan& plan, v1::StartRolloutRequest request) {
  request.set_dry_run(true);
  absl::StatusOr<v1::StartRolloutReply> reply = client.StartRollout(request);
  const std::string next = absl::StrCat("belayctl node list --cluster ", options.cluster);
  if (!reply.ok()) return FailCall(session, reply.status(), next);
  const absl::StatusOr<std::int64_t> timeout_ms = TimeoutMs(session);
  if (!timeout_ms.ok()) return Fail(session, timeout_ms.status(), "belayctl --help", kExitUsage);
  v1::DiffPlanRequest question;
  question.set_cluster(options.cluster);
  *question.mutable_plan() = request.plan();
  // What is not there by then will not come; the rest of the time is for the way back.
  question.set_wait_ms(static_cast<std::uint32_t>(*timeout_ms - *timeout_ms / 5));
  const absl::StatusOr<v1::DiffPlanReply> diffs = client.DiffPlan(question);
  if (!diffs.ok()) return FailCall(session, diffs.status(), next);
  for (v1::RolloutPreviewNode& node : *reply->mutable_preview()->mutable_nodes()) {
    for (const v1::NodeDiffResult& diff : diffs->nodes()) {
      if (diff.node() != node.name()) continue;
      if (diff.has_diff()) *node.mutable_diff() = diff.diff();
      node.set_missing(diff.missing());
    }
  }
  const int code =
      Print(session, *reply, [&] { return RenderPreview(*reply, plan, options.cluster); });
  return code != kExitDone || !options.detailed ? code : DetailedExitCode(*reply);
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
  request.set_node_selector(options.node_selector);
  // A coordinator that does not know dry runs refuses what has no request id, and starts nothing.
  if (!options.dry_run) request.set_request_id(RandomToken(16));
  *request.mutable_options() = *wanted;
  if (options.dry_run) {
    const absl::StatusOr<v1::RemediationPlan> decoded = DecodeUnverified(request.plan());
    if (!decoded.ok()) return Fail(session, decoded.status(), sign);
    return DryRun(session, options, *client, *decoded, std::move(request));
  }
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
                   "the nodes in this order; by default by name, but the holder of the virtual "
                   "address late and the etcd leader last")
      ->delimiter(',');
  verb->add_option("--node-selector", options->node_selector,
                   "only the nodes with such labels (belayctl node label): rack=a1,!spare")
      ->excludes("--order");
  AddRolloutFlags(*verb, options->flags);
  CLI::Option* watch = verb->add_flag("--watch", options->watch, "follow it until it ends");
  CLI::Option* dry_run = verb->add_flag(
      "--dry-run", options->dry_run,
      "start and record nothing: show each node in its order, why there, what would hold it now, "
      "and what would change on it");
  dry_run->excludes(watch);
  verb->add_flag("--detailed-exitcode", options->detailed, "with --dry-run: exit codes say more")
      ->needs(dry_run);
  verb->footer(
      "Exit codes with --dry-run: 0 it would start, 1 it would be refused; with "
      "--detailed-exitcode 0 nothing would change, 2 something would, 1 refused or a node has not "
      "said.\n"
      "Exit codes with --watch: 0 completed, 3 stopped, 4 emergency stop.\n\n"
      "Examples:\n  belayctl rollout start audit-logging.plan --cluster prod --watch\n"
      "  belayctl rollout start audit-logging.plan --cluster prod --order cp3,cp1,cp2\n"
      "  belayctl rollout start audit-logging.plan --cluster prod --window 'sat,sun 22:00-04:00' "
      "--dry-run");
  verb->callback([&session, options] {
    session.run = [&session, options] { return Start(session, *options); };
  });
}

}  // namespace belay
