#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/duration.h"
#include "cli/files.h"
#include "cli/fleet_file.h"
#include "cli/fleet_watch.h"
#include "cli/render/fleets.h"
#include "cli/render/words.h"
#include "cli/verbs.h"
#include "cli/window_text.h"
#include "common/base/safe_text.h"
#include "common/base/status_macros.h"
#include "common/crypto/x509.h"
#include "common/plan/signed_file.h"
#include "common/select/selector.h"

namespace belay {
namespace {

struct Options {
  std::string plan;
  std::string file;
  std::vector<std::string> clusters;
  std::vector<std::string> canary;
  std::vector<std::string> waves;
  std::vector<std::string> windows;
  std::string selector;
  std::string canary_selector;
  std::string node_selector;
  std::string pause_after;
  std::string soak;
  std::string node_soak;
  std::string deadline;
  std::uint32_t parallel = 0;
  std::uint32_t failure_budget = 0;
  bool every_cluster = false;
  bool approval = false;
  bool dry_run = false;
  bool watch = false;
};

absl::Status SetDuration(const std::string& flag, const std::string& text,
                         const std::function<void(std::uint64_t)>& set) {
  if (text.empty()) return absl::OkStatus();
  const absl::StatusOr<std::int64_t> seconds = ParseSeconds(text);
  if (!seconds.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(flag, ": ", std::string(seconds.status().message())));
  }
  set(static_cast<std::uint64_t>(*seconds) * 1000);
  return absl::OkStatus();
}

// The file first; what is given as a flag too takes its place.
absl::StatusOr<v1::FleetStrategy> StrategyOf(const Options& options) {
  v1::FleetStrategy strategy;
  if (!options.file.empty()) {
    ASSIGN_OR_RETURN(const std::string text, ReadUserFile(options.file));
    ASSIGN_OR_RETURN(strategy, ParseFleetFile(text, options.file));
  }
  v1::FleetOptions& how = *strategy.mutable_options();
  if (!options.clusters.empty()) {
    *strategy.mutable_clusters() = {options.clusters.begin(), options.clusters.end()};
  }
  if (!options.canary.empty()) {
    *strategy.mutable_canary() = {options.canary.begin(), options.canary.end()};
  }
  if (!options.selector.empty()) strategy.set_selector(options.selector);
  if (!options.canary_selector.empty()) strategy.set_canary_selector(options.canary_selector);
  if (!options.node_selector.empty()) how.set_node_selector(options.node_selector);
  for (const std::string& text :
       {options.selector, options.canary_selector, options.node_selector}) {
    if (!text.empty()) RETURN_IF_ERROR(ParseSelector(text).status());
  }
  if (!options.windows.empty()) how.clear_windows();
  for (const std::string& text : options.windows) {
    const absl::StatusOr<v1::MaintenanceWindow> window = ParseWindow(text);
    if (!window.ok()) return WithContext(window.status(), "--window");
    *how.add_windows() = *window;
  }
  if (!options.waves.empty()) strategy.clear_waves();
  for (const std::string& text : options.waves) {
    ASSIGN_OR_RETURN(*strategy.add_waves(), ParseWave(text));
  }
  if (options.every_cluster) strategy.set_every_cluster(true);
  if (!options.pause_after.empty()) {
    strategy.set_pause_after_canary(options.pause_after == "canary");
    strategy.set_pause_after_each(options.pause_after == "each");
  }
  if (options.parallel > 0) how.set_parallel(options.parallel);
  if (options.failure_budget > 0) how.set_failure_budget(options.failure_budget);
  if (options.approval) how.set_approval(true);
  RETURN_IF_ERROR(SetDuration("--soak", options.soak, [&](auto ms) { how.set_soak_ms(ms); }));
  RETURN_IF_ERROR(
      SetDuration("--node-soak", options.node_soak, [&](auto ms) { how.set_node_soak_ms(ms); }));
  RETURN_IF_ERROR(
      SetDuration("--deadline", options.deadline, [&](auto ms) { how.set_deadline_ms(ms); }));
  return strategy;
}

absl::StatusOr<v1::SignedPlan> SignedPlanOf(const std::string& file) {
  ASSIGN_OR_RETURN(const std::string text, ReadUserFile(file));
  if (!LooksSigned(text)) {
    return absl::InvalidArgumentError(absl::StrCat(file, " is not signed; nothing was started"));
  }
  return ReadSignedPlanFile(text);
}

int Start(Session& session, const Options& options) {
  absl::StatusOr<v1::SignedPlan> plan = SignedPlanOf(options.plan);
  if (!plan.ok()) {
    return Fail(session, plan.status(),
                absl::StrCat("belayctl plan sign ", options.plan, " --key KEY --out SIGNED"));
  }
  absl::StatusOr<v1::FleetStrategy> strategy = StrategyOf(options);
  if (!strategy.ok()) return Fail(session, strategy.status(), "belayctl fleet start --help");
  const std::unique_ptr<Client> client = Connect(session);
  if (client == nullptr) return kExitOther;
  v1::StartFleetRequest request;
  *request.mutable_plan() = *std::move(plan);
  *request.mutable_strategy() = *std::move(strategy);
  request.set_request_id(RandomToken(16));
  request.set_dry_run(options.dry_run);
  const absl::StatusOr<v1::Fleet> fleet = client->StartFleet(request);
  if (!fleet.ok()) return FailCall(session, fleet.status(), "belayctl node list");
  if (options.dry_run) {
    return Print(session, *fleet, [&] { return RenderFleetPreview(*fleet); });
  }
  const int code = Print(session, *fleet, [&] {
    return absl::StrCat(
        RenderFleet(*fleet),
        options.watch ? ""
                      : absl::StrCat("next: belayctl fleet watch ", SafeLine(fleet->id()), "\n"));
  });
  if (code != kExitDone || !options.watch) return code;
  return WatchFleetUntilDone(session, *client, fleet->id());
}

}  // namespace

