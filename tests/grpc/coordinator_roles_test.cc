// Who may do what, and that a role that is taken away acts at once.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "server/driver/operators.h"
#include "tests/grpc/coordinator_fixture.h"

namespace belay {
namespace {

class CoordinatorRolesTest : public CoordinatorTest {
 protected:
  using Stub = v1::Admin::Stub;
  template <class Request, class Reply>
  absl::Status Try(Stub& as,
                   grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*),
                   const Request& request) {
    Reply reply;
    grpc::ClientContext context;
    const grpc::Status status = (as.*method)(&context, request, &reply);
    return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  }
  absl::Status List(Stub& as) { return Try(as, &Stub::ListNodes, v1::ListNodesRequest()); }
  absl::Status Grant(Stub& as, const std::string& name, v1::Role role) {
    return Try(as, &Stub::GrantRole, Change(name, role));
  }
  absl::Status Revoke(Stub& as, const std::string& name, v1::Role role) {
    return Try(as, &Stub::RevokeRole, Change(name, role));
  }
  static v1::ChangeRoleRequest Change(const std::string& name, v1::Role role) {
    v1::ChangeRoleRequest request;
    request.set_name(name);
    request.set_role(role);
    return request;
  }
  v1::StartRolloutRequest Start() {
    v1::StartRolloutRequest request;
    request.set_cluster("prod");
    *request.mutable_plan() = world_.plan();
    request.set_request_id("q");
    *request.mutable_options() = world_.rollout_options;
    return request;
  }
  // As a database of before there were roles: nobody is listed, and it has been served until now.
  void Unlist(std::int64_t until_unix) {
    sqlite3* raw = nullptr;
    ASSERT_EQ(sqlite3_open(world_.database().c_str(), &raw), SQLITE_OK);
    const std::string sql =
        "DELETE FROM operators; DELETE FROM role_bindings; "
        "INSERT INTO meta VALUES('unlisted_until_unix', " +
        std::to_string(until_unix) + ")";
    EXPECT_EQ(sqlite3_exec(raw, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(raw);
  }
};

TEST_F(CoordinatorRolesTest, AViewerLooksAnApproverApprovesAndNeitherStarts) {
  StartAll();
  auto vic = world_.AdminAs("vic", {v1::ROLE_VIEWER});
  auto pam = world_.AdminAs("pam", {v1::ROLE_APPROVER});
  auto ops = world_.AdminAs("ops", {v1::ROLE_OPERATOR});
  auto nobody = world_.AdminAs("nobody", {});
  EXPECT_TRUE(List(*vic).ok());
  EXPECT_TRUE(absl::IsPermissionDenied(List(*nobody)));
  world_.rollout_options.set_approval(true);
  EXPECT_TRUE(absl::IsPermissionDenied(Try(*vic, &Stub::StartRollout, Start())));
  EXPECT_TRUE(absl::IsPermissionDenied(Try(*pam, &Stub::StartRollout, Start())));
  EXPECT_EQ(cp1_.ExecutesUntilNow(), 0);
  ASSERT_TRUE(Try(*ops, &Stub::StartRollout, Start()).ok());
  v1::ListRolloutsReply rollouts;
  grpc::ClientContext context;
  ASSERT_TRUE(vic->ListRollouts(&context, v1::ListRolloutsRequest(), &rollouts).ok());
  v1::ChangeRolloutRequest change;
  change.set_rollout_id(rollouts.rollouts(0).id());
  EXPECT_TRUE(absl::IsPermissionDenied(Try(*ops, &Stub::ApproveRollout, change)));
  EXPECT_TRUE(absl::IsPermissionDenied(Try(*pam, &Stub::PauseRollout, change)));
  EXPECT_EQ(cp1_.ExecutesUntilNow(), 0);
  EXPECT_TRUE(Try(*pam, &Stub::ApproveRollout, change).ok());
  cp1_.AwaitExecute();
}

TEST_F(CoordinatorRolesTest, AnAdminDoesNotApproveHisOwn) {
  StartAll();
  world_.rollout_options.set_approval(true);
  v1::ChangeRolloutRequest change;
  change.set_rollout_id(Roll());
  EXPECT_TRUE(absl::IsFailedPrecondition(Try(world_.admin(), &Stub::ApproveRollout, change)));
  EXPECT_EQ(cp1_.ExecutesUntilNow(), 0);
}

TEST_F(CoordinatorRolesTest, ApprovingAFleetIsAnApproversAndPausingItIsNot) {
  StartAll();
  v1::StartFleetRequest start;
  *start.mutable_plan() = world_.plan();
  start.mutable_strategy()->add_clusters("prod");
  start.mutable_strategy()->mutable_options()->set_approval(true);
  start.set_request_id("f");
  v1::Fleet fleet;
  grpc::ClientContext context;
  ASSERT_TRUE(world_.admin().StartFleet(&context, start, &fleet).ok());
  auto pam = world_.AdminAs("pam", {v1::ROLE_APPROVER});
  auto ops = world_.AdminAs("ops", {v1::ROLE_OPERATOR});
  v1::ChangeFleetRequest change;
  change.set_fleet_id(fleet.id());
  change.set_verb(v1::FLEET_VERB_APPROVE);
  EXPECT_TRUE(absl::IsPermissionDenied(Try(*ops, &Stub::ChangeFleet, change)));
  EXPECT_TRUE(Try(*pam, &Stub::ChangeFleet, change).ok());
  change.set_verb(v1::FLEET_VERB_PAUSE);
  EXPECT_TRUE(absl::IsPermissionDenied(Try(*pam, &Stub::ChangeFleet, change)));
  EXPECT_TRUE(Try(*ops, &Stub::ChangeFleet, change).ok());
}

TEST_F(CoordinatorRolesTest, ARevokedRoleActsAtOnceEndsWatchesAndStaysRevokedOverARestart) {
  StartAll();
  auto vic = world_.AdminAs("vic", {v1::ROLE_VIEWER});
  v1::GetRolloutRequest request;
  request.set_rollout_id(Roll());
  grpc::ClientContext context;
  context.set_deadline(
      gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_seconds(10, GPR_TIMESPAN)));
  const auto watch = vic->WatchRollout(&context, request);
  v1::RolloutUpdate update;
  ASSERT_TRUE(watch->Read(&update));
  ASSERT_TRUE(Revoke(world_.admin(), "vic", v1::ROLE_VIEWER).ok());
  while (watch->Read(&update)) continue;
  const grpc::Status end = watch->Finish();
  EXPECT_EQ(end.error_code(), grpc::StatusCode::PERMISSION_DENIED) << end.error_message();
  EXPECT_TRUE(absl::IsPermissionDenied(List(*vic)));
  vic.reset();
  world_.Stop();
  StartAll();
  EXPECT_TRUE(Revoke(world_.admin(), "vic", v1::ROLE_VIEWER).ok()) << "again: nothing to do";
  EXPECT_TRUE(absl::IsNotFound(Revoke(world_.admin(), "eve", v1::ROLE_VIEWER)));
}

TEST_F(CoordinatorRolesTest, OnlyAdminsChangeRolesAndTheLastOneStaysOne) {
  StartAll();
  auto ops = world_.AdminAs("ops", {v1::ROLE_VIEWER, v1::ROLE_OPERATOR, v1::ROLE_APPROVER});
  EXPECT_TRUE(absl::IsPermissionDenied(Grant(*ops, "ops", v1::ROLE_ADMIN)));
  EXPECT_TRUE(absl::IsPermissionDenied(Revoke(*ops, "ada", v1::ROLE_ADMIN)));
  EXPECT_TRUE(absl::IsPermissionDenied(Try(*ops, &Stub::ListRoles, v1::ListRolesRequest())));
  EXPECT_TRUE(absl::IsFailedPrecondition(Revoke(world_.admin(), "ada", v1::ROLE_ADMIN)));
  ASSERT_TRUE(Grant(world_.admin(), "ops", v1::ROLE_ADMIN).ok());
  EXPECT_TRUE(Revoke(*ops, "ada", v1::ROLE_ADMIN).ok());
  EXPECT_TRUE(absl::IsPermissionDenied(List(world_.admin()))) << "that was all she had";
  EXPECT_TRUE(absl::IsInvalidArgument(Grant(*ops, "ops", v1::ROLE_UNSPECIFIED)));
  EXPECT_TRUE(absl::IsInvalidArgument(Grant(*ops, "*", v1::ROLE_VIEWER)));
}

TEST_F(CoordinatorRolesTest, WhatBelayServerNotesActsWithoutARestart) {
  StartAll();
  auto store = *store::Store::Open(world_.database());
  auto bob = world_.AdminAs("bob", {});
  EXPECT_TRUE(absl::IsPermissionDenied(List(*bob)));
  ASSERT_TRUE(Note(*store, {"bob", {"viewer"}, "pem", "sha", 1, 2}).ok());
  EXPECT_TRUE(List(*bob).ok());
  EXPECT_FALSE(Note(*store, {"bob", {"root"}, "pem", "sha", 1, 2}).ok());
}

TEST_F(CoordinatorRolesTest, OperatorsOfBeforeThereWereRolesMayStillDoEverythingUntilThatEnds) {
  Unlist(TestPki::Now() + 10);
  StartAll();
  EXPECT_TRUE(List(world_.admin()).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(Revoke(world_.admin(), "*", v1::ROLE_UNSPECIFIED)))
      << "nobody who is listed would be admin";
  ASSERT_TRUE(Grant(world_.admin(), "bob", v1::ROLE_ADMIN).ok());
  EXPECT_TRUE(List(world_.admin()).ok()) << "she still is of before";
  ASSERT_TRUE(Revoke(world_.admin(), "*", v1::ROLE_UNSPECIFIED).ok());
  EXPECT_TRUE(absl::IsPermissionDenied(List(world_.admin())));
}

TEST_F(CoordinatorRolesTest, ACertificateThatWasIssuedSinceNeedsARole) {
  Unlist(TestPki::Now() - 3600);
  StartAll();
  EXPECT_TRUE(absl::IsPermissionDenied(List(world_.admin())));
}

TEST_F(CoordinatorRolesTest, TakingOneRoleFromAnOperatorOfBeforeLeavesTheOthers) {
  Unlist(TestPki::Now() + 10);
  StartAll();
  ASSERT_TRUE(Grant(world_.admin(), "bob", v1::ROLE_ADMIN).ok());
  ASSERT_TRUE(Revoke(world_.admin(), "ada", v1::ROLE_OPERATOR).ok());
  EXPECT_TRUE(List(world_.admin()).ok());
  EXPECT_TRUE(Revoke(world_.admin(), "ada", v1::ROLE_ADMIN).ok());
  EXPECT_TRUE(absl::IsPermissionDenied(Revoke(world_.admin(), "ada", v1::ROLE_VIEWER)));
}

}  // namespace
}  // namespace belay
