// `belayctl plan show` and the lines of `plan lint`.  Pure.
#pragma once
#include <string>
#include <vector>

#include "belay/v1/plan.pb.h"
#include "common/plan/compile.h"

namespace belay {

// What is known of how a plan was signed; empty for a YAML plan, which has no digest yet.
struct PlanSignatures {
  std::string digest;
  std::vector<std::string> key_ids;
};

std::string RenderPlan(const v1::RemediationPlan& plan, const PlanSignatures& signatures);
std::string PlanJson(const v1::RemediationPlan& plan, const PlanSignatures& signatures);

// "file:line:column: message" each; warnings say "warning: ".
std::string RenderMistakes(const std::string& file, const std::vector<Mistake>& mistakes,
                           bool warnings);

}  // namespace belay
