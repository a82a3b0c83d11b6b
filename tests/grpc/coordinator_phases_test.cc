// A plan with phases under a whole coordinator: the barrier, late words across it, and the way
// back.
#include <gtest/gtest.h>

#include "tests/grpc/coordinator_fixture.h"

namespace belay {
namespace {

class CoordinatorPhasesTest : public CoordinatorTest {
 protected:
  CoordinatorPhasesTest() { world_.TakePlanWithPhases(); }

  v1::RunKey Commits(ScriptedAgent& agent, std::uint32_t phase) {
    const v1::Execute told = agent.AwaitExecute();
    EXPECT_EQ(told.run().phase(), phase) << agent.name;
    agent.Finished(told, v1::VERDICT_COMMITTED);
    return told.run();
  }
  void GoesBack(ScriptedAgent& agent, std::uint32_t phase) {
    const v1::Revert told = agent.AwaitRevert();
    EXPECT_EQ(told.run().phase(), phase) << agent.name;
    agent.Finished(told.run(), v1::VERDICT_COMMITTED);
  }
  absl::StatusOr<v1::StartRolloutReply> Revert(const std::string& id, const std::string& to_phase,
                                               const std::string& request) {
    v1::RevertRolloutRequest call;
    call.set_rollout_id(id);
    call.set_request_id(request);
    call.set_to_phase(to_phase);
    v1::StartRolloutReply reply;
    grpc::ClientContext context;
    const grpc::Status status = world_.admin().RevertRollout(&context, call, &reply);
    if (status.ok()) return reply;
    return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  }
  // All have the first phase; in the second cp1 has committed and cp2 has fallen.
  std::string FallsInTheSecond() {
    const std::string id = Roll();
    for (ScriptedAgent* agent : {&cp1_, &cp2_, &cp3_}) Commits(*agent, 1);
    Commits(cp1_, 2);
    cp2_.Finished(cp2_.AwaitExecute(), v1::VERDICT_ROLLED_BACK);
    world_.Await(id, Ended);
    return id;
  }
};

TEST_F(CoordinatorPhasesTest, ThePhaseEndsOnEveryNodeBeforeTheNextBeginsOnAny) {
  StartAll();
  const std::string id = Roll();
  const v1::RunKey first = Commits(cp1_, 1);
  Commits(cp2_, 1);
  EXPECT_EQ(cp1_.ExecutesUntilNow(), 0);
  const v1::Rollout before = world_.Get(id);
  EXPECT_EQ(before.plan_phase().number(), 1u);
  EXPECT_EQ(before.plan_phase().count(), 2u);
  EXPECT_EQ(before.plan_phase().name(), "readable");
  Commits(cp3_, 1);
  const v1::Execute second = cp1_.AwaitExecute();
  EXPECT_EQ(second.run().phase(), 2u);
  EXPECT_EQ(second.run().rollout_id(), first.rollout_id());
  world_.Stop();
  StartAll();  // it is replayed, and asks again
  EXPECT_EQ(cp1_.AwaitExecute().run().phase(), 2u);
  // A word of the first phase that comes late is kept, and says nothing of the second.
  cp1_.Finished(first, v1::VERDICT_COMMITTED);
  v1::RunKey none = first;
  none.set_phase(0);
  cp1_.Finished(none, v1::VERDICT_ROLLED_BACK);
  EXPECT_EQ(PhaseOf(world_.Get(id), "cp1"), v1::NODE_PHASE_DISPATCHED);
  EXPECT_EQ(cp2_.ExecutesUntilNow(), 0);
  cp1_.Finished(second, v1::VERDICT_COMMITTED);
  Commits(cp2_, 2);
  Commits(cp3_, 2);
  const v1::Rollout done = world_.Await(id, Ended);
  EXPECT_EQ(done.phase(), v1::ROLLOUT_PHASE_COMPLETED);
  EXPECT_EQ(done.nodes(0).committed_phase(), "written");
}

TEST_F(CoordinatorPhasesTest, AFallInTheSecondLeavesTheFirstEverywhereAndIsRetriedThere) {
  StartAll();
  const std::string id = FallsInTheSecond();
  const v1::Rollout stopped = world_.Get(id);
  EXPECT_EQ(stopped.plan_phase().name(), "written");
  EXPECT_EQ(PhaseOf(stopped, "cp3"), v1::NODE_PHASE_WAITING);
  for (const v1::RolloutNode& node : stopped.nodes()) {
    EXPECT_EQ(node.committed_phase(), node.name() == "cp1" ? "written" : "readable");
  }
  v1::GetRolloutRequest about;
  about.set_rollout_id(id);
  v1::RolloutReport report;
  grpc::ClientContext asking;
  ASSERT_TRUE(world_.admin().GetReport(&asking, about, &report).ok());
  ASSERT_EQ(report.nodes(0).steps_size(), 2);
  EXPECT_EQ(report.nodes(0).steps(0).phase(), "readable");
  EXPECT_EQ(report.nodes(0).steps(1).phase(), "written");
  v1::ChangeRolloutRequest again;
  again.set_rollout_id(id);
  again.set_request_id("again");
  v1::Rollout reply;
  grpc::ClientContext context;
  ASSERT_TRUE(world_.admin().RetryRollout(&context, again, &reply).ok());
  const v1::Execute told = cp2_.AwaitExecute();
  EXPECT_EQ(told.run().phase(), 2u);
  EXPECT_EQ(told.run().attempt(), 2u);
  EXPECT_EQ(cp1_.ExecutesUntilNow(), 0);
  cp2_.Finished(told, v1::VERDICT_COMMITTED);
  Commits(cp3_, 2);
  EXPECT_EQ(world_.Await(id, Ended).phase(), v1::ROLLOUT_PHASE_COMPLETED);
}

TEST_F(CoordinatorPhasesTest, ANodeThatIsLeftOutWouldNeverHaveAPhase) {
  StartAll();
  const absl::Status part = world_.StartRollout("part", {"cp1", "cp2"}).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(part)) << part;
  EXPECT_NE(part.message().find("left out: cp3"), std::string::npos) << part;
  EXPECT_TRUE(world_.StartRollout("all", {"cp3", "cp2", "cp1"}).ok());
}

TEST_F(CoordinatorPhasesTest, TheWayBackHasTheSameBarrierLastPhaseFirst) {
  StartAll();
  const std::string id = FallsInTheSecond();
  const auto reply = Revert(id, "", "back");
  ASSERT_TRUE(reply.ok()) << reply.status();
  GoesBack(cp3_, 2);  // finds nothing of it in its journal
  GoesBack(cp2_, 2);
  const v1::Rollout running = world_.Get(reply->rollout_id());
  EXPECT_EQ(running.plan_phase().number(), 2u);
  EXPECT_EQ(running.plan_phase().last(), "readable");
  GoesBack(cp1_, 2);
  for (ScriptedAgent* agent : {&cp3_, &cp2_, &cp1_}) GoesBack(*agent, 1);
  EXPECT_EQ(world_.Await(reply->rollout_id(), Ended).phase(), v1::ROLLOUT_PHASE_COMPLETED);
}

TEST_F(CoordinatorPhasesTest, ALaterPhaseIsPutBackByItselfAndTheOthersWhenSomebodyAsks) {
  StartAll();
  const std::string id = FallsInTheSecond();
  EXPECT_TRUE(absl::IsInvalidArgument(Revert(id, "third", "x").status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(Revert(id, "written", "y").status()));
  const auto part = Revert(id, "readable", "part");
  ASSERT_TRUE(part.ok()) << part.status();
  EXPECT_EQ(std::vector<std::string>(part->order().begin(), part->order().end()),
            (std::vector<std::string>{"cp2", "cp1"}))
      << "cp3 has nothing of it";
  EXPECT_TRUE(absl::IsFailedPrecondition(Revert(id, "", "too early").status()));
  EXPECT_EQ(Revert(id, "readable", "part once more")->rollout_id(), part->rollout_id());
  GoesBack(cp2_, 2);
  GoesBack(cp1_, 2);
  EXPECT_EQ(world_.Await(part->rollout_id(), Ended).phase(), v1::ROLLOUT_PHASE_COMPLETED);
  EXPECT_EQ(Revert(id, "readable", "and again")->rollout_id(), part->rollout_id());
  const auto whole = Revert(id, "", "whole");
  ASSERT_TRUE(whole.ok()) << whole.status();
  for (ScriptedAgent* agent : {&cp3_, &cp2_, &cp1_}) GoesBack(*agent, 1);
  EXPECT_EQ(world_.Await(whole->rollout_id(), Ended).phase(), v1::ROLLOUT_PHASE_COMPLETED);
  EXPECT_EQ(Revert(id, "", "whole")->rollout_id(), whole->rollout_id());
  EXPECT_EQ(Revert(id, "readable", "part")->rollout_id(), part->rollout_id()) << "the same request";
}

}  // namespace
}  // namespace belay
