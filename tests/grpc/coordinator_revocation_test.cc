// Certificates that end while they are in use: what is open with them ends at once, and says why.
#include <gtest/gtest.h>

#include "tests/grpc/coordinator_fixture.h"

namespace belay {
namespace {

class CoordinatorRevocationTest : public CoordinatorTest {
 protected:
  using Stub = v1::Admin::Stub;
  absl::StatusOr<v1::RevokeCertificateReply> Revoke(v1::RevokeCertificateRequest request) {
    request.set_reason("given away");
    v1::RevokeCertificateReply reply;
    grpc::ClientContext context;
    const grpc::Status status = world_.admin().RevokeCertificate(&context, request, &reply);
    if (status.ok()) return reply;
    return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  }
  static v1::RevokeCertificateRequest OfNode(const std::string& node) {
    v1::RevokeCertificateRequest request;
    request.set_cluster("prod");
    request.set_node(node);
    return request;
  }
  static grpc::StatusCode List(Stub& as) {
    v1::ListNodesReply reply;
    grpc::ClientContext context;
    return as.ListNodes(&context, v1::ListNodesRequest(), &reply).error_code();
  }
  static void SetDeadline(grpc::ClientContext& context) {
    context.set_deadline(
        gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_seconds(10, GPR_TIMESPAN)));
  }
};

TEST_F(CoordinatorRevocationTest, ANodesStreamEndsAtOnceAndItStaysOutOverARestart) {
  StartAll();
  const auto revoked = Revoke(OfNode("cp1"));
  ASSERT_TRUE(revoked.ok()) << revoked.status();
  EXPECT_EQ(revoked->closed(), 1u);
  const grpc::Status end = cp1_.AwaitEnd();
  EXPECT_EQ(end.error_code(), grpc::StatusCode::UNAUTHENTICATED) << end.error_message();
  EXPECT_NE(end.error_message().find("was revoked at "), std::string::npos) << end.error_message();
  EXPECT_EQ(cp1_.TryHello("cp1").error_code(), grpc::StatusCode::UNAUTHENTICATED);
  cp2_.Sync();
  world_.Stop();
  world_.Start();
  EXPECT_EQ(cp1_.TryHello("cp1").error_code(), grpc::StatusCode::UNAUTHENTICATED);
  cp2_.Connect();
}

TEST_F(CoordinatorRevocationTest, AnOperatorsWatchEndsAtOnceAndHisCallsAreRefused) {
  StartAll();
  auto bob = world_.AdminAs("bob");
  v1::GetRolloutRequest request;
  request.set_rollout_id(Roll());
  grpc::ClientContext context;
  SetDeadline(context);
  const auto watch = bob->WatchRollout(&context, request);
  v1::RolloutUpdate update;
  ASSERT_TRUE(watch->Read(&update));
  v1::RevokeCertificateRequest of_bob;
  of_bob.set_operator_("bob");
  const auto revoked = Revoke(of_bob);
  ASSERT_TRUE(revoked.ok()) << revoked.status();
  EXPECT_EQ(revoked->closed(), 1u);
  while (watch->Read(&update)) continue;
  EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(List(*bob), grpc::StatusCode::UNAUTHENTICATED) << "on the connection that is open";
  EXPECT_EQ(List(world_.admin()), grpc::StatusCode::OK);
}

TEST_F(CoordinatorRevocationTest, WhatIsOpenEndsWithItsCertificate) {
  StartAll();
  v1::GetRolloutRequest request;
  request.set_rollout_id(Roll());
  grpc::ClientContext context;
  SetDeadline(context);
  const auto watch = world_.admin().WatchRollout(&context, request);
  v1::RolloutUpdate update;
  ASSERT_TRUE(watch->Read(&update));
  world_.clock.PassMs(std::int64_t{366} * 86'400'000);
  const grpc::Status end = cp2_.AwaitEnd();
  EXPECT_EQ(end.error_code(), grpc::StatusCode::UNAUTHENTICATED) << end.error_message();
  EXPECT_NE(end.error_message().find("has expired at "), std::string::npos) << end.error_message();
  while (watch->Read(&update)) continue;
  EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(CoordinatorRevocationTest, OnlyAnAdminRevokes) {
  StartAll();
  auto ops = world_.AdminAs("ops", {v1::ROLE_VIEWER, v1::ROLE_OPERATOR, v1::ROLE_APPROVER});
  v1::RevokeCertificateRequest request = OfNode("cp1");
  request.set_reason("x");
  v1::RevokeCertificateReply reply;
  grpc::ClientContext context;
  EXPECT_EQ(ops->RevokeCertificate(&context, request, &reply).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  cp1_.Sync();
}

}  // namespace
}  // namespace belay
