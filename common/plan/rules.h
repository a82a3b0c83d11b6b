// The rules every plan must keep, whoever made it.  The compiler gives each broken rule its place
// in the YAML by its path; the node applies the same rules to a decoded plan.  Pure.
#pragma once
#include <string>
#include <vector>

#include "belay/v1/plan.pb.h"

namespace belay {

struct BrokenRule {
  std::string path;  // as in the YAML: "spec.steps[0].edits[1].setFlag.flag"
  std::string message;
};

std::vector<BrokenRule> FindBrokenRules(const v1::RemediationPlan& plan);

// Edits of one step that cannot all be meant; part of FindBrokenRules.
std::vector<BrokenRule> FindContradictions(const v1::Step& step, const std::string& step_path);

// The edit's field name in YAML ("setFlag"), empty when it has no kind this version knows.
std::string EditKind(const v1::Edit& edit);

}  // namespace belay
