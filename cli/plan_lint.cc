#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/files.h"
#include "cli/render/plan.h"
#include "cli/render/words.h"
#include "cli/verbs.h"
#include "common/plan/compile.h"

namespace belay {
namespace {

int Lint(Session& session, const std::vector<std::string>& files) {
  std::size_t mistakes = 0;
  std::string first_bad;
  for (const std::string& file : files) {
    const absl::StatusOr<std::string> text = ReadUserFile(file);
    if (!text.ok()) return Fail(session, text.status(), absl::StrCat("ls -l ", file));
    const CompiledPlan compiled = CompilePlan(*text);
    session.out << RenderMistakes(file, compiled.mistakes, false)
                << RenderMistakes(file, compiled.warnings, true);
    if (!compiled.mistakes.empty() && first_bad.empty()) first_bad = file;
    mistakes += compiled.mistakes.size();
  }
  if (mistakes == 0) return kExitDone;
  return Fail(session,
              absl::InvalidArgumentError(absl::StrCat(
                  mistakes, mistakes == 1 ? " mistake was found" : " mistakes were found")),
              absl::StrCat("${EDITOR:-vi} ", first_bad));
}

}  // namespace

void AddPlanLint(CLI::App& parent, Session& session) {
  CLI::App* verb =
      parent.add_subcommand("lint", "Report every mistake of a plan, with line and column");
  auto files = std::make_shared<std::vector<std::string>>();
  verb->add_option("FILE", *files, "plans in YAML; - is standard input")->required();
  verb->footer(
      "Mistakes are printed as file:line:column: message, and the exit code is 1.\n\n"
      "Examples:\n  belayctl plan lint audit-logging.yaml\n  belayctl plan lint plans/*.yaml");
  verb->callback(
      [&session, files] { session.run = [&session, files] { return Lint(session, *files); }; });
}

}  // namespace belay
