// The coordinator's audit trail: every call is in it before it does anything, in a chain that shows
// every change.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "belay/v1/enrolment.grpc.pb.h"
#include "common/trail/chain.h"
#include "server/store/store.h"
#include "tests/grpc/coordinator_fixture.h"

namespace belay {
namespace {

class CoordinatorAuditTest : public CoordinatorTest {
 protected:
  using Stub = v1::Admin::Stub;
  v1::ListAuditTrailReply Trail(Stub& as, std::uint64_t after = 0) {
    v1::ListAuditTrailRequest request;
    request.set_after(after);
    v1::ListAuditTrailReply reply;
    grpc::ClientContext context;
    const grpc::Status status = as.ListAuditTrail(&context, request, &reply);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return reply;
  }
  std::vector<v1::AuditRecord> Of(const std::string& method) {
    std::vector<v1::AuditRecord> found;
    const v1::ListAuditTrailReply trail = Trail(world_.admin());
    for (const v1::AuditEntry& entry : trail.entries()) {
      v1::AuditRecord record;
      EXPECT_TRUE(record.ParseFromString(entry.record()));
      if (record.method() == method) found.push_back(record);
    }
    return found;
  }
  absl::Status Verify() {
    TrailReader reader;
    const v1::ListAuditTrailReply trail = Trail(world_.admin());
    for (const v1::AuditEntry& entry : trail.entries()) {
      if (absl::Status taken = reader.Take(entry); !taken.ok()) return taken;
    }
    EXPECT_EQ(reader.head(), trail.head());
    EXPECT_EQ(reader.last(), trail.newest());
    return absl::OkStatus();
  }
  int Execute(const std::string& sql) {
    sqlite3* raw = nullptr;
    EXPECT_EQ(sqlite3_open(world_.database().c_str(), &raw), SQLITE_OK);
    const int code = sqlite3_exec(raw, sql.c_str(), nullptr, nullptr, nullptr);
    sqlite3_close(raw);
    return code;
  }
  void List(Stub& as) {
    v1::ListNodesReply reply;
    grpc::ClientContext context;
    static_cast<void>(as.ListNodes(&context, v1::ListNodesRequest(), &reply));
  }
  void Label(Stub& as, const std::string& value) {
    v1::LabelClusterRequest request;
    request.set_cluster("prod");
    (*request.mutable_set())["env"] = value;
    request.set_overwrite(true);
    v1::Cluster reply;
    grpc::ClientContext context;
    static_cast<void>(as.LabelCluster(&context, request, &reply));
  }
};

TEST_F(CoordinatorAuditTest, EachCallIsInItWithWhoWhatWhyAndADigest) {
  StartAll();
  auto vic = world_.AdminAs("vic", {v1::ROLE_VIEWER});
  Label(*vic, "mine");
  Label(world_.admin(), "prod");
  Label(world_.admin(), "test");
  const auto found = Of(kLabelCluster);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].identity(), "spiffe://belay/operator/vic");
  EXPECT_EQ(found[0].decision(), v1::AuditRecord::DENIED);
  EXPECT_NE(found[0].reason().find("this is for the role operator or admin"), std::string::npos)
      << found[0].reason();
  EXPECT_EQ(found[1].identity(), "spiffe://belay/operator/ada");
  EXPECT_EQ(found[1].decision(), v1::AuditRecord::ALLOWED);
  EXPECT_EQ(found[1].reason(), "as admin");
  EXPECT_EQ(found[1].target(), "cluster=prod");
  EXPECT_EQ(found[1].certificate_sha256().size(), 64u);
  EXPECT_NE(found[1].request_sha256(), found[2].request_sha256());
  EXPECT_EQ(Of(kAgentConnect).size(), 3u);
  EXPECT_EQ(Of("belay-server operator").size(), 1u) << "the first operator, made by init";
  EXPECT_TRUE(Verify().ok());
}

TEST_F(CoordinatorAuditTest, ReadsAreCountedAndWhatWasCountedIsToldWhenItStops) {
  world_.Start();
  for (int i = 0; i < 20; ++i) List(world_.admin());
  EXPECT_EQ(Of(kListNodes).size(), 1u);
  world_.Stop();
  world_.Start();
  const auto found = Of(kListNodes);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[1].more(), 19u);
  EXPECT_TRUE(Verify().ok()) << "one chain over a restart";
}

TEST_F(CoordinatorAuditTest, ANodeThatIsNotWhoItSaysOrNotEnrolledIsDeniedInIt) {
  world_.Start();
  EXPECT_EQ(cp1_.TryHello("cp2").error_code(), grpc::StatusCode::PERMISSION_DENIED);
  ScriptedAgent stranger(world_, "cp9");
  EXPECT_EQ(stranger.TryHello("cp9").error_code(), grpc::StatusCode::PERMISSION_DENIED);
  const auto found = Of(kAgentConnect);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].identity(), "spiffe://belay/cluster/prod/node/cp1");
  EXPECT_EQ(found[0].decision(), v1::AuditRecord::DENIED);
  EXPECT_NE(found[0].reason().find("the agent says it is prod/cp2"), std::string::npos);
  EXPECT_EQ(found[1].identity(), "spiffe://belay/cluster/prod/node/cp9");
  EXPECT_EQ(found[1].decision(), v1::AuditRecord::DENIED);
  EXPECT_NE(found[1].reason().find("not enrolled here"), std::string::npos);
}

