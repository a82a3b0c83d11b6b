// What was done on a node by hand, without the coordinator, and is told to it later.
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace belay
