// The real coordinator and the real agents' logic, in one thread, through thousands of simulated
// disasters.  A seed that fails says how to run it again, and tells its story.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/sim/world.h"

namespace belay::sim {
namespace {

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr || *text == '\0' ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string HowToRunItAgain(std::uint64_t seed) {
  return absl::StrCat("seed ", seed, "; again, with its story: BELAY_SIM_SEED=", seed,
                      " BELAY_SIM_SEEDS=1 BELAY_SIM_STORY=1 build/dev/tests/sim_test "
                      "--gtest_filter='Simulation.Every*'\n");
}

TEST(Simulation, EverySeedKeepsEveryPromise) {
  const std::uint64_t first = FromEnvironment("BELAY_SIM_SEED", 1);
  const std::uint64_t count = FromEnvironment("BELAY_SIM_SEEDS", 1500);
  const bool aloud = FromEnvironment("BELAY_SIM_STORY", 0) != 0;
  std::map<std::string, int> ends;
  std::int64_t agent_deaths = 0;
  std::int64_t coordinator_deaths = 0;
  long begun = 0;
  const auto began = std::chrono::steady_clock::now();
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    World world(seed, TroubleOf(seed), aloud);
    const std::string violation = world.Run();
    if (aloud) std::printf("%s", world.story().c_str());
    if (!violation.empty() && !aloud) {
      World again(seed, TroubleOf(seed), true);
      static_cast<void>(again.Run());
      const std::string& story = again.story();
      std::printf("%s", story.substr(story.size() > 12'000 ? story.size() - 12'000 : 0).c_str());
    }
    ASSERT_EQ(violation, "") << HowToRunItAgain(seed);
    for (const v1::RolloutPhase phase : world.ends()) ++ends[v1::RolloutPhase_Name(phase)];
    coordinator_deaths += world.coordinator().deaths();
    begun += world.begun();
    for (std::size_t i = 0; i < 3; ++i) agent_deaths += world.node(i).deaths();
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  std::printf(
      "%llu seeds in %.1f s, %.0f seeds/s: %ld runs begun, %lld agents and %lld "
      "coordinators killed\n",
      static_cast<unsigned long long>(count), seconds, static_cast<double>(count) / seconds, begun,
      static_cast<long long>(agent_deaths), static_cast<long long>(coordinator_deaths));
  for (const auto& [phase, number] : ends) std::printf("  %-28s %d\n", phase.c_str(), number);
  if (count < 100) return;
  // A search in which nothing happens proves nothing.
  EXPECT_GT(ends["ROLLOUT_PHASE_COMPLETED"], 0);
  EXPECT_GT(ends["ROLLOUT_PHASE_STOPPED"], 0);
  EXPECT_GT(agent_deaths, 0);
  EXPECT_GT(coordinator_deaths, 0);
}

TEST(Simulation, TheSameSeedIsTheSameStory) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    World one(seed, TroubleOf(seed), false);
    static_cast<void>(one.Run());
    World two(seed, TroubleOf(seed), false);
    static_cast<void>(two.Run());
    ASSERT_EQ(one.hash(), two.hash()) << HowToRunItAgain(seed);
  }
}

// Killed at every moment of a calm rollout, and of its revert, at which it looks at the clock,
// sends or says something: the end is the same as without.
TEST(Simulation, ACoordinatorKilledAtAnyMomentEndsTheSame) {
  Trouble calm;
  calm.revert = true;
  World unhurt(7, calm, false);
  ASSERT_EQ(unhurt.Run(), "");
  const std::vector<v1::RolloutPhase> completed(2, v1::ROLLOUT_PHASE_COMPLETED);
  ASSERT_EQ(unhurt.ends(), completed);
  const std::int64_t moments = unhurt.coordinator().moments();
  const std::int64_t stride = static_cast<std::int64_t>(FromEnvironment("BELAY_SIM_STRIDE", 23));
  int schedules = 0;
  for (std::int64_t k = 1; k <= moments; k += stride) {
    World world(7, calm, false);
    world.coordinator().KillAt(k);
    ASSERT_EQ(world.Run(), "") << "killed at moment " << k;
    ASSERT_EQ(world.ends(), completed) << "killed at moment " << k;
    ++schedules;
  }
  std::printf("%d of %lld moments, each ends the same\n", schedules,
              static_cast<long long>(moments));
}