void AddFleetStart(CLI::App& parent, Session& session) {
  CLI::App* verb = parent.add_subcommand(
      "start", "Carry a signed plan out on several clusters: a canary first, then in waves");
  auto options = std::make_shared<Options>();
  verb->add_option("PLAN", options->plan, "a signed plan")->required();
  verb->add_option("--file", options->file,
                   "a rollout file (kind: Rollout); a flag takes the place of what is in it");
  verb->add_option("--clusters", options->clusters, "these clusters")->delimiter(',');
  verb->add_option("-l,--selector", options->selector,
                   "those with such labels: a=b, a!=b, a in (x,y), a notin (x), a, !a");
  verb->add_option("--canary-selector", options->canary_selector,
                   "those with such labels into the canary");
  verb->add_option("--node-selector", options->node_selector,
                   "of each cluster only the nodes with such labels (belayctl node label)");
  verb->add_option("--window", options->windows,
                   "begin a node only within it: 'sat,sun 22:00-04:00', every week, UTC; several "
                   "for several windows");
  verb->add_flag("--every-cluster", options->every_cluster, "all that have enrolled nodes");
  verb->add_option("--canary", options->canary,
                   "these before all others; any fall in one of them stops everything")
      ->delimiter(',');
  verb->add_option("--wave", options->waves,
                   "then so many at a time, such as 2 or 50%; several for several waves, the last "
                   "is repeated (default: all others are one wave)")
      ->delimiter(',');
  verb->add_option("--parallel", options->parallel, "clusters under way at a time (default: 1)");
  verb->add_option("--failure-budget", options->failure_budget,
                   "clusters that may fall before everything is stopped (default: 0)");
  verb->add_option("--soak", options->soak, "wait this long after the canary and each wave");
  verb->add_option("--node-soak", options->node_soak, "and this long after each node");
  verb->add_option("--pause-after", options->pause_after,
                   "canary or each: then wait for belayctl fleet resume")
      ->check(CLI::IsMember({"canary", "each"}));
  verb->add_option("--deadline", options->deadline, "begin nothing any more when this has passed");
  verb->add_flag("--approval", options->approval,
                 "begin only when somebody else has said: belayctl fleet approve");
  verb->add_flag("--dry-run", options->dry_run,
                 "start nothing: show each node in its order, and what would hold it now");
  verb->add_flag("--watch", options->watch, "follow it until it ends");
  verb->footer(
      "Exit codes with --watch: 0 completed, 3 stopped.\n\n"
      "Examples:\n  belayctl fleet start audit.plan --every-cluster --canary staging --wave 25% "
      "--dry-run\n  belayctl fleet start audit.plan --selector env=prod --canary-selector "
      "env=staging --window 'sat,sun 22:00-04:00'\n"
      "  belayctl fleet start audit.plan --file rollout.yaml --watch");
  verb->callback([&session, options] {
    session.run = [&session, options] { return Start(session, *options); };
  });
}

}  // namespace belay
