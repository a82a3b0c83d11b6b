// What a node says about a plan, and to whom it says nothing.
#include "node-agent/driver/plan_question.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/plan/compile.h"
#include "common/plan/sign.h"
#include "tests/support/sim_clock.h"
#include "tests/support/sim_disk.h"

namespace belay {
namespace {

constexpr char kPod[] =
    "apiVersion: v1\nkind: Pod\nmetadata: {name: kube-apiserver}\nspec:\n  containers:\n"
    "  - command:\n    - kube-apiserver\n    - --profiling=true\n    name: kube-apiserver\n";

class PlanQuestion : public testing::Test {
 protected:
  PlanQuestion() {
    for (const char* path : {"/etc", "/etc/kubernetes", "/etc/kubernetes/manifests"}) {
      disk_.PutDirectory(path);
    }
    disk_.PutFile("/etc/kubernetes/manifests/kube-apiserver.yaml", kPod, {0600, 0, 0, {}});
    disk_.PutFile("/etc/kubernetes/secret", "old secret\nsame\n", {0600, 0, 0, {}});
    disk_.PutFile("/etc/kubernetes/public", "old\n", {0644, 0, 0, {}});
    options_.trust.keys = {{key_.Public()}};
    options_.policy = {"/etc/kubernetes/manifests", {"/etc/kubernetes"}, {}, {}};
  }
  v1::SignedPlan Plan(const std::string& edits) {
    CompiledPlan compiled = CompilePlan(absl::StrCat(
        "apiVersion: belay.dev/v1\nkind: RemediationPlan\nmetadata: {name: p}\nspec:\n  steps:\n"
        "  - name: s\n    edits:\n",
        edits));
    EXPECT_TRUE(compiled.mistakes.empty()) << edits;
    FillValidity(compiled.plan, clock_.WallNowUnixMs() / 1000, 3600);
    return SignPlan(compiled.plan, key_);
  }
  v1::NodeDiff Ask(const v1::SignedPlan& plan) {
    return AnswerPlanQuestion(plan, options_, disk_, clock_);
  }

