#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/plan/compile.h"
#include "common/plan/targets.h"

namespace belay {
namespace {

v1::RemediationPlan PlanFor(const std::vector<std::string>& clusters,
                            const std::vector<std::string>& nodes) {
  v1::RemediationPlan plan;
  plan.mutable_targets()->mutable_clusters()->Assign(clusters.begin(), clusters.end());
  plan.mutable_targets()->mutable_nodes()->Assign(nodes.begin(), nodes.end());
  return plan;
}

TEST(PlanTargets, APlanWithoutTargetsIsForAll) {
  EXPECT_EQ(WhyNotFor({}, "any", "any"), "");
  EXPECT_TRUE(FindTargetErrors({}).empty());
  EXPECT_EQ(DescribeTargets({}), "");
}

TEST(PlanTargets, EachListMustHaveANameThatFits) {
  const v1::RemediationPlan plan = PlanFor({"prod-*", "edge"}, {"cp1", "cp2"});
  EXPECT_EQ(WhyNotFor(plan, "prod-1", "cp1"), "");
  EXPECT_EQ(WhyNotFor(plan, "edge", "cp2"), "");
  EXPECT_EQ(WhyNotFor(plan, "edge", ""), "") << "some node of it";
  EXPECT_NE(WhyNotFor(plan, "edge-2", "cp1"), "");
  EXPECT_NE(WhyNotFor(plan, "prod", "cp1"), "");
  EXPECT_NE(WhyNotFor(plan, "test", ""), "");
  EXPECT_EQ(WhyNotFor(plan, "prod-1", "cp3"),
            "the plan is signed for clusters prod-*, edge, nodes cp1, cp2, and this is node cp3");
  EXPECT_EQ(WhyNotFor(PlanFor({}, {"cp*"}), "any", "cp9"), "");
  EXPECT_NE(WhyNotFor(PlanFor({}, {}), "any", "cp9"), "") << "nothing named is nothing allowed";
}

TEST(PlanTargets, WhatIsNoNameIsAMistakeWithItsPlace) {
  const CompiledPlan compiled = CompilePlan(
      "apiVersion: belay.dev/v1\n"
      "kind: RemediationPlan\n"
      "metadata: {name: p}\n"
      "spec:\n"
      "  targets: {clusters: [prod-*, \"*\", A], nodes: [a*b]}\n"
      "  steps:\n"
      "  - name: s\n"
      "    edits: [{setFlag: {manifest: kube-scheduler, flag: profiling, value: \"false\"}}]\n");
  ASSERT_EQ(compiled.mistakes.size(), 3U);
  for (const Mistake& mistake : compiled.mistakes) EXPECT_EQ(mistake.line, 5);
  EXPECT_EQ(compiled.plan.targets().clusters_size(), 3);
  EXPECT_EQ(FindTargetErrors(PlanFor({}, {})).size(), 1U);
  EXPECT_EQ(FindTargetErrors(PlanFor(std::vector<std::string>(1001, "a"), {})).size(), 1U);
}

}  // namespace
}  // namespace belay
