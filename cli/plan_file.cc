#include "cli/plan_file.h"

#include <ostream>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/files.h"
#include "cli/render/plan.h"
#include "common/plan/compile.h"
#include "common/plan/sign.h"
#include "common/plan/signed_file.h"

namespace belay {
namespace {

std::nullopt_t No(Session& session, const absl::Status& status, const std::string& next) {
  Fail(session, status, next);
  return std::nullopt;
}

std::optional<PlanFile> LoadSigned(Session& session, const std::string& text) {
  const std::string next = "belayctl plan sign FILE --key KEY";
  absl::StatusOr<v1::SignedPlan> signed_plan = ReadSignedPlanFile(text);
  if (!signed_plan.ok()) return No(session, signed_plan.status(), next);
  absl::StatusOr<v1::RemediationPlan> plan = DecodeUnverified(*signed_plan);
  if (!plan.ok()) return No(session, plan.status(), next);
  const std::vector<std::string> errors = FindPlanErrors(*plan);
  if (!errors.empty()) {
    return No(session,
              absl::InvalidArgumentError(
                  absl::StrCat("the signed plan breaks rules, and every node will refuse it: ",
                               absl::StrJoin(errors, "; "))),
              next);
  }
  return PlanFile{*std::move(plan), *std::move(signed_plan)};
}

}  // namespace

std::optional<PlanFile> LoadPlan(Session& session, const std::string& file,
                                 const std::string& wanted) {
  const absl::StatusOr<std::string> text = ReadUserFile(file);
  if (!text.ok()) return No(session, text.status(), absl::StrCat("ls -l ", file));
  if (LooksSigned(*text)) return LoadSigned(session, *text);
  CompiledPlan compiled = CompilePlan(*text);
  if (compiled.mistakes.empty()) return PlanFile{std::move(compiled.plan), std::nullopt};
  session.err << RenderMistakes(file, compiled.mistakes, false);
  return No(session,
            absl::InvalidArgumentError(absl::StrCat("a plan with mistakes cannot be ", wanted)),
            absl::StrCat("${EDITOR:-vi} ", file));
}

}  // namespace belay
