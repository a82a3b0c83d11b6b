#include <gtest/gtest.h>

#include "tests/grpc/coordinator_fixture.h"

namespace belay {
namespace {

using CoordinatorRestartTest = CoordinatorTest;

TEST_F(CoordinatorRestartTest, ARestartGoesOnWhereItWas) {
  StartAll();
  const std::string id = Roll();
  const v1::Execute first = cp1_.AwaitExecute();
  cp1_.Accepted(first);
  cp1_.Finished(first, v1::VERDICT_COMMITTED);
  const v1::Execute before = cp2_.AwaitExecute();
  cp2_.Accepted(before);
  world_.Await(id, [](const v1::Rollout& rollout) {
    return PhaseOf(rollout, "cp2") == v1::NODE_PHASE_IN_PROGRESS;
  });
  world_.Stop();
  for (ScriptedAgent* agent : {&cp1_, &cp2_, &cp3_}) {
    EXPECT_EQ(agent->AwaitEnd().error_code(), grpc::StatusCode::UNAVAILABLE);
  }
  StartAll();
  const v1::Execute again = cp2_.AwaitExecute();
  EXPECT_EQ(again.run().SerializeAsString(), before.run().SerializeAsString());
  EXPECT_GT(again.epoch(), before.epoch());
  EXPECT_EQ(cp1_.ExecutesUntilNow(), 0) << "has committed";
  EXPECT_EQ(cp3_.ExecutesUntilNow(), 0) << "cp2 is in flight";
  cp2_.Finished(again, v1::VERDICT_COMMITTED);
  cp3_.Finished(cp3_.AwaitExecute(), v1::VERDICT_COMMITTED);
  EXPECT_EQ(world_.Await(id, Ended).phase(), v1::ROLLOUT_PHASE_COMPLETED);
}

TEST_F(CoordinatorRestartTest, AVerdictFromTheTimeOfTheCrashCounts) {
  StartAll();
  const std::string id = Roll();
  const v1::Execute execute = cp1_.AwaitExecute();
  world_.Stop();
  cp1_.AwaitEnd();
  world_.Start();
  EXPECT_EQ(PhaseOf(world_.Get(id), "cp1"), v1::NODE_PHASE_DISPATCHED);
  cp1_.Connect();
  cp1_.Accepted(execute);
  cp1_.Finished(execute, v1::VERDICT_QUARANTINED);
  EXPECT_EQ(world_.Await(id, Ended).stop_cause(), v1::STOP_CAUSE_QUARANTINED);
}

TEST_F(CoordinatorRestartTest, ARestartKeepsWatchOverTheNodeInFlight) {
  StartAll();
  const std::string id = Roll();
  cp1_.AwaitExecute();
  world_.Stop();
  world_.Start();
  EXPECT_FALSE(Ended(world_.Get(id)));
  EXPECT_EQ(world_.AwaitPassing(id, 400, Ended).stop_cause(), v1::STOP_CAUSE_SILENT);
}

TEST_F(CoordinatorRestartTest, ARestartKeepsWatchOverARolloutThatIsHeld) {
  world_.Start();
  const std::string id = Roll();
  world_.Stop();
  world_.Start();
  EXPECT_FALSE(Ended(world_.Get(id)));
  EXPECT_EQ(world_.AwaitPassing(id, 400, Ended).stop_cause(), v1::STOP_CAUSE_CLUSTER_NOT_READY);
}

// A coordinator that is new, or was restored from a backup, and nodes that have folded up what an
// earlier one had acknowledged.
TEST_F(CoordinatorRestartTest, ANodeWhoseOldRecordsAreFoldedUpIsTakenAsItIs) {
  v1::Record old;
  old.mutable_journal_created()->set_journal_id("j");
  for (int i = 0; i < 5; ++i) cp1_.Journal(old);
  cp1_.first_seq = 4;
  StartAll();
  const std::string id = Roll();
  const v1::Execute execute = cp1_.AwaitExecute();
  cp1_.Accepted(execute);
  cp1_.Finished(execute, v1::VERDICT_COMMITTED);
  world_.Await(id, [](const v1::Rollout& rollout) {
    return PhaseOf(rollout, "cp1") == v1::NODE_PHASE_COMMITTED;
  });
  cp1_.HangUp();
  EXPECT_GE(cp1_.Greet(), 7U);
}

TEST_F(CoordinatorRestartTest, AJournalThatEndsBeforeItBeginsIsRefused) {
  world_.Start();
  cp1_.first_seq = 2;
  EXPECT_EQ(cp1_.TryHello("cp1").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(CoordinatorRestartTest, ADirectoryHasOneCoordinator) {
  world_.Start();
  EXPECT_EQ(world_.TryStartSecond().code(), absl::StatusCode::kFailedPrecondition);
  world_.Stop();
  world_.Start();
}

TEST_F(CoordinatorRestartTest, AStopEndsWatchersAndStreamsAtOnce) {
  StartAll();
  v1::GetRolloutRequest request;
  request.set_rollout_id(Roll());
  grpc::ClientContext context;
  const auto stream = world_.admin().WatchRollout(&context, request);
  v1::RolloutUpdate update;
  ASSERT_TRUE(stream->Read(&update));
  world_.Stop();
  while (stream->Read(&update)) continue;
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(cp1_.AwaitEnd().error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace belay
