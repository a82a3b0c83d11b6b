// What was done on a node by hand, without the coordinator, and is told to it later.
#include <gtest/gtest.h>

#include "server/store/store.h"
#include "tests/grpc/coordinator_fixture.h"

namespace belay {
namespace {

v1::Record Stop(const std::string& why) {
  v1::Record stop;
  stop.mutable_run()->set_rollout_id("local-0123");
  stop.mutable_emergency_stop()->set_reason(why);
  return stop;
}

v1::Record ClearedThere() {
  v1::Record cleared;
  cleared.mutable_emergency_cleared()->set_reason("put back by hand");
  cleared.mutable_emergency_cleared()->set_operator_("root on the node cp1");
  cleared.mutable_emergency_cleared()->set_request_id("local-4567");
  return cleared;
}

class CoordinatorLocal : public CoordinatorTest {
 protected:
  void AskToClear(const std::string& node) {
    v1::ClearEmergencyRequest request;
    request.set_cluster("prod");
    request.set_node(node);
    request.set_reason("the first one is understood");
    v1::ClearEmergencyReply reply;
    grpc::ClientContext context;
    EXPECT_TRUE(world_.admin().ClearEmergency(&context, request, &reply).ok());
  }
  void FallIntoEmergency() {
    StartAll();
    for (ScriptedAgent* agent : {&cp1_, &cp2_}) {
      agent->Append(Stop("the first"));
      agent->status.set_emergency(true);
      agent->Sync();
      agent->HangUp();
    }
    EXPECT_FALSE(world_.StartRollout("in an emergency").ok());
  }
};

TEST_F(CoordinatorLocal, AnEmergencyThatWasClearedOnTheNodeIsOverHereToo) {
  FallIntoEmergency();
  for (ScriptedAgent* agent : {&cp1_, &cp2_}) {
    agent->Journal(ClearedThere());
    agent->status.set_emergency(false);
    agent->Connect();
    agent->Sync();
  }
  EXPECT_TRUE(world_.StartRollout("after it").ok());
}

TEST_F(CoordinatorLocal, ARequestToClearIsNotSentOverAnEmergencyThatItDoesNotKnow) {
  FallIntoEmergency();
  AskToClear("cp1");  // while the node is away
  AskToClear("cp2");
  cp1_.Journal(ClearedThere());
  cp1_.Journal(Stop("the second"));
  const std::uint64_t acknowledged = cp1_.Greet();
  cp2_.Connect();
  cp2_.AwaitClear();  // requests that are due have been sent
  EXPECT_EQ(cp1_.ClearsUntilNow(), 0) << "the node has more to say first";
  cp1_.SendRecord(cp1_.RecordAt(acknowledged + 1));
  cp1_.SendRecord(cp1_.RecordAt(acknowledged + 2));
  EXPECT_EQ(cp1_.ClearsUntilNow(), 0) << "the request was for the first, which is over";
  AskToClear("cp1");
  EXPECT_NE(cp1_.AwaitClear().request_id(), "");
}

TEST_F(CoordinatorLocal, ARunThatNobodyHereStartedIsKeptAndMovesNothing) {
  StartAll();
  const std::string id = Roll();
  const v1::Execute execute = cp1_.AwaitExecute();
  cp1_.Accepted(execute);
  cp1_.Finished(execute, v1::VERDICT_COMMITTED);
  cp2_.HangUp();  // for a run by hand, while it was told to begin
  v1::Execute local = execute;
  local.mutable_run()->set_rollout_id("local-0123");
  v1::Record accepted;
  *accepted.mutable_run() = local.run();
  *accepted.mutable_run_accepted()->mutable_plan() = execute.plan();
  cp2_.Journal(accepted);
  v1::Record prepared;
  *prepared.mutable_run() = local.run();
  prepared.mutable_prepared()->add_changes()->set_path("/etc/kubernetes/by-hand");
  cp2_.Journal(prepared);
  v1::Record finished;
  *finished.mutable_run() = local.run();
  finished.mutable_run_finished()->set_verdict(v1::VERDICT_ROLLED_BACK);
  cp2_.Journal(finished);
  cp2_.Connect();
  cp2_.Sync();
  EXPECT_EQ(world_.Get(id).phase(), v1::ROLLOUT_PHASE_RUNNING)
      << "it is not this rollout's verdict";
  const v1::Execute again = cp2_.AwaitExecute();
  EXPECT_EQ(again.run().rollout_id(), id);
  cp2_.Accepted(again);
  cp2_.Finished(again, v1::VERDICT_COMMITTED);
  const v1::Execute third = cp3_.AwaitExecute();
  cp3_.Accepted(third);
  cp3_.Finished(third, v1::VERDICT_COMMITTED);
  EXPECT_EQ(world_.Await(id, Ended).phase(), v1::ROLLOUT_PHASE_COMPLETED);
  world_.Stop();
  const auto store = store::Store::Open(world_.database());
  ASSERT_TRUE(store.ok()) << store.status();
  const auto records = (*store)->RecordsOfRollout("prod", "local-0123");
  ASSERT_TRUE(records.ok()) << records.status();
  ASSERT_EQ(records->size(), 3U) << "the audit trail has what was done by hand";
  EXPECT_EQ((*records)[1].record.prepared().changes(0).path(), "/etc/kubernetes/by-hand");
}

}  // namespace
}  // namespace belay
