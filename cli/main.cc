// belayctl: what an operator types.  Parses the command line and runs one verb.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/duration.h"
#include "cli/render/words.h"
#include "cli/session.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "common/os/system_clock.h"
#include "common/plan/suggest.h"
#include "common/rpc/tls.h"

namespace belay {
namespace {

CLI::App& Group(CLI::App& root, const std::string& name, const std::string& description) {
  CLI::App* group = root.add_subcommand(name, description);
  group->require_subcommand(1);
  group->fallthrough();
  return *group;
}

void AddVerbs(CLI::App& root, Session& session) {
  CLI::App& plan = Group(root, "plan", "Write, check and sign plans");
  AddPlanLint(plan, session);
  AddPlanSign(plan, session);
  AddPlanAttach(plan, session);
  AddPlanShow(plan, session);
  AddPlanRender(plan, session);
  AddPlanDiff(plan, session);
  CLI::App& key = Group(root, "key", "Keys for signing plans");
  AddKeyGenerate(key, session);
  AddKeyPublic(key, session);
  CLI::App& token = Group(root, "token", "Tokens with which nodes join");
  AddTokenCreate(token, session);
  AddTokenVerbs(token, session);
  AddCertVerbs(Group(root, "cert", "Certificates of nodes and operators"), session);
  CLI::App& node = Group(root, "node", "Control-plane nodes");
  AddNodeList(node, session);
  AddNodeLabel(node, session);
  AddNodeClearEmergency(node, session);
  CLI::App& rollout = Group(root, "rollout", "Carry plans out");
  AddRolloutStart(rollout, session);
  AddRolloutWatch(rollout, session);
  AddRolloutStatus(rollout, session);
  AddRolloutList(rollout, session);
  AddRolloutVerbs(rollout, session);
  AddRolloutRevert(rollout, session);
  CLI::App& fleet = Group(root, "fleet", "Carry plans out on several clusters");
  AddFleetStart(fleet, session);
  AddFleetVerbs(fleet, session);
  AddClusterVerbs(Group(root, "cluster", "Clusters and their labels"), session);
  AddLockVerbs(Group(root, "lock", "Keep the rollouts of others off a cluster"), session);
  AddCatalogVerbs(Group(root, "catalog", "What benchmarks ask of a node"), session);
  AddRoleVerbs(Group(root, "role", "What operators may do"), session);
  AddAuditTrailVerbs(Group(root, "audit-trail", "What was called, by whom, and what came of it"),
                     session);
  AddEdit(root, session);
  AddReport(root, session);
  AddCompletion(root, session);
  AddVersion(root, session);
}

// Help of a verb shows its own options only; this says where the others are.
void MentionGlobalOptions(CLI::App& app) {
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
    command->footer(absl::StrCat(command->get_footer(), command->get_footer().empty() ? "" : "\n\n",
                                 "Global options: --config, --timeout, -o; see belayctl --help."));
    MentionGlobalOptions(*command);
  }
}

// CLI11 says only that a command is missing where an unknown one was typed.
std::string UnknownCommand(const CLI::App& root) {
  const CLI::App* at = &root;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  std::vector<std::string> known;
  for (const CLI::App* command : at->get_subcommands([](const CLI::App*) { return true; })) {
    known.push_back(command->get_name());
  }
  for (const std::string& word : root.remaining(true)) {
    if (known.empty() || absl::StartsWith(word, "-")) continue;
    return absl::StrCat("unknown command '", word, "'", DidYouMean(word, known));
  }
  return "";
}

// The deepest command that was named, for "next: ... --help".
std::string NamedCommand(const CLI::App& root) {
  std::string path = "belayctl";
  const CLI::App* at = &root;
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().front();
    path += " " + at->get_name();
  }
  return path;
}

int Main(int argc, char** argv) {
  RequireTls13();
  const absl::StatusOr<std::unique_ptr<SystemClock>> clock = SystemClock::Open();
  if (!clock.ok()) {
    std::cerr << "belayctl: " << clock.status().message() << "\nnext: ls -l /proc" << std::endl;
    return kExitOther;
  }
  Session session{std::cout, std::cerr, **clock, OutputIsTerminal(), "", "30s", "table", {}};
  CLI::App root("belayctl rolls hardening out to control-plane nodes, one at a time.", "belayctl");
  root.require_subcommand(1);
  root.fallthrough();
  root.add_option(
      "--config", session.config_path,
      "the operator's config.yaml; else $BELAYCTL_CONFIG, else ~/.config/belay/config.yaml");
  root.add_option("--timeout", session.timeout, "how long to wait for the coordinator")
      ->check([](const std::string& text) {
        return std::string(ParseSeconds(text).status().message());
      })
      ->capture_default_str();
  root.add_option("-o,--output", session.output, "table, wide, json or yaml")
      ->check(CLI::IsMember({"table", "wide", "json", "yaml"}))
      ->capture_default_str();
  root.footer(
      "Exit codes: 0 done, 3 a rollout stopped, 4 emergency stop, 2 wrong usage, 1 anything "
      "else; edit and plan diff say theirs in their help.\n\n"
      "Examples:\n  belayctl key generate --out ops\n  belayctl plan sign plan.yaml --key ops.key "
      "--out "
      "signed.plan\n  belayctl rollout start signed.plan --cluster prod --watch");
  AddVerbs(root, session);
  MentionGlobalOptions(root);
  try {
    root.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return root.exit(error);
    const std::string unknown = UnknownCommand(root);
    return Fail(session, absl::InvalidArgumentError(unknown.empty() ? error.what() : unknown),
                NamedCommand(root) + " --help", kExitUsage);
  }
  return session.run();
}

}  // namespace
}  // namespace belay

int main(int argc, char** argv) { return belay::Main(argc, argv); }
