// belay-agent: enrol, run, apply, audit, status, journal, backups, restore, clear-emergency.
#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

#include "common/os/absolute_path.h"
#include "common/rpc/tls.h"
#include "node-agent/driver/commands.h"
#include "node-agent/shadow/namespace_boot.h"

namespace belay {
namespace {

constexpr const char* kDefaultConfig = "/etc/belay-agent/agent.yaml";

int Report(const absl::Status& status) {
  if (status.ok()) return 0;
  std::cerr << "belay-agent: " << status.message() << "\n";
  return 1;
}

CLI::App* AddAudit(CLI::App& app, AuditCommand& command, std::string& config) {
  CLI::App* const audit = app.add_subcommand(
      "audit", "Judge this node by a benchmark; looks only, needs no coordinator");
  audit->add_option(
      "--benchmark", command.benchmark,
      "cis-2.0.1, cis-1.12, cis-1.11 or cis-1.10; default by the version of Kubernetes");
  audit->add_option("--catalog", command.catalog, "A catalog of your own instead");
  audit->add_option("--controls", command.controls,
                    "Only these: 1.2.15, 1.2, 1.2.16-1.2.19; commas");
  audit->add_option("--level", command.level, "Only controls up to this level")
      ->check(CLI::Range(1, 2));
  audit->add_option("--kubernetes-version", command.kubernetes_version,
                    "1.32; default by the tag of the API server's image");
  audit->add_option("--waivers", command.waivers, "Who answers for which control until when");
  audit->add_option("--host-root", command.host_root, "Where the node's file system is seen");
  audit->add_option("--manifest-dir", command.manifest_dir,
                    "Static-pod directory inside host root");
  audit->add_option("--config", config, "Configuration; need not be there")->capture_default_str();
  audit->add_option("-o,--output", command.output, "table, wide (with all evidence) or json")
      ->check(CLI::IsMember({"table", "wide", "json"}))
      ->capture_default_str();
  audit->footer(
      "Exit codes: 0 no automated control fails, 3 some do, 4 none does but some could not be "
      "evaluated, or nothing here was to be judged, 2 wrong usage, 1 any other failure.");
  return audit;
}

int Main(int argc, char** argv) {
  RequireTls13();
  CLI::App app{"Belay's agent on a control-plane node"};
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string(BELAY_VERSION));
  std::string config = kDefaultConfig;

  EnrolCommand enrolment;
  CLI::App* const enrol =
      app.add_subcommand("enrol", "Get this node's certificate and write its configuration");
  enrol
      ->add_option("--server", enrolment.server,
                   "HOST:PORT of the coordinator's enrolment listener")
      ->required();
  enrol->add_option("--ca-hash", enrolment.ca_hash, "Pin of the coordinator's CA, sha256:<hex>")
      ->required();
  enrol->add_option("--token", enrolment.token, "One-time join token (belayctl token create)")
      ->required();
  enrol->add_option("--config", config, "Configuration to write")->capture_default_str();
  enrol->add_option("--state-dir", enrolment.state_dir, "Journal, images and identity");
  enrol->add_option("--host-root", enrolment.host_root, "Where the node's file system is seen");
  enrol->add_option("--manifest-dir", enrolment.manifest_dir,
                    "Static-pod directory inside host root");
  enrol->add_option("--allow-path", enrolment.allowed_paths,
                    "putFile may write below this; repeatable");
  enrol->add_option("--trust-key", enrolment.trust_keys,
                    "Public key that may sign plans; repeatable");

  CLI::App* const run = app.add_subcommand("run", "Serve until SIGTERM");
  run->add_option("--config", config, "Configuration")->capture_default_str();
  CLI::App* const status = app.add_subcommand("status", "Show this node's journal in a few lines");
  status->add_option("--config", config, "Configuration")->capture_default_str();
  CLI::App* const journal = app.add_subcommand("journal", "Show everything that was ever done");
  journal->add_option("--config", config, "Configuration")->capture_default_str();
  CLI::App* const backups = app.add_subcommand("backups", "List copies of files before a step");
  backups->add_option("--config", config, "Configuration")->capture_default_str();
  std::string copy;
  CLI::App* const restore = app.add_subcommand("restore", "Put a file back from its backup");
  restore->add_option("backup", copy, "As 'backups' lists it")->required();
  restore->add_option("--config", config, "Configuration")->capture_default_str();
  ApplyCommand plan;
  CLI::App* const apply =
      app.add_subcommand("apply", "Carry a signed plan out on this node, without a coordinator");
  apply->add_option("plan", plan.plan_path, "As 'belayctl plan sign' writes it")->required();
  apply->add_flag("--dry-run", plan.dry_run, "Show what would change, and change nothing");
  apply->add_flag("--give-up-run", plan.give_up_run,
                  "End a coordinator's run that waits between two steps; its rollout stops");
  apply->add_option("--phase", plan.phase,
                    "Of a plan with phases: the one that is due, or 'all' on the only "
                    "control-plane node of a cluster");
  apply->add_option("--config", config, "Configuration")->capture_default_str();
  apply->footer(
      "The agent must be stopped (but for --dry-run). Nothing outside of this node is looked at: "
      "do one node of a cluster at a time.\nExit codes: 0 applied or nothing to do, 1 refused or "
      "any other failure, 2 wrong usage, 3 rolled back or quarantined, 4 emergency stop.");
  AuditCommand look;
  CLI::App* const audit = AddAudit(app, look, config);
  std::string reason;
  CLI::App* const clear = app.add_subcommand(
      "clear-emergency", "Let this node take plans again; the agent must be stopped");
  clear->add_option("--reason", reason, "What was found and repaired; it is recorded")->required();
  clear->add_option("--config", config, "Configuration")->capture_default_str();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  config = AbsolutePath(config);
  if (enrol->parsed()) {
    enrolment.config_path = config;
    for (std::string* path : {&enrolment.state_dir, &enrolment.host_root})
      *path = AbsolutePath(*path);
    for (std::string& path : enrolment.trust_keys) path = AbsolutePath(path);
    return Report(EnrolAgent(enrolment));
  }
  if (run->parsed()) return Report(RunAgent(config));
  if (apply->parsed()) {
    plan.config_path = config;
    plan.plan_path = AbsolutePath(plan.plan_path);
    const absl::StatusOr<int> code = ApplyPlan(plan);
    return code.ok() ? *code : Report(code.status());
  }
  if (audit->parsed()) {
    look.config_path = config;
    look.config_is_given = audit->count("--config") > 0;
    for (std::string* path : {&look.host_root, &look.catalog, &look.waivers})
      *path = AbsolutePath(*path);
    const absl::StatusOr<int> code = AuditNode(look);
    return code.ok() ? *code : Report(code.status());
  }
  const absl::StatusOr<std::string> text = journal->parsed()   ? ShowJournal(config)
                                           : backups->parsed() ? ListBackups(config)
                                           : restore->parsed()
                                               ? RestoreBackup(config, AbsolutePath(copy))
                                           : clear->parsed() ? ClearEmergencyOnNode(config, reason)
                                                             : DescribeAgent(config);
  if (text.ok()) std::cout << *text;
  return Report(text.status());
}

}  // namespace
}  // namespace belay

int main(int argc, char** argv) {
  // A copy that the agent has started of itself: not for people, and without any of the above.
  if (argc == 2 && std::string(argv[1]) == belay::kShadowCommand) return belay::ShadowMain();
  return belay::Main(argc, argv);
}
