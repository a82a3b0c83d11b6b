// A plan of the command line, in YAML or signed, as every verb that looks into one reads it.
#pragma once
#include <optional>
#include <string>

#include "belay/v1/plan.pb.h"
#include "cli/session.h"

namespace belay {

struct PlanFile {
  v1::RemediationPlan plan;
  std::optional<v1::SignedPlan> signed_plan;  // its signatures are not verified
};

// Nothing, after the reasons were printed with the next command to type, when there is no plan
// without mistakes in the file.  `wanted` is what was to be done with it: "shown".
std::optional<PlanFile> LoadPlan(Session& session, const std::string& file,
                                 const std::string& wanted);

}  // namespace belay
