// Which steps of a plan belong to which of its phases.  Phases count from 1; 0 stands for the whole
// of a plan that has none.  Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "belay/v1/plan.pb.h"

namespace belay {

struct StepSpan {
  std::uint32_t first = 0;  // index into plan.steps
  std::uint32_t end = 0;    // behind the last one
};

// Nothing when the plan has no such phase: 0 where it has phases, any other where it has none.
std::optional<StepSpan> StepsOfPhase(const v1::RemediationPlan& plan, std::uint32_t phase);

// 0 in a plan without phases, or for a step of none.
std::uint32_t PhaseOfStep(const v1::RemediationPlan& plan, int step);

// Empty where the plan has no such phase.
std::string PhaseName(const v1::RemediationPlan& plan, std::uint32_t phase);
std::optional<std::uint32_t> PhaseOfName(const v1::RemediationPlan& plan, const std::string& name);

// For people: `phase 2 of 3, "written"`.  Empty without phases.
std::string DescribePhase(const v1::RemediationPlan& plan, std::uint32_t phase);
// `"prepared", "written"`
std::string PhaseNames(const v1::RemediationPlan& plan);

// Where a step stands in the YAML: "spec.steps[3]" or "spec.phases[1].steps[0]".
std::string StepPath(const v1::RemediationPlan& plan, int step);

}  // namespace belay