TEST_F(CoordinatorAuditTest, ANodeThatRenewsOnAndOnFillsNoDisk) {
  world_.Start();
  const auto stub = v1::AgentLink::NewStub(world_.Dial(world_.NodeFiles("cp1")));
  v1::RenewRequest request;
  request.set_csr_pem("none");
  for (int i = 0; i < 1000; ++i) {
    v1::RenewReply reply;
    grpc::ClientContext context;
    ASSERT_FALSE(stub->Renew(&context, request, &reply).ok());
  }
  EXPECT_EQ(Of(kRenew).size(), 10u);
  world_.Stop();
  world_.Start();
  const auto found = Of(kRenew);
  ASSERT_EQ(found.size(), 11u);
  EXPECT_EQ(found[10].more(), 990u);
  EXPECT_EQ(found[10].identity(), "spiffe://belay/cluster/prod/node/cp1");
}

TEST_F(CoordinatorAuditTest, WhoeverHoldsATokenFillsNoDisk) {
  world_.Start();
  v1::CreateTokenRequest wanted;
  wanted.set_cluster("prod");
  wanted.set_node("cp9");
  v1::CreateTokenReply token;
  grpc::ClientContext create;
  ASSERT_TRUE(world_.admin().CreateToken(&create, wanted, &token).ok());
  const TlsFiles operators = world_.OperatorFiles();
  auto files = *PosixFileSystem::Open("/");
  const auto stub = v1::Enrolment::NewStub(grpc::CreateCustomChannel(
      world_.enrol_address(), PinnedChannelCredentials(files->Read(operators.ca)->bytes),
      ClientArguments()));
  v1::EnrolRequest enrol;
  enrol.set_token(token.token());
  enrol.set_csr_pem(*MakeCsrPem(*GenerateP256KeyPem()));
  enrol.set_agent_unix_seconds(world_.clock.WallNowUnixMs() / 1000);
  v1::ConfirmRequest confirm;
  confirm.set_token(token.token());
  for (int i = 0; i < 500; ++i) {
    v1::EnrolReply reply;
    grpc::ClientContext context;
    ASSERT_TRUE(stub->Enrol(&context, enrol, &reply).ok()) << "not confirmed, so the same again";
    confirm.set_certificate_sha256(ReadCertificate(reply.certificate_pem())->sha256);
  }
  for (int i = 0; i < 500; ++i) {
    v1::ConfirmReply reply;
    grpc::ClientContext context;
    ASSERT_TRUE(stub->Confirm(&context, confirm, &reply).ok());
  }
  EXPECT_EQ(Of("/belay.v1.Enrolment/Enrol").size(), 10u);
  EXPECT_EQ(Of("/belay.v1.Enrolment/Confirm").size(), 10u);
  world_.Stop();
  world_.Start();
  const auto found = Of("/belay.v1.Enrolment/Confirm");
  ASSERT_EQ(found.size(), 11u);
  EXPECT_EQ(found[10].more(), 490u);
  EXPECT_EQ(found[10].target(), confirm.certificate_sha256());
}

TEST_F(CoordinatorAuditTest, ARevocationAndWhatItHasClosedAreInIt) {
  StartAll();
  v1::RevokeCertificateRequest request;
  request.set_cluster("prod");
  request.set_node("cp1");
  request.set_reason("given away");
  v1::RevokeCertificateReply reply;
  grpc::ClientContext context;
  ASSERT_TRUE(world_.admin().RevokeCertificate(&context, request, &reply).ok());
  ASSERT_EQ(Of(kRevokeCertificate).size(), 1u);
  EXPECT_EQ(Of(kRevokeCertificate)[0].target(), "cluster=prod node=cp1");
  const auto connects = Of(kAgentConnect);
  ASSERT_EQ(connects.size(), 4u);
  EXPECT_EQ(connects[3].decision(), v1::AuditRecord::DENIED);
  EXPECT_EQ(connects[3].target(), "what was open is closed");
}

TEST_F(CoordinatorAuditTest, ItIsOnlyAddedToAndAChangeBehindItsBackIsFound) {
  StartAll();
  for (const char* value : {"a", "b", "c", "d"}) Label(world_.admin(), value);
  ASSERT_TRUE(Verify().ok());
  EXPECT_NE(Execute("DELETE FROM audit_trail WHERE number = 2"), SQLITE_OK);
  EXPECT_NE(Execute("UPDATE audit_trail SET record = x'' WHERE number = 2"), SQLITE_OK);
  ASSERT_TRUE(Verify().ok());
  ASSERT_EQ(Execute("DROP TRIGGER audit_trail_is_kept; DELETE FROM audit_trail WHERE number = 2"),
            SQLITE_OK);
  const absl::Status broken = Verify();
  EXPECT_TRUE(absl::IsDataLoss(broken)) << broken;
}

TEST_F(CoordinatorAuditTest, WhatCannotBeWrittenIntoItIsNotDone) {
  EXPECT_EQ(Execute("CREATE TRIGGER full BEFORE INSERT ON audit_trail "
                    "BEGIN SELECT RAISE(ABORT, 'no'); END"),
            SQLITE_OK);
  world_.ExpectFatal();
  world_.Start();
  Label(world_.admin(), "prod");
  world_.Stop();
  EXPECT_TRUE((*store::Store::Open(world_.database()))->ClusterLabels()->empty());
}

}  // namespace
}  // namespace belay
