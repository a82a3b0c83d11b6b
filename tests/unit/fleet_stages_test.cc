#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/fleet/stages.h"

namespace belay::fleet {
namespace {

std::string TextOf(const v1::FleetStrategy& strategy) {
  const auto stages = StagesOf(strategy, {"a", "b", "c", "d", "e"});
  if (!stages.ok()) return std::string(stages.status().message());
  std::string text;
  for (const v1::FleetStage& stage : *stages) {
    absl::StrAppend(&text, text.empty() ? "" : " | ", stage.name(), stage.strict() ? "!" : "",
                    stage.pause_after() ? "?" : "", ": ", absl::StrJoin(stage.clusters(), " "));
  }
  return text;
}

v1::FleetStrategy Every(const std::vector<v1::FleetWave>& waves = {}) {
  v1::FleetStrategy strategy;
  strategy.set_every_cluster(true);
  for (const v1::FleetWave& wave : waves) *strategy.add_waves() = wave;
  return strategy;
}
v1::FleetWave Count(std::uint32_t count) {
  v1::FleetWave wave;
  wave.set_count(count);
  return wave;
}
v1::FleetWave Percent(std::uint32_t percent) {
  v1::FleetWave wave;
  wave.set_percent(percent);
  return wave;
}

TEST(FleetStages, WithoutWavesAllAreOne) { EXPECT_EQ(TextOf(Every()), "wave 1: a b c d e"); }

TEST(FleetStages, TheLastWaveIsRepeated) {
  EXPECT_EQ(TextOf(Every({Count(1), Count(3)})), "wave 1: a | wave 2: b c d | wave 3: e");
  EXPECT_EQ(TextOf(Every({Percent(40)})), "wave 1: a b | wave 2: c d | wave 3: e");
  EXPECT_EQ(TextOf(Every({Percent(1)})),
            "wave 1: a | wave 2: b | wave 3: c | wave 4: d | wave 5: e");
  EXPECT_EQ(TextOf(Every({Count(100)})), "wave 1: a b c d e");
}

TEST(FleetStages, TheCanaryComesFirstAndIsStrict) {
  v1::FleetStrategy strategy = Every({Percent(50)});
  strategy.add_canary("d");
  strategy.add_canary("d");
  strategy.set_pause_after_canary(true);
  EXPECT_EQ(TextOf(strategy), "canary!?: d | wave 1: a b | wave 2: c e");
  strategy.set_pause_after_each(true);
  EXPECT_EQ(TextOf(strategy), "canary!?: d | wave 1?: a b | wave 2: c e");
}

TEST(FleetStages, OnlyWhatWasChosenTakesPart) {
  v1::FleetStrategy strategy;
  EXPECT_NE(TextOf(strategy).find("no cluster is chosen"), std::string::npos);
  strategy.add_clusters("b");
  strategy.add_canary("a");
  EXPECT_EQ(TextOf(strategy), "canary!: a | wave 1: b");
  strategy.clear_clusters();
  EXPECT_EQ(TextOf(strategy), "canary!: a");
  strategy.add_clusters("nowhere");
  EXPECT_NE(TextOf(strategy).find("'nowhere' has no enrolled nodes"), std::string::npos);
}

TEST(FleetStages, AWaveThatIsNoneIsRefused) {
  v1::FleetWave both = Count(1);
  both.set_percent(10);
  for (const v1::FleetWave& wave : {v1::FleetWave(), both, Percent(101), Count(10'001)}) {
    EXPECT_NE(TextOf(Every({wave})).find("a wave is"), std::string::npos);
  }
}

}  // namespace
}  // namespace belay::fleet
