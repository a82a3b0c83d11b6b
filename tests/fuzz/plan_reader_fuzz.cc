// Any bytes as a plan's YAML, as a signed file and as a serialised plan.  What compiles must keep
// the rules that a node checks again, and its canonical bytes must be stable.
#include "common/plan/compile.h"
#include "common/plan/signed_file.h"
#include "tests/fuzz/target.h"

namespace {

void CheckPlan(const belay::v1::RemediationPlan& plan, std::string_view input) {
  const std::string bytes = belay::CanonicalBytes(plan);
  belay::v1::RemediationPlan again;
  belay::fuzz::Require(again.ParseFromString(bytes), "canonical bytes that are no plan", input);
  belay::fuzz::Require(belay::CanonicalBytes(again) == bytes, "canonical bytes that change", input);
  for (const belay::v1::Step& step : plan.steps()) {
    for (const belay::v1::Edit& edit : step.edits())
      belay::fuzz::Require(!belay::Describe(edit).empty(), "an edit without a description", input);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = belay::fuzz::TextOf(data, size);
  const belay::CompiledPlan compiled = belay::CompilePlan(text);
  for (const belay::Mistake& mistake : compiled.mistakes) {
    belay::fuzz::Require(mistake.line > 0 && mistake.column > 0 && !mistake.message.empty(),
                         "a mistake without place or word", text);
  }
  if (compiled.mistakes.empty()) {
    const auto errors = belay::FindPlanErrors(compiled.plan);
    belay::fuzz::Require(errors.empty(), errors.empty() ? "" : errors.front(), text);
    CheckPlan(compiled.plan, text);
  }
  belay::v1::RemediationPlan plan;
  if (plan.ParseFromArray(data, static_cast<int>(size)) && belay::FindPlanErrors(plan).empty())
    CheckPlan(plan, text);
  const auto read = belay::ReadSignedPlanFile(text);
  if (read.ok()) {
    const auto again = belay::ReadSignedPlanFile(belay::WriteSignedPlanFile(*read));
    belay::fuzz::Require(again.ok() && again->SerializeAsString() == read->SerializeAsString(),
                         "a signed plan that is not read back", text);
  }
  return 0;
}
