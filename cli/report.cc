#include "cli/render/report.h"

#include <memory>
#include <string>

#include "cli/render/words.h"
#include "cli/verbs.h"

namespace belay {
namespace {

int Report(Session& session, const std::string& id) {
  const std::unique_ptr<Client> client = Connect(session);
  if (client == nullptr) return kExitOther;
  v1::GetRolloutRequest request;
  request.set_rollout_id(id);
  const absl::StatusOr<v1::RolloutReport> report = client->GetReport(request);
  if (!report.ok()) return FailCall(session, report.status(), "belayctl rollout list");
  return Print(session, *report, [&] { return RenderReport(*report); });
}

}  // namespace

void AddReport(CLI::App& parent, Session& session) {
  CLI::App* verb = parent.add_subcommand(
      "report", "Show what a rollout changed, and the evidence of each verdict");
  auto id = std::make_shared<std::string>();
  verb->add_option("ROLLOUT", *id, "the rollout")->required();
  verb->footer(
      "The exit code tells whether there is a report, not how the rollout went.\n\n"
      "Examples:\n  belayctl report r-20261123-1\n  belayctl report r-20261123-1 -o json");
  verb->callback([&session, id] { session.run = [&session, id] { return Report(session, *id); }; });
}

}  // namespace belay