// A fall in the canary keeps every other cluster as it was; in a wave it keeps the next.
TEST(Simulation, AFallKeepsWhatComesAfterItUntouched) {
  for (const std::size_t sick : {0U, 3U}) {
    Trouble calm;
    calm.fleet = true;
    calm.clusters = 3;
    World world(7, calm, false);
    world.node(sick).fate.new_is_healthy = false;
    ASSERT_EQ(world.Run(), "");
    EXPECT_EQ(world.fleet_phase(), v1::ROLLOUT_PHASE_STOPPED);
    for (std::size_t i = 0; i < 9; ++i) {
      const bool before = i < sick;
      EXPECT_EQ(world.node(i).Manifest() == kSimOriginal, !before) << world.node(i).name();
    }
  }
  Trouble calm;
  calm.fleet = true;
  calm.clusters = 3;
  calm.parallel = 2;
  World world(7, calm, false);
  ASSERT_EQ(world.Run(), "");
  EXPECT_EQ(world.fleet_phase(), v1::ROLLOUT_PHASE_COMPLETED);
  EXPECT_EQ(world.begun(), 9);
}

TEST(Simulation, ACoordinatorKilledAtAnyMomentOfAFleetEndsTheSame) {
  Trouble calm;
  calm.fleet = true;
  calm.clusters = 2;
  World unhurt(7, calm, false);
  ASSERT_EQ(unhurt.Run(), "");
  ASSERT_EQ(unhurt.fleet_phase(), v1::ROLLOUT_PHASE_COMPLETED);
  const std::int64_t moments = unhurt.coordinator().moments();
  const auto stride = static_cast<std::int64_t>(FromEnvironment("BELAY_SIM_STRIDE", 53));
  for (std::int64_t k = 1; k <= moments; k += stride) {
    World world(7, calm, false);
    world.coordinator().KillAt(k);
    ASSERT_EQ(world.Run(), "") << "killed at moment " << k;
    ASSERT_EQ(world.fleet_phase(), v1::ROLLOUT_PHASE_COMPLETED) << "killed at moment " << k;
  }
}

// Forwards through two phases, the second one back, then the first: whoever is killed when, the
// barrier holds and the end is the same.
TEST(Simulation, PhasesEndTheSameWhoeverIsKilled) {
  Trouble calm;
  calm.phases = true;
  calm.revert = true;
  calm.keep_first = true;
  World unhurt(7, calm, false);
  ASSERT_EQ(unhurt.Run(), "");
  const std::vector<v1::RolloutPhase> completed(3, v1::ROLLOUT_PHASE_COMPLETED);
  ASSERT_EQ(unhurt.ends(), completed);
  EXPECT_EQ(unhurt.begun(), 12);
  const std::int64_t moments = unhurt.coordinator().moments();
  const auto stride = static_cast<std::int64_t>(FromEnvironment("BELAY_SIM_STRIDE", 61));
  for (std::int64_t k = 1; k <= moments; k += stride) {
    World world(7, calm, false);
    world.coordinator().KillAt(k);
    ASSERT_EQ(world.Run(), "") << "killed at moment " << k;
    ASSERT_EQ(world.ends(), completed) << "killed at moment " << k;
  }
  for (int k = 0; k < unhurt.node(1).calls(); k += 3) {
    World world(7, calm, false);
    world.node(1).KillAtCall(k, SimDisk::Cut::Torn);
    ASSERT_EQ(world.Run(), "") << "killed at call " << k;
    ASSERT_EQ(world.ends(), completed) << "killed at call " << k;
  }
}

// Likewise an agent at every call of its disk: what it has begun it ends by itself.
TEST(Simulation, AnAgentKilledAtAnyCallEndsTheSame) {
  Trouble calm;
  calm.revert = true;
  World unhurt(7, calm, false);
  ASSERT_EQ(unhurt.Run(), "");
  const std::vector<v1::RolloutPhase> completed(2, v1::ROLLOUT_PHASE_COMPLETED);
  const int calls = unhurt.node(0).calls();
  ASSERT_GT(calls, 50);
  for (const SimDisk::Cut cut : {SimDisk::Cut::Kill, SimDisk::Cut::Torn}) {
    for (int k = 0; k < calls; k += 2) {
      World world(7, calm, false);
      world.node(0).KillAtCall(k, cut);
      ASSERT_EQ(world.Run(), "") << "killed at call " << k;
      ASSERT_EQ(world.ends(), completed) << "killed at call " << k;
    }
  }
}

}  // namespace
}  // namespace belay::sim
