#include <limits>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "cli/plan_file.h"
#include "cli/render/diff.h"
#include "cli/render/words.h"
#include "cli/verbs.h"
#include "common/os/posix_file_system.h"
#include "node-agent/change/plan_changes.h"

namespace belay {
namespace {

struct Options {
  std::string plan;
  std::string root;
  std::string manifest_dir = "/etc/kubernetes/manifests";
  std::string cluster;
  std::string node;
};

int DiffRoot(Session& session, const Options& options, const v1::RemediationPlan& plan) {
  const auto root = PosixFileSystem::Open(options.root);
  if (!root.ok()) {
    return Fail(session, root.status(), absl::StrCat("ls -ld ", options.root), kExitUsage);
  }
  const v1::NodeDiff diff = DiffOf(ChangesOfPlan(plan, options.manifest_dir, **root), Shown::All,
                                   std::numeric_limits<std::size_t>::max());
  const int printed =
      Print(session, diff, [&] { return RenderDiff(diff, !session.out_is_terminal); });
  if (printed != kExitDone) return kExitUsage;
  if (diff.refused().empty()) return DiffExitCode(diff);
  return Fail(session, absl::FailedPreconditionError(absl::StrCat("refused: ", diff.refused())),
              absl::StrCat("${EDITOR:-vi} ", options.plan), kExitRefused);
}

int DiffCluster(Session& session, const Options& options, const PlanFile& plan) {
  if (!plan.signed_plan) {
    return Fail(
        session,
        absl::InvalidArgumentError("nodes look at signed plans only: this one is not signed"),
        absl::StrCat("belayctl plan sign ", options.plan, " --key KEY --out signed.plan"),
        kExitUsage);
  }
  const std::unique_ptr<Client> client = Connect(session);
  const absl::StatusOr<std::int64_t> timeout_ms = TimeoutMs(session);
  if (client == nullptr || !timeout_ms.ok()) return kExitUsage;
  v1::DiffPlanRequest request;
  request.set_cluster(options.cluster);
  request.set_node(options.node);
  *request.mutable_plan() = *plan.signed_plan;
  // What is not there by then will not come; the rest of the time is for the way back.
  request.set_wait_ms(static_cast<std::uint32_t>(*timeout_ms - *timeout_ms / 5));
  const absl::StatusOr<v1::DiffPlanReply> reply = client->DiffPlan(request);
  if (!reply.ok()) {
    FailCall(session, reply.status(),
             absl::StrCat("belayctl node list --cluster ", options.cluster));
    return kExitUsage;
  }
  const int printed = Print(session, *reply, [&] { return RenderDiffs(*reply); });
  return printed == kExitDone ? DiffExitCode(*reply) : kExitUsage;
}

int Diff(Session& session, const Options& options) {
  if (options.root.empty() == options.cluster.empty() ||
      (!options.node.empty() && options.cluster.empty())) {
    return Fail(session,
                absl::InvalidArgumentError(
                    "give either --root DIR, or --cluster CLUSTER with or without --node NODE"),
                "belayctl plan diff --help", kExitUsage);
  }
  const std::optional<PlanFile> plan = LoadPlan(session, options.plan, "compared");
  if (!plan) return kExitUsage;
  return options.root.empty() ? DiffCluster(session, options, *plan)
                              : DiffRoot(session, options, plan->plan);
}

}  // namespace

void AddPlanDiff(CLI::App& parent, Session& session) {
  CLI::App* verb = parent.add_subcommand(
      "diff", "Show what a plan would change, as unified diffs, without changing anything");
  auto options = std::make_shared<Options>();
  verb->add_option("PLAN", options->plan, "a plan in YAML or a signed one; --cluster needs that")
      ->required();
  verb->add_option("--root", options->root,
                   "where a node's file system lies; no coordinator is asked");
  verb->add_option("--manifest-dir", options->manifest_dir, "of static pods, below --root")
      ->capture_default_str();
  verb->add_option("--cluster", options->cluster, "ask the nodes of this cluster");
  verb->add_option("--node", options->node, "only this one");
  verb->footer(
      "Each step is shown over what the steps before it would leave. With --cluster every "
      "connected "
      "node verifies the plan's signature, its window and its own policy as before carrying it "
      "out, "
      "and answers with its own diff; of files that not everybody on the node may read (manifests "
      "apart) it shows only how much would change.\n\n"
      "Exit codes: 0 nothing would change, 1 something would, 11 it would be refused, 2 anything "
      "else (wrong usage, no plan, no coordinator, a node without an answer).\n\n"
      "Examples:\n  belayctl plan diff audit-logging.yaml --root /\n"
      "  belayctl plan diff audit-logging.plan --cluster prod --node cp1");
  verb->callback([&session, options] {
    session.run = [&session, options] { return Diff(session, *options); };
  });
}

}  // namespace belay
