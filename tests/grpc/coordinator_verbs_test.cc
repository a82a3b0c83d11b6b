// What operators do to a running coordinator: pause, resume, abort, approve, retry; and what a
// rollout that cannot be read does to the others.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "tests/grpc/coordinator_fixture.h"

namespace belay {
namespace {

using Method = grpc::Status (v1::Admin::Stub::*)(grpc::ClientContext*,
                                                 const v1::ChangeRolloutRequest&, v1::Rollout*);

class CoordinatorVerbsTest : public CoordinatorTest {
 protected:
  absl::StatusOr<v1::Rollout> Ask(Method method, const std::string& id,
                                  v1::Admin::Stub* as = nullptr) {
    v1::ChangeRolloutRequest request;
    request.set_rollout_id(id);
    request.set_reason("because");
    request.set_request_id("once");
    v1::Rollout reply;
    grpc::ClientContext context;
    v1::Admin::Stub& stub = as == nullptr ? world_.admin() : *as;
    const grpc::Status status = (stub.*method)(&context, request, &reply);
    if (status.ok()) return reply;
    return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  }
  void Sql(const std::string& sql) {
    sqlite3* raw = nullptr;
    ASSERT_EQ(sqlite3_open(world_.database().c_str(), &raw), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(raw, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(raw);
    sqlite3_close(raw);
  }
};

TEST_F(CoordinatorVerbsTest, APauseHoldsTheNextNodeAlsoOverARestart) {
  StartAll();
  const std::string id = Roll();
  const v1::Execute execute = cp1_.AwaitExecute();
  cp1_.Accepted(execute);
  const auto paused = Ask(&v1::Admin::Stub::PauseRollout, id);
  ASSERT_TRUE(paused.ok()) << paused.status();
  EXPECT_EQ(paused->phase(), v1::ROLLOUT_PHASE_PAUSED);
  EXPECT_EQ(paused->paused_by(), "ada (because)");
  cp1_.Finished(execute, v1::VERDICT_COMMITTED);
  EXPECT_EQ(cp2_.ExecutesUntilNow(), 0);
  world_.Stop();
  StartAll();
  EXPECT_EQ(cp2_.ExecutesUntilNow(), 0);
  EXPECT_TRUE(Ask(&v1::Admin::Stub::ResumeRollout, id).ok());
  cp2_.AwaitExecute();
}

TEST_F(CoordinatorVerbsTest, AnAbortedRolloutEndsWithTheNodeInFlightAndARetryGoesOn) {
  StartAll();
  const std::string id = Roll();
  const v1::Execute first = cp1_.AwaitExecute();
  cp1_.Accepted(first);
  EXPECT_EQ(Ask(&v1::Admin::Stub::AbortRollout, id)->phase(), v1::ROLLOUT_PHASE_STOPPING);
  EXPECT_FALSE(Ask(&v1::Admin::Stub::RetryRollout, id).ok()) << "cp1 is in flight";
  cp1_.Finished(first, v1::VERDICT_ROLLED_BACK);
  const v1::Rollout stopped = world_.Await(
      id, [](const v1::Rollout& rollout) { return rollout.phase() == v1::ROLLOUT_PHASE_STOPPED; });
  EXPECT_EQ(stopped.stop_cause(), v1::STOP_CAUSE_ROLLED_BACK);
  EXPECT_EQ(cp2_.ExecutesUntilNow(), 0);

  const auto retried = Ask(&v1::Admin::Stub::RetryRollout, id);
  ASSERT_TRUE(retried.ok()) << retried.status();
  EXPECT_EQ(retried->finished_unix_ms(), 0);
  EXPECT_TRUE(Ask(&v1::Admin::Stub::RetryRollout, id).ok()) << "the same request once more";
  const v1::Execute again = cp1_.AwaitExecute();
  EXPECT_EQ(again.run().attempt(), 2u);
  cp1_.Finished(first, v1::VERDICT_QUARANTINED);
  EXPECT_EQ(PhaseOf(world_.Get(id), "cp1"), v1::NODE_PHASE_DISPATCHED)
      << "a word of the first attempt";
  world_.Stop();
  StartAll();  // what was reopened runs on
  const v1::Execute once_more = cp1_.AwaitExecute();
  EXPECT_EQ(once_more.run().attempt(), 2u);
  cp1_.Finished(once_more, v1::VERDICT_COMMITTED);
  EXPECT_EQ(PhaseOf(world_.Get(id), "cp1"), v1::NODE_PHASE_COMMITTED);
  cp2_.AwaitExecute();
}

TEST_F(CoordinatorVerbsTest, SomebodyElseMustApprove) {
  world_.rollout_options.set_approval(true);
  StartAll();
  const std::string id = Roll();
  EXPECT_EQ(cp1_.ExecutesUntilNow(), 0);
  EXPECT_NE(world_.Get(id).next().find("rollout approve " + id), std::string::npos);
  EXPECT_EQ(Ask(&v1::Admin::Stub::ApproveRollout, id).status().code(),
            absl::StatusCode::kFailedPrecondition)
      << "ada submitted it";
  const auto bob = world_.AdminAs("bob");
  const auto approved = Ask(&v1::Admin::Stub::ApproveRollout, id, bob.get());
  ASSERT_TRUE(approved.ok()) << approved.status();
  EXPECT_EQ(approved->approved_by(), "bob");
  cp1_.AwaitExecute();
}

TEST_F(CoordinatorVerbsTest, TheSoakTimeIsWaitedAndTheDeadlineKeptOverARestart) {
  world_.rollout_options.set_soak_ms(60'000);
  world_.rollout_options.set_deadline_ms(200'000);
  StartAll();
  const std::string id = Roll();
  cp1_.Finished(cp1_.AwaitExecute(), v1::VERDICT_COMMITTED);
  EXPECT_EQ(cp2_.ExecutesUntilNow(), 0);
  world_.AwaitPassing(id, 70, [](const v1::Rollout& rollout) {
    return PhaseOf(rollout, "cp2") == v1::NODE_PHASE_DISPATCHED;
  });
  cp2_.Finished(cp2_.AwaitExecute(), v1::VERDICT_COMMITTED);
  world_.Stop();
  world_.clock.PassMs(500'000);
  world_.Start();  // and nobody connects
  EXPECT_EQ(world_.AwaitPassing(id, 30, Ended).stop_cause(), v1::STOP_CAUSE_DEADLINE);
}

TEST_F(CoordinatorVerbsTest, AClusterThatHasChangedSinceTheStopIsNotRetried) {
  StartAll();
  const std::string id = Roll();
  cp1_.Finished(cp1_.AwaitExecute(), v1::VERDICT_ROLLED_BACK);
  world_.Await(id, Ended);
  Sql("INSERT INTO nodes(cluster, node) VALUES('prod', 'cp4')");  // enrolled, never connected
  const auto refused = Ask(&v1::Admin::Stub::RetryRollout, id);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(refused.status().message().find("other nodes"), std::string::npos) << refused.status();
  EXPECT_EQ(cp1_.ExecutesUntilNow(), 0);
}

TEST_F(CoordinatorVerbsTest, WhatComesFromABackupIsPausedUntilSomebodyHasLooked) {
  StartAll();
  const std::string id = Roll();
  const v1::Execute before = cp1_.AwaitExecute();
  cp1_.Accepted(before);
  world_.Stop();
  Sql("INSERT INTO meta VALUES('restored_unix', 5)");
  StartAll();
  EXPECT_EQ(world_.Get(id).phase(), v1::ROLLOUT_PHASE_PAUSED);
  cp1_.Finished(cp1_.AwaitExecute(), v1::VERDICT_COMMITTED);  // it had begun and may end
  EXPECT_EQ(cp2_.ExecutesUntilNow(), 0);
  world_.Stop();
  StartAll();
  EXPECT_TRUE(Ask(&v1::Admin::Stub::ResumeRollout, id).ok());
  cp2_.AwaitExecute();
  world_.Stop();
  StartAll();
  EXPECT_EQ(world_.Get(id).phase(), v1::ROLLOUT_PHASE_RUNNING) << "said once";
}

TEST_F(CoordinatorVerbsTest, ARolloutThatCannotBeReadHoldsItsClusterAndNothingElse) {
  StartAll();
  const std::string old = Roll({"cp1"});
  cp1_.Finished(cp1_.AwaitExecute(), v1::VERDICT_COMMITTED);
  world_.Await(old, Ended);
  const auto open = world_.StartRollout("open", {"cp2"});
  ASSERT_TRUE(open.ok());
  cp2_.AwaitExecute();
  world_.Stop();
  Sql("UPDATE rollout_events SET state_digest = 'x' WHERE seq = 2");
  StartAll();
  v1::ListRolloutsReply list;
  {
    grpc::ClientContext context;
    ASSERT_TRUE(world_.admin().ListRollouts(&context, {}, &list).ok());
  }
  ASSERT_EQ(list.rollouts_size(), 2);
  for (const v1::Rollout& rollout : list.rollouts()) {
    EXPECT_EQ(rollout.phase(), v1::ROLLOUT_PHASE_UNREADABLE);
    EXPECT_NE(rollout.stop_reason().find("event 2"), std::string::npos) << rollout.stop_reason();
  }
  const auto refused = world_.StartRollout("next");
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(refused.status().message().find("rollout abort " + open->rollout_id()),
            std::string::npos)
      << refused.status();
  EXPECT_FALSE(Ask(&v1::Admin::Stub::ResumeRollout, open->rollout_id()).ok());
  EXPECT_FALSE(Ask(&v1::Admin::Stub::AbortRollout, old).ok()) << "it has ended";
  const auto ended = Ask(&v1::Admin::Stub::AbortRollout, open->rollout_id());
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_NE(ended->finished_unix_ms(), 0);
  EXPECT_TRUE(world_.StartRollout("next").ok());
}

}  // namespace
}  // namespace belay