  const Ed25519PrivateKey key_ = *Ed25519PrivateKey::Generate();
  SimClock clock_;
  SimDisk disk_;
  PlanQuestionOptions options_;
};

constexpr char kFlag[] =
    "    - setFlag: {manifest: kube-apiserver, flag: profiling, value: \"false\"}\n";

TEST_F(PlanQuestion, ShowsManifestsAndWhatEverybodyMayRead) {
  const v1::NodeDiff diff = Ask(Plan(absl::StrCat(
      kFlag,
      "    - putFile: {path: /etc/kubernetes/public, content: \"new\\n\", mode: \"0644\"}\n")));
  ASSERT_EQ(diff.refused(), "");
  ASSERT_EQ(diff.steps(0).files_size(), 2);
  EXPECT_TRUE(absl::StrContains(diff.steps(0).files(0).text(), "-old\n+new\n"));
  EXPECT_TRUE(absl::StrContains(diff.steps(0).files(1).text(), "+    - --profiling=false\n"));
  EXPECT_EQ(disk_.calls(), 0);  // nothing was written
}

TEST_F(PlanQuestion, ShowsThatSomethingIsRestartedOnlyWhereSomethingChanges) {
  disk_.PutFile("/etc/kubernetes/kubelet.yaml", "kind: KubeletConfiguration\nreadOnlyPort: 1\n",
                {0644, 0, 0, {}});
  const auto ask = [this](const char* value) {
    return Ask(Plan(absl::StrCat(
        "    - putFile: {path: /etc/kubernetes/public, content: \"old\\n\", mode: \"0644\"}\n"
        "    - setConfigKey: {file: /etc/kubernetes/kubelet.yaml, path: readOnlyPort, value: ",
        value, "}\n    - restartService: kubelet\n")));
  };
  const v1::NodeDiff diff = ask("0");
  ASSERT_EQ(diff.refused(), "");
  ASSERT_EQ(diff.steps(0).files_size(), 1);
  EXPECT_TRUE(absl::StartsWith(diff.steps(0).files(0).text(), "# kubelet is restarted\n"))
      << diff.steps(0).files(0).text();
  EXPECT_EQ(ask("1").steps(0).files_size(), 0);
}

TEST_F(PlanQuestion, KeepsTheContentOfPrivateFilesToItself) {
  const v1::NodeDiff diff = Ask(Plan(
      "    - putFile: {path: /etc/kubernetes/secret, content: \"new\\nsame\\n\", mode: \"0644\"}\n"
      "    - putFile: {path: /etc/kubernetes/fresh, content: \"x\\n\", mode: \"0600\"}\n"));
  ASSERT_EQ(diff.steps(0).files_size(), 2);
  EXPECT_EQ(diff.steps(0).files(0).text(),
            "# /etc/kubernetes/secret: mode 0600 -> 0644\n"
            "# /etc/kubernetes/secret: 1 lines go, 1 lines come (not shown: not everybody on the "
            "node may read this file)\n");
  EXPECT_TRUE(diff.steps(0).files(0).content_hidden());
  EXPECT_TRUE(diff.steps(0).files(1).content_hidden());
  EXPECT_FALSE(absl::StrContains(diff.ShortDebugString(), "old secret"));
}

TEST_F(PlanQuestion, NothingIsSaidAboutFilesToWhoMayNotChangeThem) {
  v1::SignedPlan foreign = Plan(kFlag);
  foreign = SignPlan(*DecodeUnverified(foreign), *Ed25519PrivateKey::Generate());
  EXPECT_TRUE(absl::StrContains(Ask(foreign).refused(), "trusted"));
  EXPECT_TRUE(Ask(foreign).steps().empty());

  const v1::SignedPlan plan = Plan(kFlag);
  clock_.Pass(7200ll * 1'000'000'000);
  EXPECT_TRUE(absl::StrContains(Ask(plan).refused(), "the plan is valid from"));
  EXPECT_TRUE(Ask(plan).steps().empty());
  clock_.Pass(-7200ll * 1'000'000'000);

  const v1::NodeDiff forbidden = Ask(Plan("    - putFile: {path: /etc/passwd, content: x}\n"));
  EXPECT_TRUE(absl::StrContains(forbidden.refused(), "/etc/passwd")) << forbidden.refused();
  EXPECT_TRUE(forbidden.steps().empty());

  v1::RemediationPlan broken = *DecodeUnverified(plan);
  broken.mutable_steps(0)->mutable_edits(0)->mutable_set_flag()->set_flag("--x");
  EXPECT_TRUE(absl::StrContains(Ask(SignPlan(broken, key_)).refused(), "without dashes"));
}

// Whoever signed it: what no compiler would let pass is looked at again on the node.
TEST_F(PlanQuestion, ASignedPlanThatBreaksARuleIsRefused) {
  v1::RemediationPlan plan =
      CompilePlan(absl::StrCat("apiVersion: belay.dev/v1\nkind: RemediationPlan\n"
                               "metadata: {name: p}\nspec:\n  steps:\n  - name: s\n    edits:\n",
                               kFlag))
          .plan;
  FillValidity(plan, clock_.WallNowUnixMs() / 1000, 3600);
  EXPECT_EQ(Ask(SignPlan(plan, key_)).refused(), "");
  plan.mutable_steps(0)->set_name("not a name");
  const v1::NodeDiff diff = Ask(SignPlan(plan, key_));
  EXPECT_TRUE(absl::StrContains(diff.refused(), "not a name")) << diff.refused();
  EXPECT_EQ(diff.steps_size(), 0);
}

TEST_F(PlanQuestion, ARefusedStepIsNamed) {
  disk_.PutFile("/etc/kubernetes/manifests/kube-apiserver.yaml", "a: [\n", {0600, 0, 0, {}});
  const v1::NodeDiff diff = Ask(Plan(kFlag));
  EXPECT_TRUE(absl::StartsWith(diff.refused(), "step s: ")) << diff.refused();
}

TEST_F(PlanQuestion, ALongDiffIsCutOff) {
  const v1::NodeDiff diff = Ask(
      Plan(absl::StrCat("    - putFile: {path: /etc/kubernetes/public, mode: \"0644\", content: \"",
                        std::string(900'000, 'x'), "\"}\n")));
  EXPECT_LT(diff.ByteSizeLong(), (1u << 20) + 1000);
  disk_.PutFile("/etc/kubernetes/public", std::string(2'000'000, 'y'), {0644, 0, 0, {}});
  const v1::NodeDiff cut =
      Ask(Plan("    - putFile: {path: /etc/kubernetes/public, content: x, mode: \"0644\"}\n"));
  EXPECT_LT(cut.ByteSizeLong(), (1u << 20) + 1000);
  EXPECT_TRUE(absl::StrContains(cut.steps(0).files(0).text(), "too long and was left out"));
}

TEST_F(PlanQuestion, WhatTheOwnerForbidsIsRefusedInTheDiffToo) {
  options_.forbidden = {*ParseValueRule("kube-apiserver --profiling=false")};
  const v1::NodeDiff diff = Ask(Plan(kFlag));
  EXPECT_TRUE(absl::StrContains(diff.refused(), "forbidden_values")) << diff.refused();
  EXPECT_EQ(diff.steps_size(), 0);
}

}  // namespace
}  // namespace belay
