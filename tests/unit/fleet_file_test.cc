#include "cli/fleet_file.h"

#include <gtest/gtest.h>

#include <string>

namespace belay {
namespace {

const char* const kWhole = R"(apiVersion: belay.dev/v1
kind: Rollout
metadata: {name: audit-logging}
spec:
  clusters: [a, b]
  everyCluster: false
  canary: [c]
  waves: [1, 25%, "50%"]
  parallel: 2
  failureBudget: 1
  soak: {node: 10m, stage: 1h}
  pauseAfter: canary
  approval: true
  deadline: 24h
)";

std::string Mistake(const std::string& spec) {
  const auto strategy =
      ParseFleetFile("apiVersion: belay.dev/v1\nkind: Rollout\nspec:\n" + spec, "f");
  return strategy.ok() ? "none" : std::string(strategy.status().message());
}

TEST(FleetFile, EveryFieldIsRead) {
  const absl::StatusOr<v1::FleetStrategy> strategy = ParseFleetFile(kWhole, "f");
  ASSERT_TRUE(strategy.ok()) << strategy.status();
  EXPECT_EQ(strategy->clusters_size(), 2);
  EXPECT_FALSE(strategy->every_cluster());
  EXPECT_EQ(strategy->canary(0), "c");
  ASSERT_EQ(strategy->waves_size(), 3);
  EXPECT_EQ(strategy->waves(0).count(), 1u);
  EXPECT_EQ(strategy->waves(1).percent(), 25u);
  EXPECT_EQ(strategy->waves(2).percent(), 50u);
  EXPECT_TRUE(strategy->pause_after_canary());
  EXPECT_FALSE(strategy->pause_after_each());
  const v1::FleetOptions& options = strategy->options();
  EXPECT_EQ(options.parallel(), 2u);
  EXPECT_EQ(options.failure_budget(), 1u);
  EXPECT_EQ(options.node_soak_ms(), 600'000u);
  EXPECT_EQ(options.soak_ms(), 3'600'000u);
  EXPECT_EQ(options.deadline_ms(), 86'400'000u);
  EXPECT_TRUE(options.approval());
}

TEST(FleetFile, WhatIsNotUnderstoodIsRefusedWithItsPlace) {
  EXPECT_EQ(Mistake("  paralel: 2\n").rfind("f:4:3: unknown key 'paralel' in spec", 0), 0u);
  for (const char* spec :
       {"  waves: [0]\n", "  waves: [101%]\n", "  waves: 2\n", "  waves: [[1]]\n",
        "  parallel: \"2\"\n", "  parallel: many\n", "  parallel: -1\n", "  approval: yes\n",
        "  approval: \"true\"\n", "  soak: 10m\n", "  soak: {node: soon}\n", "  clusters: a\n",
        "  clusters: [{a: b}]\n", "  pauseAfter: never\n", "  parallel: 1\n  parallel: 2\n"}) {
    EXPECT_EQ(Mistake(spec).rfind("f:", 0), 0u) << spec << Mistake(spec);
  }
  EXPECT_EQ(Mistake("  parallel: 2\n"), "none");
}

TEST(FleetFile, AnotherKindOrVersionIsRefused) {
  for (const char* text : {"", "kind: Rollout\nspec: {}\n", "apiVersion: belay.dev/v1\nspec: {}\n",
                           "apiVersion: belay.dev/v1\nkind: Rollout\n",
                           "apiVersion: belay.dev/v2\nkind: Rollout\nspec: {}\n",
                           "apiVersion: belay.dev/v1\nkind: RemediationPlan\nspec: {}\n"}) {
    EXPECT_FALSE(ParseFleetFile(text, "f").ok()) << text;
  }
}

}  // namespace
}  // namespace belay
