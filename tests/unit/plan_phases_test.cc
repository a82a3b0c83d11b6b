// Plans with phases: how they are read, what is refused, and what versions without phases make of
// them.
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/plan/compile.h"
#include "common/plan/phases.h"
#include "common/plan/sign.h"
#include "tests/unit/plan_texts.h"

namespace belay {
namespace {

using plan_texts::Shown;

const std::string kPhased =
    "apiVersion: belay.dev/v1\n"
    "kind: RemediationPlan\n"
    "metadata: {name: p}\n"
    "spec:\n"
    "  phases:\n"
    "  - name: readable\n"
    "    steps:\n"
    "    - name: a\n"
    "      edits: [{setFlag: {manifest: kube-apiserver, flag: x, value: \"1\"}}]\n"
    "    - name: b\n"
    "      edits: [{setFlag: {manifest: kube-apiserver, flag: x, value: \"2\"}}]\n"
    "  - name: written\n"
    "    steps:\n"
    "    - name: c\n"
    "      edits: [{setFlag: {manifest: kube-apiserver, flag: x, value: \"3\"}}]\n";

v1::RemediationPlan Phased() { return CompilePlan(kPhased).plan; }

std::string Mistakes(const std::string& from, const std::string& to) {
  return Shown(CompilePlan(absl::StrReplaceAll(kPhased, {{from, to}})).mistakes);
}

TEST(PlanPhases, AreCompiledToTheirStepsInOrder) {
  const CompiledPlan compiled = CompilePlan(kPhased);
  ASSERT_EQ(Shown(compiled.mistakes), "");
  EXPECT_EQ(Shown(compiled.warnings), "");
  ASSERT_EQ(compiled.plan.steps_size(), 3);
  ASSERT_EQ(compiled.plan.phases_size(), 2);
  EXPECT_EQ(compiled.plan.phases(0).name(), "readable");
  EXPECT_EQ(compiled.plan.phases(0).steps(), 2u);
  EXPECT_EQ(compiled.plan.phases(1).steps(), 1u);
  EXPECT_TRUE(FindPlanErrors(compiled.plan).empty());
}

TEST(PlanPhases, EveryMistakeHasItsPlace) {
  EXPECT_EQ(Mistakes("  phases:\n", "  steps: [x]\n  phases:\n"),
            "6:3: a plan has either 'steps' or 'phases', which hold the steps then");
  EXPECT_EQ(Mistakes("name: written", "name: readable"),
            "12:11: an earlier phase is also named 'readable'");
  EXPECT_EQ(Mistakes("name: written", "name: all"),
            "12:11: no phase may be named 'all', which means all of them");
  EXPECT_EQ(Mistakes("- name: c", "- name: a"), "14:13: an earlier step is also named 'a'");
  EXPECT_EQ(Mistakes("value: \"3\"", "valu: \"3\""),
            "15:16: 'value' is missing in setFlag\n"
            "15:61: unknown key 'valu'; did you mean 'value'?");
  EXPECT_EQ(Mistakes("  - name: written\n", "  - nam: written\n"),
            "12:5: unknown key 'nam'; did you mean 'name'?\n12:5: 'name' is missing in phases[1]");
  EXPECT_NE(Mistakes("name: written", "name: Written").find("12:11: "), std::string::npos);
  EXPECT_EQ(
      Shown(CompilePlan(kPhased.substr(0, kPhased.find("  phases")) + "  phases: []\n").mistakes),
      "4:1: a plan needs at least one step");
  EXPECT_EQ(
      Shown(CompilePlan(kPhased.substr(0, kPhased.find("    - name: c")) + "    []\n").mistakes),
      "13:5: a phase needs at least one step");
}

TEST(PlanPhases, TooManyAreRefused) {
  v1::RemediationPlan plan = Phased();
  for (int i = 0; i < 19; ++i) {
    *plan.add_steps() = plan.steps(0);
    plan.mutable_steps(plan.steps_size() - 1)->set_name(absl::StrCat("more-", i));
    plan.add_phases()->set_name(absl::StrCat("more-", i));
    plan.mutable_phases(plan.phases_size() - 1)->set_steps(1);
    EXPECT_EQ(FindPlanErrors(plan).empty(), i < 18) << i;
  }
}

// What came over the wire may not have come through our compiler.
TEST(PlanPhases, CountsThatDoNotAddUpAreRefused) {
  for (const auto& [first, second] :
       {std::pair{1u, 1u}, {3u, 1u}, {0u, 3u}, {3u, 0u}, {4294967295u, 4u}}) {
    v1::RemediationPlan plan = Phased();
    plan.mutable_phases(0)->set_steps(first);
    plan.mutable_phases(1)->set_steps(second);
    EXPECT_FALSE(FindPlanErrors(plan).empty()) << first << " " << second;
  }
}

TEST(PlanPhases, StepsBelongToOnePhase) {
  const v1::RemediationPlan plan = Phased();
  EXPECT_EQ(StepsOfPhase(plan, 1)->first, 0u);
  EXPECT_EQ(StepsOfPhase(plan, 1)->end, 2u);
  EXPECT_EQ(StepsOfPhase(plan, 2)->first, 2u);
  EXPECT_EQ(StepsOfPhase(plan, 2)->end, 3u);
  EXPECT_FALSE(StepsOfPhase(plan, 0)) << "never as a whole";
  EXPECT_FALSE(StepsOfPhase(plan, 3));
  EXPECT_EQ(PhaseOfStep(plan, 1), 1u);
  EXPECT_EQ(PhaseOfStep(plan, 2), 2u);
  EXPECT_EQ(StepPath(plan, 2), "spec.phases[1].steps[0]");
  EXPECT_EQ(DescribePhase(plan, 2), "phase 2 of 2, \"written\"");
  v1::RemediationPlan flat = plan;
  flat.clear_phases();
  EXPECT_EQ(StepsOfPhase(flat, 0)->end, 3u);
  EXPECT_FALSE(StepsOfPhase(flat, 1));
  EXPECT_EQ(StepPath(flat, 2), "spec.steps[2]");
}

// A version that does not know phases must not carry such a plan out as a whole: its reader takes
// the phases for an unknown field, and bytes with one are refused.
TEST(PlanPhases, AFieldThatAVersionDoesNotKnowIsRefusedAndNotIgnored) {
  v1::RemediationPlan plan = Phased();
  plan.set_not_before_unix(1);
  plan.set_not_after_unix(100);
  const Ed25519PrivateKey key = *Ed25519PrivateKey::Generate();
  ASSERT_TRUE(DecodeUnverified(SignPlan(plan, key)).ok());
  // To this version, what phases are to an older one: a field, a message.
  auto* unknown = plan.GetReflection()->MutableUnknownFields(&plan);
  unknown->AddLengthDelimited(14, "\x0a\x01x");
  const v1::SignedPlan newer = SignPlan(plan, key);
  EXPECT_TRUE(absl::IsInvalidArgument(DecodeUnverified(newer).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(VerifyPlan(newer, {.keys = {{key.Public()}}}, 50).status()));
  // Within a phase too.
  plan = Phased();
  v1::PlanPhase& phase = *plan.mutable_phases(0);
  phase.GetReflection()->MutableUnknownFields(&phase)->AddVarint(9, 1);
  EXPECT_TRUE(absl::IsInvalidArgument(DecodeUnverified(SignPlan(plan, key)).status()));
}

}  // namespace
}  // namespace belay
