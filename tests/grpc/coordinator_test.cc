#include <gtest/gtest.h>

#include "tests/grpc/coordinator_fixture.h"

namespace belay {
namespace {

TEST_F(CoordinatorTest, NodesAreDoneOneAfterTheOther) {
  StartAll();
  const std::string id = Roll({"cp2", "cp1", "cp3"});
  ScriptedAgent* const in_order[] = {&cp2_, &cp1_, &cp3_};
  for (int i = 0; i < 3; ++i) {
    const v1::Execute execute = in_order[i]->AwaitExecute();
    EXPECT_EQ(execute.run().rollout_id(), id);
    EXPECT_EQ(execute.run().attempt(), 1u);
    EXPECT_EQ(execute.boot_id(), in_order[i]->status.boot_id());
    EXPECT_EQ(execute.permit_until_boottime_ns(), 20'000'000'000);
    in_order[i]->Accepted(execute);
    for (int later = i + 1; later < 3; ++later) {
      EXPECT_EQ(in_order[later]->ExecutesUntilNow(), 0) << in_order[later]->name;
    }
    in_order[i]->Finished(execute, v1::VERDICT_COMMITTED);
  }
  const v1::Rollout done = world_.Await(id, Ended);
  EXPECT_EQ(done.phase(), v1::ROLLOUT_PHASE_COMPLETED);
  EXPECT_EQ(done.started_by(), "ada");
  for (ScriptedAgent* agent : in_order) EXPECT_EQ(agent->ExecutesUntilNow(), 0);
}

TEST_F(CoordinatorTest, ARollbackStopsEverythingAfterIt) {
  StartAll();
  const std::string id = Roll();
  const v1::Execute execute = cp1_.AwaitExecute();
  cp1_.Accepted(execute);
  cp1_.Finished(execute, v1::VERDICT_ROLLED_BACK);
  const v1::Rollout done = world_.Await(id, Ended);
  EXPECT_EQ(done.phase(), v1::ROLLOUT_PHASE_STOPPED);
  EXPECT_EQ(done.stop_cause(), v1::STOP_CAUSE_ROLLED_BACK);
  EXPECT_EQ(done.stop_node(), "cp1");
  EXPECT_EQ(done.stop_reason(), "not adopted");
  EXPECT_NE(done.next().find("belayctl report " + id), std::string::npos) << done.next();
  for (ScriptedAgent* agent : {&cp2_, &cp3_}) {
    agent->Heartbeat();
    EXPECT_EQ(agent->ExecutesUntilNow(), 0) << agent->name;
    EXPECT_EQ(PhaseOf(done, agent->name), v1::NODE_PHASE_WAITING);
  }
}

TEST_F(CoordinatorTest, ADuplicateIsAcknowledgedAndCountedOnce) {
  StartAll();
  const std::string id = Roll();
  const v1::Execute execute = cp1_.AwaitExecute();
  const v1::Record accepted = cp1_.Accepted(execute);
  const v1::Record finished = cp1_.Finished(execute, v1::VERDICT_COMMITTED);
  cp1_.SendRecord(accepted);
  cp1_.SendRecord(finished);
  EXPECT_EQ(cp1_.ExecutesUntilNow(), 0);
  const v1::Execute second = cp2_.AwaitExecute();
  cp2_.Finished(second, v1::VERDICT_COMMITTED);
  cp1_.SendRecord(finished);
  cp3_.Finished(cp3_.AwaitExecute(), v1::VERDICT_COMMITTED);
  EXPECT_EQ(world_.Await(id, Ended).phase(), v1::ROLLOUT_PHASE_COMPLETED);
}

TEST_F(CoordinatorTest, AChangedOrSkippedRecordEndsTheStream) {
  StartAll();
  v1::Record changed;
  changed.set_seq(1);
  changed.mutable_journal_created()->set_journal_id("another");
  cp1_.SendRecord(changed);
  EXPECT_EQ(cp1_.AwaitEnd().error_code(), grpc::StatusCode::DATA_LOSS);
  v1::Record skipped;
  skipped.set_seq(7);
  cp2_.SendRecord(skipped);
  EXPECT_EQ(cp2_.AwaitEnd().error_code(), grpc::StatusCode::OUT_OF_RANGE);
}

TEST_F(CoordinatorTest, ANewerStreamOfANodeSupersedesTheOld) {
  StartAll();
  ScriptedAgent newer(world_, "cp1");
  newer.Connect();
  EXPECT_EQ(cp1_.AwaitEnd().error_code(), grpc::StatusCode::ABORTED);
  const std::string id = Roll();
  newer.Finished(newer.AwaitExecute(), v1::VERDICT_COMMITTED);
  cp2_.AwaitExecute();
  EXPECT_EQ(PhaseOf(world_.Get(id), "cp1"), v1::NODE_PHASE_COMMITTED);
}

TEST_F(CoordinatorTest, ANodeSpeaksOnlyForItself) {
  world_.Start();
  EXPECT_EQ(cp1_.TryHello("cp2").error_code(), grpc::StatusCode::PERMISSION_DENIED);
  ScriptedAgent stranger(world_, "cp9");
  EXPECT_EQ(stranger.TryHello("cp9").error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(CoordinatorTest, AnotherNodesVerdictOrAnotherRunsCountsForNothing) {
  StartAll();
  const std::string id = Roll();
  v1::Execute execute = cp1_.AwaitExecute();
  cp1_.Accepted(execute);
  cp2_.Finished(execute, v1::VERDICT_ROLLED_BACK);  // cp2 was told nothing
  EXPECT_EQ(cp2_.ExecutesUntilNow(), 0);
  v1::Execute other = execute;
  other.mutable_run()->set_attempt(2);
  cp1_.Finished(other, v1::VERDICT_COMMITTED);
  other = execute;
  other.mutable_run()->set_plan_digest("another");
  cp1_.Finished(other, v1::VERDICT_COMMITTED);
  EXPECT_EQ(cp1_.ExecutesUntilNow(), 0);
  EXPECT_EQ(PhaseOf(world_.Get(id), "cp1"), v1::NODE_PHASE_IN_PROGRESS);
  cp1_.Finished(execute, v1::VERDICT_COMMITTED);
  cp2_.AwaitExecute();
}

TEST_F(CoordinatorTest, OnlyOperatorsAdministerAndOnlyNodesConnect) {
  world_.Start();
  const auto as_node = v1::Admin::NewStub(world_.Dial(world_.NodeFiles("cp1")));
  grpc::ClientContext context;
  v1::ListNodesReply reply;
  EXPECT_EQ(as_node->ListNodes(&context, {}, &reply).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  const auto as_operator = v1::AgentLink::NewStub(world_.Dial(world_.OperatorFiles()));
  grpc::ClientContext link_context;
  const auto stream = as_operator->Connect(&link_context);
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(CoordinatorTest, SilenceStopsTheRollout) {
  StartAll();
  const std::string id = Roll();
  const v1::Execute execute = cp1_.AwaitExecute();
  cp1_.Accepted(execute);
  cp1_.Sync();
  // Deadline 60 s, stable 25 s, rollback 180 s and 25 s more, and the margin of 60 s.
  world_.clock.PassMs(349'000);
  EXPECT_EQ(cp2_.ExecutesUntilNow(), 0);
  EXPECT_FALSE(Ended(world_.Get(id)));
  const v1::Rollout done = world_.AwaitPassing(id, 30, Ended);
  EXPECT_EQ(done.stop_cause(), v1::STOP_CAUSE_SILENT);
  EXPECT_EQ(done.stop_node(), "cp1");
  cp1_.Finished(execute, v1::VERDICT_COMMITTED);
  EXPECT_EQ(cp2_.ExecutesUntilNow(), 0) << "a late word begins nothing";
  world_.Await(id, [](const v1::Rollout& rollout) {
    return PhaseOf(rollout, "cp1") == v1::NODE_PHASE_COMMITTED;
  });
  EXPECT_EQ(world_.Get(id).phase(), v1::ROLLOUT_PHASE_STOPPED);
}

TEST_F(CoordinatorTest, ASecondRolloutWaitsForANodeThatTheFirstGaveUp) {
  StartAll();
  const std::string first = Roll();
  const v1::Execute execute = cp1_.AwaitExecute();
  cp1_.Accepted(execute);
  world_.AwaitPassing(first, 400, Ended);
  const auto second = world_.StartRollout("second", {"cp2"});
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(cp2_.ExecutesUntilNow(), 0) << "what cp1 last said is from before it was told to begin";
  cp1_.status.set_boottime_ns(execute.permit_until_boottime_ns());
  cp1_.status.set_activity(v1::NodeStatus::ACTIVITY_OCCUPIED);
  cp1_.Heartbeat();
  cp1_.Sync();
  EXPECT_EQ(cp2_.ExecutesUntilNow(), 0) << "cp1 is still at it";
  EXPECT_NE(world_.Get(second->rollout_id()).waiting_for().find("carrying out"), std::string::npos)
      << world_.Get(second->rollout_id()).waiting_for();
  cp1_.status.set_activity(v1::NodeStatus::ACTIVITY_FREE);
  cp1_.Heartbeat();
  cp2_.AwaitExecute();
}

TEST_F(CoordinatorTest, AfterAPauseOfTheCoordinatorTheNodesAreHeardFirst) {
  StartAll();
  const std::string id = Roll();
  const v1::Execute execute = cp1_.AwaitExecute();
  cp1_.Accepted(execute);
  world_.clock.PassMs(1'000'000);  // it was stopped; the verdict came meanwhile
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(Ended(world_.Get(id)));  // it looks at its timers
  cp1_.Finished(execute, v1::VERDICT_COMMITTED);
  world_.Await(id, [](const v1::Rollout& rollout) {
    return PhaseOf(rollout, "cp1") == v1::NODE_PHASE_COMMITTED;
  });
  EXPECT_FALSE(Ended(world_.Get(id)));
}

TEST_F(CoordinatorTest, ANodeWhoseHeartbeatsComeLateIsAskedToConnectAgain) {
  world_.times.heartbeat_interval_ms = 5'000;
  StartAll();
  world_.clock.PassMs(16'000);
  cp1_.status.set_boottime_ns(cp1_.status.boottime_ns() + 500'000'000);
  cp1_.Heartbeat();
  EXPECT_EQ(cp1_.AwaitEnd().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(CoordinatorTest, ANodeThatIsNotReadyHoldsTheRollout) {
  cp3_.status.set_ready(false);
  StartAll();
  const std::string id = Roll();
  EXPECT_EQ(cp1_.ExecutesUntilNow(), 0);
  EXPECT_NE(world_.Get(id).waiting_for().find("cp3"), std::string::npos);
  cp3_.status.set_ready(true);
  cp3_.Heartbeat();
  cp1_.AwaitExecute();
}

TEST_F(CoordinatorTest, ANodeThatIsNotThereHoldsTheRolloutUntilItGivesUp) {
  StartAll();
  cp3_.HangUp();
  const std::string id = Roll({"cp1"});
  EXPECT_EQ(cp1_.ExecutesUntilNow(), 0);
  const v1::Rollout done = world_.AwaitPassing(id, 310, Ended);
  EXPECT_EQ(done.stop_cause(), v1::STOP_CAUSE_CLUSTER_NOT_READY);
  EXPECT_EQ(cp1_.ExecutesUntilNow(), 0);
}

TEST_F(CoordinatorTest, APermitThatHasRunOutIsGivenAgain) {
  StartAll();
  Roll();
  const v1::Execute first = cp1_.AwaitExecute();
  cp1_.status.set_boottime_ns(first.permit_until_boottime_ns() - 1);
  cp1_.Heartbeat();
  EXPECT_EQ(cp1_.ExecutesUntilNow(), 0) << "it is still good";
  cp1_.status.set_boottime_ns(first.permit_until_boottime_ns());
  cp1_.Heartbeat();
  const v1::Execute second = cp1_.AwaitExecute();
  EXPECT_EQ(second.permit_until_boottime_ns(), first.permit_until_boottime_ns() + 15'000'000'000);
  cp1_.status.set_boot_id("the next boot");
  cp1_.status.set_boottime_ns(1'000'000'000);
  cp1_.Heartbeat();
  EXPECT_EQ(cp1_.AwaitExecute().boot_id(), "the next boot");
}

TEST_F(CoordinatorTest, AnEmergencyStaysUntilTheNodeHasJournalledItsEnd) {
  StartAll();
  const std::string id = Roll();
  const v1::Execute execute = cp1_.AwaitExecute();
  v1::Record stop;
  *stop.mutable_run() = execute.run();
  stop.mutable_emergency_stop()->set_reason("the rollback failed");
  cp1_.Append(stop);
  cp1_.status.set_emergency(true);
  cp1_.Finished(execute, v1::VERDICT_EMERGENCY_STOP);
  EXPECT_EQ(world_.Await(id, Ended).stop_cause(), v1::STOP_CAUSE_EMERGENCY_STOP);
  world_.Stop();
  world_.Start();  // known while the node is away, and after a restart
  auto refused = world_.StartRollout("second");
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(refused.status().message().find("clear-emergency prod/cp1"), std::string::npos);

  v1::ClearEmergencyRequest request;
  request.set_cluster("prod");
  request.set_node("cp1");
  v1::ClearEmergencyReply reply;
  {
    grpc::ClientContext context;
    EXPECT_EQ(world_.admin().ClearEmergency(&context, request, &reply).error_code(),
              grpc::StatusCode::INVALID_ARGUMENT)
        << "without a reason";
  }
  request.set_reason("manifest put back by hand");
  {
    grpc::ClientContext context;
    EXPECT_TRUE(world_.admin().ClearEmergency(&context, request, &reply).ok());
  }
  world_.Stop();
  StartAll();  // the request is durable
  const v1::ClearEmergency clear = cp1_.AwaitClear();
  EXPECT_EQ(clear.operator_(), "ada");
  EXPECT_EQ(clear.reason(), "manifest put back by hand");
  EXPECT_FALSE(world_.StartRollout("third").ok()) << "the node has not answered yet";
  cp1_.HangUp();
  cp1_.Connect();
  EXPECT_EQ(cp1_.AwaitClear().request_id(), clear.request_id()) << "delivered again";
  v1::Record cleared;
  cleared.mutable_emergency_cleared()->set_request_id(clear.request_id());
  cp1_.Append(cleared);
  cp1_.status.set_emergency(false);
  cp1_.Heartbeat();
  cp1_.Sync();
  EXPECT_TRUE(world_.StartRollout("fourth").ok());
}

TEST_F(CoordinatorTest, OneRequestIsOneRolloutAndAClusterHasOneAtATime) {
  StartAll();
  const auto first = world_.StartRollout("one");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(world_.StartRollout("one")->rollout_id(), first->rollout_id());
  const auto second = world_.StartRollout("two");
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(second.status().message().find(first->rollout_id()), std::string::npos);
}

TEST_F(CoordinatorTest, TheEtcdLeaderGoesLast) {
  cp1_.status.set_etcd(v1::NodeStatus::LEADER);
  cp2_.status.set_etcd(v1::NodeStatus::FOLLOWER);
  cp3_.status.set_etcd(v1::NodeStatus::FOLLOWER);
  StartAll();
  const auto reply = world_.StartRollout("one");
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(std::vector<std::string>(reply->order().begin(), reply->order().end()),
            (std::vector<std::string>{"cp2", "cp3", "cp1"}));
}

TEST_F(CoordinatorTest, AWatcherSeesEachChangeAndTheEnd) {
  StartAll();
  const std::string id = Roll({"cp1"});
  v1::GetRolloutRequest request;
  request.set_rollout_id(id);
  grpc::ClientContext context;
  const auto stream = world_.admin().WatchRollout(&context, request);
  v1::RolloutUpdate update;
  ASSERT_TRUE(stream->Read(&update));
  const v1::Execute execute = cp1_.AwaitExecute();
  cp1_.Accepted(execute);
  cp1_.Finished(execute, v1::VERDICT_COMMITTED);
  while (stream->Read(&update)) continue;
  EXPECT_EQ(update.snapshot().phase(), v1::ROLLOUT_PHASE_COMPLETED);
  EXPECT_TRUE(stream->Finish().ok());
  grpc::ClientContext unknown_context;
  request.set_rollout_id("none");
  EXPECT_EQ(world_.admin().WatchRollout(&unknown_context, request)->Finish().error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST_F(CoordinatorTest, AnUnsignedPlanIsRefused) {
  StartAll();
  v1::StartRolloutRequest request;
  request.set_cluster("prod");
  request.mutable_plan()->set_plan(world_.plan().plan());
  request.set_request_id("x");
  v1::StartRolloutReply reply;
  grpc::ClientContext context;
  EXPECT_EQ(world_.admin().StartRollout(&context, request, &reply).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace belay
