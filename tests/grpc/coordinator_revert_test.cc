// A revert is a rollout of its own: the nodes that have begun, the last first, each told to undo.
#include <gtest/gtest.h>

#include "tests/grpc/coordinator_fixture.h"

namespace belay {
namespace {

class CoordinatorRevertTest : public CoordinatorTest {
 protected:
  absl::StatusOr<v1::StartRolloutReply> Revert(const std::string& id,
                                               const std::string& request = "back") {
    v1::RevertRolloutRequest call;
    call.set_rollout_id(id);
    call.set_request_id(request);
    v1::StartRolloutReply reply;
    grpc::ClientContext context;
    const grpc::Status status = world_.admin().RevertRollout(&context, call, &reply);
    if (status.ok()) return reply;
    return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  }
  absl::Status Change(bool retry, const std::string& id) {
    v1::ChangeRolloutRequest request;
    request.set_rollout_id(id);
    request.set_reason("because");
    request.set_request_id("again");
    v1::Rollout reply;
    grpc::ClientContext context;
    const grpc::Status status = retry ? world_.admin().RetryRollout(&context, request, &reply)
                                      : world_.admin().AbortRollout(&context, request, &reply);
    return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  }
  void ExpectRefused(const absl::Status& status, const std::string& why) {
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
    EXPECT_NE(status.message().find(why), std::string::npos) << status;
  }
  // cp1 has committed, cp2 has fallen, cp3 has never begun.
  std::string TwoHaveBegun() {
    const std::string id = Roll();
    cp1_.Finished(cp1_.AwaitExecute(), v1::VERDICT_COMMITTED);
    cp2_.Finished(cp2_.AwaitExecute(), v1::VERDICT_ROLLED_BACK);
    world_.Await(id, Ended);
    return id;
  }
};

TEST_F(CoordinatorRevertTest, TheLastGoesBackFirstAndOneAtATime) {
  StartAll();
  const std::string id = TwoHaveBegun();
  const auto reply = Revert(id);
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(std::vector<std::string>(reply->order().begin(), reply->order().end()),
            (std::vector<std::string>{"cp2", "cp1"}));
  const v1::Revert second = cp2_.AwaitRevert();
  EXPECT_EQ(second.undoes(), id);
  EXPECT_EQ(second.run().rollout_id(), reply->rollout_id());
  EXPECT_GT(second.permit_until_boottime_ns(), 0);
  EXPECT_EQ(PhaseOf(world_.Get(reply->rollout_id()), "cp1"), v1::NODE_PHASE_WAITING);
  cp2_.Finished(second.run(), v1::VERDICT_COMMITTED);
  world_.Stop();
  StartAll();  // what is left of it goes on
  cp1_.Finished(cp1_.AwaitRevert().run(), v1::VERDICT_COMMITTED);
  const v1::Rollout done = world_.Await(reply->rollout_id(), Ended);
  EXPECT_EQ(done.phase(), v1::ROLLOUT_PHASE_COMPLETED);
  EXPECT_EQ(done.reverts(), id);
  EXPECT_EQ(world_.Get(id).reverted_by(), done.id());
  EXPECT_EQ(cp3_.ExecutesUntilNow(), 0);
}

TEST_F(CoordinatorRevertTest, AFallOnTheWayBackStopsIt) {
  StartAll();
  const std::string id = TwoHaveBegun();
  const std::string back = Revert(id)->rollout_id();
  cp2_.Finished(cp2_.AwaitRevert().run(), v1::VERDICT_ROLLED_BACK);
  EXPECT_EQ(world_.Await(back, Ended).stop_cause(), v1::STOP_CAUSE_ROLLED_BACK);
  EXPECT_EQ(PhaseOf(world_.Get(back), "cp1"), v1::NODE_PHASE_WAITING);
  ExpectRefused(Revert(id, "once more").status(), "rollout retry " + back);
  ASSERT_TRUE(Change(true, back).ok());
  EXPECT_EQ(cp2_.AwaitRevert().run().attempt(), 2u);
}

TEST_F(CoordinatorRevertTest, AskedAgainItIsTheSameRollout) {
  StartAll();
  const std::string id = TwoHaveBegun();
  const std::string back = Revert(id)->rollout_id();
  EXPECT_EQ(Revert(id)->rollout_id(), back);
  EXPECT_EQ(Revert(id, "another request")->rollout_id(), back);
}

TEST_F(CoordinatorRevertTest, WhatIsBeingPutBackIsNotRetriedAndAnOpenOneNotReverted) {
  StartAll();
  const std::string id = Roll();
  const v1::Execute first = cp1_.AwaitExecute();
  ExpectRefused(Revert(id).status(), "abort it first");
  cp1_.Finished(first, v1::VERDICT_ROLLED_BACK);
  world_.Await(id, Ended);
  const std::string back = Revert(id)->rollout_id();
  const v1::Revert told = cp1_.AwaitRevert();
  ExpectRefused(Change(true, id), "puts it back");
  cp1_.Finished(told.run(), v1::VERDICT_COMMITTED);
  world_.Await(back, Ended);
  ExpectRefused(Change(true, id), "puts it back");
  ExpectRefused(Revert(back, "there again").status(), "a revert itself");
}

TEST_F(CoordinatorRevertTest, WhereNobodyHasBegunThereIsNothingToRevert) {
  world_.rollout_options.set_approval(true);
  StartAll();
  const std::string id = Roll();
  ASSERT_TRUE(Change(false, id).ok());
  ExpectRefused(Revert(id).status(), "nothing to revert");
}

TEST_F(CoordinatorRevertTest, ANodeThatNeverToldHoldsTheRevertUntilItIsReady) {
  StartAll();
  const std::string id = Roll();
  cp1_.Finished(cp1_.AwaitExecute(), v1::VERDICT_COMMITTED);
  cp2_.AwaitExecute();
  cp2_.HangUp();
  world_.AwaitPassing(id, 400, Ended);
  ASSERT_EQ(PhaseOf(world_.Get(id), "cp2"), v1::NODE_PHASE_SILENT);
  ExpectRefused(Revert(id).status(), "whether cp2 has begun");
}

}  // namespace
}  // namespace belay
