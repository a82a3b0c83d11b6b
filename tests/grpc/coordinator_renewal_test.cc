// Renewal over the mutual TLS of the agent link: for the node that asks, and for no other.
#include <gtest/gtest.h>

#include "node-agent/enrol/identity_files.h"
#include "node-agent/enrol/renew_client.h"
#include "tests/grpc/coordinator_fixture.h"

namespace belay {
namespace {

class CoordinatorRenewalTest : public CoordinatorTest {
 protected:
  absl::StatusOr<std::string> Renew(const TlsFiles& as, const std::string& key) {
    v1::RenewRequest request;
    request.set_csr_pem(*MakeCsrPem(key));
    request.set_agent_unix_seconds(world_.clock.WallNowUnixMs() / 1000);
    v1::RenewReply reply;
    grpc::ClientContext context;
    const grpc::Status status =
        v1::AgentLink::NewStub(world_.Dial(as))->Renew(&context, request, &reply);
    if (status.ok()) return reply.certificate_pem();
    return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  }
  absl::Status Revoke(const std::string& node) {
    v1::RevokeCertificateRequest request;
    request.set_cluster("prod");
    request.set_node(node);
    request.set_reason("x");
    v1::RevokeCertificateReply reply;
    grpc::ClientContext context;
    const grpc::Status status = world_.admin().RevokeCertificate(&context, request, &reply);
    return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  }
  int Listed(const std::string& sha256) {
    v1::ListCertificatesRequest request;
    v1::ListCertificatesReply reply;
    grpc::ClientContext context;
    EXPECT_TRUE(world_.admin().ListCertificates(&context, request, &reply).ok());
    int found = 0;
    for (const auto& certificate : reply.certificates()) found += certificate.sha256() == sha256;
    return found;
  }
};

TEST_F(CoordinatorRenewalTest, ANodeGetsAnotherCertificateOfItsOwnAndItIsKnown) {
  StartAll();
  const std::string key = *GenerateP256KeyPem();
  const auto pem = Renew(world_.NodeFiles("cp1"), key);
  ASSERT_TRUE(pem.ok()) << pem.status();
  const CertificateFacts facts = *ReadCertificate(*pem);
  EXPECT_EQ(facts.uris, std::vector<std::string>{"spiffe://belay/cluster/prod/node/cp1"});
  EXPECT_EQ(Listed(facts.sha256), 1);
  EXPECT_TRUE(absl::IsFailedPrecondition(Renew(world_.NodeFiles("cp1"), key).status()))
      << "a key is used once";
}

TEST_F(CoordinatorRenewalTest, NobodyElseIsGivenANodesCertificate) {
  StartAll();
  const std::string key = *GenerateP256KeyPem();
  EXPECT_TRUE(absl::IsPermissionDenied(Renew(world_.OperatorFiles(), key).status()));
  EXPECT_TRUE(absl::IsPermissionDenied(Renew(world_.NodeFiles("stranger"), key).status()))
      << "not enrolled";
  ASSERT_TRUE(Revoke("cp1").ok());
  EXPECT_TRUE(absl::IsUnauthenticated(Renew(world_.NodeFiles("cp1"), key).status()));
  EXPECT_TRUE(Renew(world_.NodeFiles("cp2"), key).ok());
}

TEST_F(CoordinatorRenewalTest, TheAgentKeepsWhatItIsGivenAndConnectsWithIt) {
  StartAll();
  auto files = *PosixFileSystem::Open("/");
  const std::string state = testing::TempDir() + "/renewal_test";
  ASSERT_EQ(std::system(("rm -rf '" + state + "' && mkdir -p '" + state + "/identity'").c_str()),
            0);
  const TlsFiles given = world_.NodeFiles("cp1");
  const IdentityFiles enrolled = IdentityIn(state);
  for (const auto& [from, to] :
       {std::pair(given.key, enrolled.key), std::pair(given.certificate, enrolled.certificate),
        std::pair(given.ca, enrolled.ca)}) {
    ASSERT_TRUE(WriteDurably(*files, to, files->Read(from)->bytes, 0600).ok());
  }
  const std::string server = world_.link_address();
  const TlsFiles current{enrolled.key, enrolled.certificate, enrolled.ca};
  const absl::Status renewed = RenewIdentity(*files, state, server, current, TestPki::Now());
  ASSERT_TRUE(renewed.ok()) << renewed;
  const IdentityFiles now = CurrentIdentity(*files, state);
  EXPECT_NE(now.certificate, enrolled.certificate);
  EXPECT_EQ(files->Read(now.key)->attributes.mode & 0777U, 0600U);
  const CertificateFacts fresh = *CurrentCertificate(*files, state);
  EXPECT_EQ(Listed(fresh.sha256), 1);
  // The renewed pair is good for the next renewal, so it speaks TLS.
  ASSERT_TRUE(
      RenewIdentity(*files, state, server, {now.key, now.certificate, now.ca}, TestPki::Now())
          .ok());
  EXPECT_NE(CurrentCertificate(*files, state)->sha256, fresh.sha256);
  ASSERT_TRUE(Revoke("cp1").ok());
  const std::string before = CurrentCertificate(*files, state)->sha256;
  EXPECT_FALSE(
      RenewIdentity(*files, state, server, {now.key, now.certificate, now.ca}, TestPki::Now())
          .ok());
  EXPECT_EQ(CurrentCertificate(*files, state)->sha256, before) << "what is in use is unchanged";
  ASSERT_TRUE(ForgetRenewed(*files, state).ok());
  EXPECT_EQ(CurrentIdentity(*files, state).certificate, enrolled.certificate);
  ASSERT_EQ(std::system(("rm -rf '" + state + "'").c_str()), 0);
}

}  // namespace
}  // namespace belay
