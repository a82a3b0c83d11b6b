#include "node-agent/driver/local_clear.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "node-agent/driver/local_journal.h"
#include "tests/support/transaction_world.h"

namespace belay {
namespace {

class LocalClearTest : public testing::Test {
 protected:
  absl::StatusOr<std::string> Clear(const std::string& reason, const std::string& id = "local-1") {
    return ClearEmergencyHere(world.disk, world.clock, kWorldStateDir,
                              {reason, "root on the node cp1", id});
  }
  NodeState Now() { return *Fold(*ReadLocalJournal(world.disk, kWorldStateDir)); }

  TransactionWorld world;
};

TEST_F(LocalClearTest, LetsTheNodeTakePlansAgainAndSaysWhoDidItAndWhy) {
  world.health = Health::Dead;
  ASSERT_EQ(*world.Live(), v1::VERDICT_EMERGENCY_STOP);
  const auto said = Clear("disk replaced");
  ASSERT_TRUE(said.ok()) << said.status();
  EXPECT_NE(said->find("never healthy"), std::string::npos) << *said;
  EXPECT_FALSE(Now().emergency);
  const v1::Record last = ReadLocalJournal(world.disk, kWorldStateDir)->back();
  ASSERT_TRUE(last.has_emergency_cleared());
  EXPECT_EQ(last.emergency_cleared().reason(), "disk replaced");
  EXPECT_EQ(last.emergency_cleared().operator_(), "root on the node cp1");
  EXPECT_EQ(last.emergency_cleared().request_id(), "local-1");
  std::mt19937 unused;
  world.Cut(SimDisk::Cut::Lose, unused);
  EXPECT_FALSE(Now().emergency) << "a power cut right after it must not bring it back";
}

TEST_F(LocalClearTest, EndsTheRunFirstWhereALifeWasCutBetweenTheTwo) {
  world.health = Health::Dead;
  int k = 0;
  for (bool between = false; !between; ++k) {
    ASSERT_LT(k, 500);
    world = TransactionWorld();
    world.health = Health::Dead;
    world.disk.CrashAt(k, false);
    const auto verdict = world.Live();
    world.disk.Disarm();
    between = verdict.ok() && Now().emergency && Now().current.has_value();
  }
  ASSERT_TRUE(Clear("by hand").ok());
  EXPECT_FALSE(Now().emergency);
  EXPECT_EQ(Now().finished_runs.at(RunKeyText(world.Key())).outcome.verdict(),
            v1::VERDICT_EMERGENCY_STOP);
}

TEST_F(LocalClearTest, WritesNothingWithoutAnEmergencyOrAReason) {
  EXPECT_EQ(Clear(" \t").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(Clear("why")->find("not in emergency"), std::string::npos);
  EXPECT_TRUE(ReadLocalJournal(world.disk, kWorldStateDir)->empty()) << "not even a journal";
  ASSERT_EQ(*world.Live(), v1::VERDICT_COMMITTED);
  const int calls = world.disk.calls();
  EXPECT_NE(Clear("why")->find("not in emergency"), std::string::npos);
  EXPECT_EQ(world.disk.calls(), calls);
}

}  // namespace
}  // namespace belay
