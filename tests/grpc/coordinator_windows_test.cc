// Maintenance windows: outside of them no node begins, and what is in flight ends properly.
#include <gtest/gtest.h>

#include "common/base/time_text.h"
#include "tests/grpc/coordinator_fixture.h"

namespace belay {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kDayMinutes = 1440;

class CoordinatorWindowsTest : public CoordinatorTest {
 protected:
  // Every day, from so many minutes after now (its minute's beginning) for so many.
  void SetWindow(std::int64_t after, std::int64_t minutes) {
    const std::int64_t from = world_.clock.WallNowUnixMs() / kMinuteMs + after;
    opens_ms_ = from * kMinuteMs;
    v1::MaintenanceWindow& window = *world_.rollout_options.add_windows();
    window.set_from_minute(static_cast<std::uint32_t>(from % kDayMinutes));
    window.set_to_minute(static_cast<std::uint32_t>((from + minutes - 1) % kDayMinutes + 1));
  }
  void PassUntil(std::int64_t wall_ms) {
    world_.clock.PassMs(wall_ms - world_.clock.WallNowUnixMs());
  }
  std::int64_t opens_ms_ = 0;
};

TEST_F(CoordinatorWindowsTest, NobodyBeginsBeforeItOpensAndTheStatusSaysWhen) {
  StartAll();
  SetWindow(60, 30);
  const std::string id = Roll();
  EXPECT_EQ(cp1_.ExecutesUntilNow(), 0);
  const v1::Rollout held = world_.Get(id);
  EXPECT_EQ(held.window_opens_unix_ms(), opens_ms_);
  EXPECT_NE(held.waiting_for().find("its maintenance window, which opens at " +
                                    FormatUnixSeconds(opens_ms_ / 1000)),
            std::string::npos)
      << held.waiting_for();
  PassUntil(opens_ms_ - 1);
  EXPECT_EQ(cp1_.ExecutesUntilNow(), 0);
  EXPECT_EQ(world_.Get(id).phase(), v1::ROLLOUT_PHASE_RUNNING) << "nobody is late meanwhile";
  PassUntil(opens_ms_);
  cp1_.AwaitExecute();
  EXPECT_EQ(world_.Get(id).window_opens_unix_ms(), 0);
}

TEST_F(CoordinatorWindowsTest, WhatIsInFlightWhenItClosesEndsAndTheNextWaitsForTheNextOne) {
  StartAll();
  SetWindow(0, 30);
  const std::string id = Roll();
  const v1::Execute execute = cp1_.AwaitExecute();
  cp1_.Accepted(execute);
  PassUntil(opens_ms_ + 30 * kMinuteMs);
  cp1_.Finished(execute, v1::VERDICT_COMMITTED);
  EXPECT_EQ(PhaseOf(world_.Get(id), "cp1"), v1::NODE_PHASE_COMMITTED);
  EXPECT_EQ(cp2_.ExecutesUntilNow(), 0);
  const v1::Rollout held = world_.Get(id);
  EXPECT_EQ(held.window_opens_unix_ms(), opens_ms_ + kDayMinutes * kMinuteMs);
  world_.Stop();
  StartAll();
  EXPECT_EQ(cp2_.ExecutesUntilNow(), 0) << "over a restart too";
}

// A permit to begin outlives no window: too near its end nobody is told any more.
TEST_F(CoordinatorWindowsTest, NobodyIsToldSoShortlyBeforeItsEndThatHeCouldBeginAfterIt) {
  StartAll();
  SetWindow(0, 30);
  PassUntil(opens_ms_ + 30 * kMinuteMs - world_.times.permit_ms);
  Roll();
  EXPECT_EQ(cp1_.ExecutesUntilNow(), 0);
}

TEST_F(CoordinatorWindowsTest, ANodeThatIsAwayWhenItClosesIsNotToldAfterwards) {
  StartAll();
  SetWindow(0, 30);
  cp1_.HangUp();
  Roll();
  PassUntil(opens_ms_ + 30 * kMinuteMs);
  cp1_.Connect();
  EXPECT_EQ(cp1_.ExecutesUntilNow(), 0) << "whether it was told before it went away or not";
}

TEST_F(CoordinatorWindowsTest, AResumeOutsideOfItBeginsNobody) {
  StartAll();
  SetWindow(0, 30);
  const std::string id = Roll();
  const v1::Execute execute = cp1_.AwaitExecute();
  v1::ChangeRolloutRequest request;
  request.set_rollout_id(id);
  v1::Rollout reply;
  grpc::ClientContext pause;
  ASSERT_TRUE(world_.admin().PauseRollout(&pause, request, &reply).ok());
  cp1_.Finished(execute, v1::VERDICT_COMMITTED);
  PassUntil(opens_ms_ + 30 * kMinuteMs);
  grpc::ClientContext resume;
  ASSERT_TRUE(world_.admin().ResumeRollout(&resume, request, &reply).ok());
  EXPECT_EQ(reply.phase(), v1::ROLLOUT_PHASE_RUNNING);
  EXPECT_EQ(cp2_.ExecutesUntilNow(), 0);
}

TEST_F(CoordinatorWindowsTest, WhatIsNoWindowIsRefusedAndNothingStarts) {
  StartAll();
  world_.rollout_options.add_windows()->set_to_minute(1441);
  const auto refused = world_.StartRollout("q");
  EXPECT_TRUE(absl::IsInvalidArgument(refused.status())) << refused.status();
  v1::StartFleetRequest fleet;
  *fleet.mutable_plan() = world_.plan();
  fleet.mutable_strategy()->add_clusters("prod");
  fleet.set_request_id("f");
  *fleet.mutable_strategy()->mutable_options()->mutable_windows() =
      world_.rollout_options.windows();
  v1::Fleet reply;
  grpc::ClientContext context;
  EXPECT_EQ(world_.admin().StartFleet(&context, fleet, &reply).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(CoordinatorWindowsTest, TheRolloutsOfAFleetHaveItsWindows) {
  StartAll();
  SetWindow(60, 30);
  v1::StartFleetRequest request;
  *request.mutable_plan() = world_.plan();
  request.mutable_strategy()->add_clusters("prod");
  request.set_request_id("f");
  *request.mutable_strategy()->mutable_options()->mutable_windows() =
      world_.rollout_options.windows();
  v1::Fleet fleet;
  grpc::ClientContext context;
  ASSERT_TRUE(world_.admin().StartFleet(&context, request, &fleet).ok());
  EXPECT_EQ(cp1_.ExecutesUntilNow(), 0);
  v1::GetFleetRequest again;
  again.set_fleet_id(fleet.id());
  grpc::ClientContext get;
  ASSERT_TRUE(world_.admin().GetFleet(&get, again, &fleet).ok());
  EXPECT_NE(fleet.clusters(0).waiting_for().find("maintenance window"), std::string::npos)
      << fleet.DebugString();
  PassUntil(opens_ms_);
  cp1_.AwaitExecute();
}

}  // namespace
}  // namespace belay
