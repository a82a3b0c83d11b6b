#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "cli/plan_file.h"
#include "cli/render/json.h"
#include "cli/render/plan.h"
#include "cli/render/words.h"
#include "cli/verbs.h"
#include "common/plan/sign.h"

namespace belay {
namespace {

int ShowPlan(Session& session, const v1::RemediationPlan& plan, const PlanSignatures& signatures) {
  if (session.output == "json") {
    session.out << PlanJson(plan, signatures);
  } else if (session.output == "yaml") {
    const absl::StatusOr<std::string> yaml = JsonToYaml(PlanJson(plan, signatures));
    if (!yaml.ok()) return Fail(session, yaml.status(), "the same command with -o json");
    session.out << *yaml;
  } else {
    session.out << RenderPlan(plan, signatures);
  }
  session.out.flush();
  return kExitDone;
}

int Show(Session& session, const std::string& file) {
  const std::optional<PlanFile> plan = LoadPlan(session, file, "shown");
  if (!plan) return kExitOther;
  PlanSignatures signatures;
  if (plan->signed_plan) {
    signatures.digest = PlanDigest(*plan->signed_plan);
    for (const v1::Signature& signature : plan->signed_plan->signatures()) {
      signatures.key_ids.push_back(signature.key_id());
    }
  }
  return ShowPlan(session, plan->plan, signatures);
}

}  // namespace

void AddPlanShow(CLI::App& parent, Session& session) {
  CLI::App* verb =
      parent.add_subcommand("show", "Show what a plan would do, with every default filled in");
  auto file = std::make_shared<std::string>();
  verb->add_option("FILE", *file, "a plan in YAML or a signed one; - is standard input")
      ->required();
  verb->footer(
      "Signatures are named, not verified: only the nodes know which keys they trust.\n\n"
      "Examples:\n  belayctl plan show audit-logging.plan\n  belayctl plan show audit-logging.yaml "
      "-o json");
  verb->callback(
      [&session, file] { session.run = [&session, file] { return Show(session, *file); }; });
}

}  // namespace belay
