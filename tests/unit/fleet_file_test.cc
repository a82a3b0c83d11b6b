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
  selector: env in (prod, test),!frozen
  canarySelector: "env=staging"
  nodeSelector: "rack=a1"
  windows:
  - {days: [sat, sun], from: "22:00", to: 04:00Z}
  - {days: [mon-fri], from: "01:00", to: "02:00"}
  - {from: "23:00", to: "00:00"}
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
  EXPECT_EQ(strategy->selector(), "env in (prod, test),!frozen");
  EXPECT_EQ(strategy->canary_selector(), "env=staging");
  EXPECT_EQ(strategy->options().node_selector(), "rack=a1");
  ASSERT_EQ(options.windows_size(), 3);
  EXPECT_EQ(options.windows(0).days_size(), 2);
  EXPECT_EQ(options.windows(0).days(1), v1::WEEKDAY_SUNDAY);
  EXPECT_EQ(options.windows(0).from_minute(), 1320u);
  EXPECT_EQ(options.windows(0).to_minute(), 240u);
  EXPECT_EQ(options.windows(1).days_size(), 5);
  EXPECT_EQ(options.windows(2).days_size(), 0);
  EXPECT_EQ(options.windows(2).to_minute(), 1440u);
}

TEST(FleetFile, WhatIsNotUnderstoodIsRefusedWithItsPlace) {
  EXPECT_EQ(Mistake("  paralel: 2\n").rfind("f:4:3: unknown key 'paralel' in spec", 0), 0u);
  for (const char* spec : {"  waves: [0]\n",
                           "  waves: [101%]\n",
                           "  waves: 2\n",
                           "  waves: [[1]]\n",
                           "  parallel: \"2\"\n",
                           "  parallel: many\n",
                           "  parallel: -1\n",
                           "  approval: yes\n",
                           "  approval: \"true\"\n",
                           "  soak: 10m\n",
                           "  soak: {node: soon}\n",
                           "  clusters: a\n",
                           "  clusters: [{a: b}]\n",
                           "  pauseAfter: never\n",
                           "  selector: env ni x\n",
                           "  selector: [env]\n",
                           "  selector: ''\n",
                           "  canarySelector: =\n",
                           "  windows: always\n",
                           "  windows: [{days: [someday], from: '1:00', to: '2:00'}]\n",
                           "  windows: [{days: [], from: '01:00', to: '02:00'}]\n",
                           "  windows: [{from: '01:00'}]\n",
                           "  windows: [{to: '01:00'}]\n",
                           "  windows: [{from: '01:00', to: '01:00'}]\n",
                           "  windows: [{from: '01:00', to: '02:00', zone: CET}]\n",
                           "  parallel: 1\n  parallel: 2\n"}) {
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
