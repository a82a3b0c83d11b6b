#include "common/plan/phases.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace belay {

std::optional<StepSpan> StepsOfPhase(const v1::RemediationPlan& plan, std::uint32_t phase) {
  const auto all = static_cast<std::uint32_t>(plan.steps_size());
  const auto phases = static_cast<std::uint32_t>(plan.phases_size());
  if (phase > phases || (phase == 0) != (phases == 0)) return std::nullopt;
  if (phase == 0) return StepSpan{0, all};
  std::uint64_t first = 0;
  for (std::uint32_t i = 1; i < phase; ++i) first += plan.phases(static_cast<int>(i) - 1).steps();
  const std::uint64_t end = first + plan.phases(static_cast<int>(phase) - 1).steps();
  if (end > all) return std::nullopt;
  return StepSpan{static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(end)};
}

std::uint32_t PhaseOfStep(const v1::RemediationPlan& plan, int step) {
  for (int i = 1; i <= plan.phases_size(); ++i) {
    const std::optional<StepSpan> span = StepsOfPhase(plan, static_cast<std::uint32_t>(i));
    if (span && static_cast<std::uint32_t>(step) < span->end) return static_cast<std::uint32_t>(i);
  }
  return 0;
}

std::string PhaseName(const v1::RemediationPlan& plan, std::uint32_t phase) {
  if (phase == 0 || phase > static_cast<std::uint32_t>(plan.phases_size())) return "";
  return plan.phases(static_cast<int>(phase) - 1).name();
}

std::optional<std::uint32_t> PhaseOfName(const v1::RemediationPlan& plan, const std::string& name) {
  for (int i = 0; i < plan.phases_size(); ++i) {
    if (plan.phases(i).name() == name) return static_cast<std::uint32_t>(i) + 1;
  }
  return std::nullopt;
}

std::string DescribePhase(const v1::RemediationPlan& plan, std::uint32_t phase) {
  if (phase == 0) return "";
  return absl::StrCat("phase ", phase, " of ", plan.phases_size(), ", \"", PhaseName(plan, phase),
                      "\"");
}

std::string PhaseNames(const v1::RemediationPlan& plan) {
  std::string text;
  for (const v1::PlanPhase& phase : plan.phases()) {
    absl::StrAppend(&text, text.empty() ? "\"" : ", \"", phase.name(), "\"");
  }
  return text;
}

std::string StepPath(const v1::RemediationPlan& plan, int step) {
  const std::uint32_t phase = PhaseOfStep(plan, step);
  if (phase == 0) return absl::StrCat("spec.steps[", step, "]");
  return absl::StrCat("spec.phases[", phase - 1, "].steps[",
                      static_cast<std::uint32_t>(step) - StepsOfPhase(plan, phase)->first, "]");
}

}  // namespace belay
