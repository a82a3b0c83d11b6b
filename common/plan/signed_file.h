// A signed plan as a text file, so that it can be mailed, reviewed and kept in git: a few comment
// lines for people, then the SignedPlan protobuf in base64 between a BEGIN and an END line.  Only
// what stands between the two lines counts.  Byte by byte in docs/plan.md.  Pure: no file is opened
// here.
#pragma once
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "belay/v1/plan.pb.h"

namespace belay {

// Comments name the plan, its digest and its window.
std::string WriteSignedPlanFile(const v1::SignedPlan& plan);

// INVALID_ARGUMENT when there is not exactly one complete block of base64 holding a SignedPlan.  No
// signature is checked.
absl::StatusOr<v1::SignedPlan> ReadSignedPlanFile(std::string_view text);

// The same for one signature without its plan.
std::string WriteSignatureFile(const v1::PlanSignature& signature);
absl::StatusOr<v1::PlanSignature> ReadSignatureFile(std::string_view text);

// Does the text hold a BEGIN line?  Tells a signed plan from a YAML one.
bool LooksSigned(std::string_view text);

}  // namespace belay
