// Locks of clusters: what they keep from starting and from beginning, over a restart too.
#include <gtest/gtest.h>

#include "tests/grpc/coordinator_fixture.h"

namespace belay {
namespace {

constexpr std::uint64_t kHourMs = 3'600'000;

class CoordinatorLocksTest : public CoordinatorTest {
 protected:
  template <class Request, class Reply>
  absl::StatusOr<Reply> Call(grpc::Status (v1::Admin::Stub::*method)(grpc::ClientContext*,
                                                                     const Request&, Reply*),
                             const Request& request, v1::Admin::Stub* as = nullptr) {
    Reply reply;
    grpc::ClientContext context;
    v1::Admin::Stub& stub = as == nullptr ? world_.admin() : *as;
    const grpc::Status status = (stub.*method)(&context, request, &reply);
    if (status.ok()) return reply;
    return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  }
  absl::StatusOr<v1::Lock> Take(v1::Admin::Stub* as = nullptr, std::uint64_t for_ms = kHourMs) {
    v1::TakeLockRequest request;
    request.set_cluster("prod");
    request.set_reason("disk of cp2");
    request.set_for_ms(for_ms);
    return Call(&v1::Admin::Stub::TakeLock, request, as);
  }
  absl::StatusOr<v1::ReleaseLockReply> Release(v1::Admin::Stub* as = nullptr) {
    v1::ReleaseLockRequest request;
    request.set_cluster("prod");
    return Call(&v1::Admin::Stub::ReleaseLock, request, as);
  }
  absl::StatusOr<v1::BreakLockReply> Break(const std::string& id = "") {
    v1::BreakLockRequest request;
    request.set_cluster("prod");
    request.set_reason("bob is gone");
    request.set_lock_id(id);
    return Call(&v1::Admin::Stub::BreakLock, request);
  }
  v1::ListLocksReply List(bool history = false) {
    v1::ListLocksRequest request;
    request.set_history(history);
    return *Call(&v1::Admin::Stub::ListLocks, request);
  }
};

TEST_F(CoordinatorLocksTest, ARolloutOfSomebodyElseIsRefusedAlsoAfterARestartUntilTheLockExpires) {
  StartAll();
  auto bob = world_.AdminAs("bob");
  ASSERT_TRUE(Take(bob.get()).ok());
  world_.Stop();
  StartAll();
  const auto refused = world_.StartRollout("q1");
  ASSERT_TRUE(absl::IsFailedPrecondition(refused.status())) << refused.status();
  for (const char* part :
       {"locked by bob until ", "disk of cp2", "nothing was started", "belayctl lock break prod"}) {
    EXPECT_NE(refused.status().message().find(part), std::string::npos) << refused.status();
  }
  world_.clock.PassMs(static_cast<std::int64_t>(kHourMs));
  EXPECT_TRUE(List().locks().empty());
  EXPECT_TRUE(world_.StartRollout("q2").ok()) << "whoever held it may be gone for ever";
}

TEST_F(CoordinatorLocksTest, OnesOwnLockHoldsNobodyBack) {
  StartAll();
  ASSERT_TRUE(Take().ok());
  Roll();
  cp1_.AwaitExecute();
}

TEST_F(CoordinatorLocksTest, ARunningRolloutIsHeldBeforeItsNextNodeAndGoesOnWhenTheLockIsBroken) {
  StartAll();
  const std::string id = Roll();
  const v1::Execute execute = cp1_.AwaitExecute();
  cp1_.Accepted(execute);
  auto bob = world_.AdminAs("bob");
  const auto lock = Take(bob.get());
  ASSERT_TRUE(lock.ok()) << lock.status();
  cp1_.Finished(execute, v1::VERDICT_COMMITTED);
  EXPECT_EQ(PhaseOf(world_.Get(id), "cp1"), v1::NODE_PHASE_COMMITTED);
  EXPECT_EQ(cp2_.ExecutesUntilNow(), 0);
  // Longer than anybody waits for readiness: whoever is held is not late.
  const v1::Rollout held = world_.AwaitPassing(id, 600, [&](const v1::Rollout& rollout) {
    return Ended(rollout) || world_.clock.WallNowUnixMs() > lock->since_unix_ms() + 590'000;
  });
  EXPECT_EQ(held.phase(), v1::ROLLOUT_PHASE_RUNNING);
  EXPECT_NE(held.waiting_for().find("held by bob until "), std::string::npos) << held.waiting_for();
  EXPECT_NE(held.next().find("belayctl lock break prod"), std::string::npos) << held.next();
  world_.Stop();
  StartAll();
  EXPECT_EQ(cp2_.ExecutesUntilNow(), 0) << "over a restart too";

  EXPECT_TRUE(absl::IsFailedPrecondition(Break("l-other").status())) << "not the one that is meant";
  EXPECT_TRUE(absl::IsFailedPrecondition(Release().status())) << "it is not ada's";
  const auto broken = Break(lock->id());
  ASSERT_TRUE(broken.ok()) << broken.status();
  cp2_.AwaitExecute();
  const v1::ListLocksReply list = List(true);
  ASSERT_EQ(list.locks_size(), 1);
  EXPECT_EQ(list.locks(0).kind(), v1::LOCK_KIND_ROLLOUT);
  EXPECT_EQ(list.locks(0).id(), id);
  ASSERT_EQ(list.events_size(), 2);
  EXPECT_EQ(list.events(1).broken().operator_(), "ada");
  EXPECT_EQ(list.events(1).broken().owner(), "bob");
  EXPECT_EQ(list.events(1).broken().reason(), "bob is gone");
}

TEST_F(CoordinatorLocksTest, AResumeBeginsNobodyInSpiteOfALock) {
  StartAll();
  auto bob = world_.AdminAs("bob");
  world_.rollout_options.set_approval(true);
  const std::string id = Roll();
  ASSERT_TRUE(Take(bob.get()).ok());
  v1::ChangeRolloutRequest request;
  request.set_rollout_id(id);
  ASSERT_TRUE(Call(&v1::Admin::Stub::ApproveRollout, request, bob.get()).ok());
  EXPECT_EQ(cp1_.ExecutesUntilNow(), 0);
  EXPECT_TRUE(Release(bob.get())->has_released());
  EXPECT_FALSE(Release(bob.get())->has_released()) << "again: nothing to do";
  cp1_.AwaitExecute();
}

TEST_F(CoordinatorLocksTest, RetryAndRevertAreRefusedToo) {
  StartAll();
  const std::string id = Roll();
  cp1_.Finished(cp1_.AwaitExecute(), v1::VERDICT_ROLLED_BACK);
  world_.Await(id, Ended);
  auto bob = world_.AdminAs("bob");
  ASSERT_TRUE(Take(bob.get()).ok());
  v1::ChangeRolloutRequest retry;
  retry.set_rollout_id(id);
  retry.set_request_id("q");
  EXPECT_TRUE(absl::IsFailedPrecondition(Call(&v1::Admin::Stub::RetryRollout, retry).status()));
  v1::RevertRolloutRequest revert;
  revert.set_rollout_id(id);
  revert.set_request_id("r");
  EXPECT_TRUE(absl::IsFailedPrecondition(Call(&v1::Admin::Stub::RevertRollout, revert).status()));
  v1::StartFleetRequest fleet;
  *fleet.mutable_plan() = world_.plan();
  fleet.mutable_strategy()->add_clusters("prod");
  fleet.set_request_id("f");
  EXPECT_TRUE(absl::IsFailedPrecondition(Call(&v1::Admin::Stub::StartFleet, fleet).status()));
  ASSERT_TRUE(Break().ok());
  EXPECT_TRUE(Call(&v1::Admin::Stub::RetryRollout, retry).ok());
}

TEST_F(CoordinatorLocksTest, AnOwnersOwnRolloutIsNotCarriedOnByOthers) {
  StartAll();
  const std::string id = Roll();
  cp1_.Finished(cp1_.AwaitExecute(), v1::VERDICT_ROLLED_BACK);
  world_.Await(id, Ended);
  ASSERT_TRUE(Take().ok()) << "works on the node by hand now";
  auto bob = world_.AdminAs("bob");
  v1::ChangeRolloutRequest retry;
  retry.set_rollout_id(id);
  retry.set_request_id("q");
  EXPECT_TRUE(
      absl::IsFailedPrecondition(Call(&v1::Admin::Stub::RetryRollout, retry, bob.get()).status()));
  ASSERT_TRUE(Call(&v1::Admin::Stub::RetryRollout, retry).ok());
  v1::ChangeRolloutRequest change;
  change.set_rollout_id(id);
  ASSERT_TRUE(Call(&v1::Admin::Stub::PauseRollout, change, bob.get()).ok()) << "stopping is free";
  EXPECT_TRUE(absl::IsFailedPrecondition(
      Call(&v1::Admin::Stub::ResumeRollout, change, bob.get()).status()));
  EXPECT_TRUE(Call(&v1::Admin::Stub::ResumeRollout, change).ok());
}

TEST_F(CoordinatorLocksTest, AnOwnersFleetIsNotCarriedOnByOthersWhereHeHasLockedACluster) {
  StartAll();
  v1::StartFleetRequest start;
  *start.mutable_plan() = world_.plan();
  start.mutable_strategy()->add_clusters("prod");
  start.set_request_id("f");
  const auto fleet = Call(&v1::Admin::Stub::StartFleet, start);
  ASSERT_TRUE(fleet.ok()) << fleet.status();
  auto bob = world_.AdminAs("bob");
  const auto ask = [&](v1::FleetVerb verb, v1::Admin::Stub* as) {
    v1::ChangeFleetRequest change;
    change.set_fleet_id(fleet->id());
    change.set_verb(verb);
    return Call(&v1::Admin::Stub::ChangeFleet, change, as).status();
  };
  ASSERT_TRUE(ask(v1::FLEET_VERB_PAUSE, bob.get()).ok()) << "stopping is free";
  ASSERT_TRUE(Take().ok()) << "works on the cluster by hand now";
  const absl::Status refused = ask(v1::FLEET_VERB_RESUME, bob.get());
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_NE(refused.message().find("cluster prod is locked"), std::string::npos) << refused;
  EXPECT_TRUE(ask(v1::FLEET_VERB_RESUME, &world_.admin()).ok());
  ASSERT_TRUE(ask(v1::FLEET_VERB_PAUSE, bob.get()).ok());
  ASSERT_TRUE(Release().ok());
  ASSERT_TRUE(Take(bob.get()).ok());
  EXPECT_TRUE(ask(v1::FLEET_VERB_RESUME, &world_.admin()).ok())
      << "bob's lock holds that cluster's rollout, and no other one's";
}

TEST_F(CoordinatorLocksTest, WhatCannotBeALockIsRefused) {
  StartAll();
  EXPECT_FALSE(Take(nullptr, 0).ok());
  EXPECT_FALSE(Take(nullptr, ~std::uint64_t{0}).ok()) << "longer than can be counted";
  v1::TakeLockRequest unknown;
  unknown.set_cluster("prdo");
  unknown.set_reason("x");
  unknown.set_for_ms(kHourMs);
  EXPECT_TRUE(absl::IsNotFound(Call(&v1::Admin::Stub::TakeLock, unknown).status()))
      << "it would keep nobody off anything";
  const std::string id = Roll();
  const auto rollout = Break();
  EXPECT_NE(rollout.status().message().find("belayctl rollout abort " + id), std::string::npos)
      << rollout.status();
  EXPECT_TRUE(List(true).events().empty());
}

}  // namespace
}  // namespace belay
