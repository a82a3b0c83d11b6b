// Enrolment over real TLS: the agent's client against the coordinator's service.
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "belay/v1/admin.grpc.pb.h"
#include "common/rpc/pinned_ca.h"
#include "node-agent/enrol/enrol_client.h"
#include "server/enrolment/enrolment_service.h"
#include "tests/grpc/tls_world.h"
#include "tests/support/memory_token_store.h"

namespace belay {
namespace {

using Code = absl::StatusCode;

class EnrolmentListener : public ::testing::Test {
 protected:
  std::string Token() { return enroller_.CreateToken({"c", "n"}, "ana", 0, Now())->text; }
  static std::int64_t Now() { return TestPki::Now(); }
  std::uint16_t port() const { return static_cast<std::uint16_t>(server_.port()); }

  TestPki pki_;
  MemoryTokenStore store_;
  Enroller enroller_{store_, pki_.ca()};
  EnrolmentService service_{enroller_, 7443, &TestPki::Now,
                            [](const char*, const std::string&, const absl::Status&) {}};
  TestServer server_{*EnrolmentServerCredentials(pki_.Server(), Now()), {&service_}};
  const std::string key_ = *GenerateP256KeyPem();
};

TEST_F(EnrolmentListener, EnrolsANodeAndSpendsTheTokenWhenItConfirms) {
  const std::string token = Token();
  const auto result = Enrol("127.0.0.1", port(), pki_.ca_hash(), token, key_, Now());
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->cluster, "c");
  EXPECT_EQ(result->node, "n");
  EXPECT_EQ(result->link_port, 7443);
  EXPECT_EQ(result->ca_pem, pki_.ca().certificate_pem);
  EXPECT_FALSE(store_.tokens.begin()->second.spent);
  ASSERT_TRUE(ConfirmEnrolment("127.0.0.1", port(), *result, token).ok());
  EXPECT_TRUE(store_.tokens.begin()->second.spent);
  const auto again = Enrol("127.0.0.1", port(), pki_.ca_hash(), token, key_, Now());
  EXPECT_EQ(again.status().code(), Code::kPermissionDenied);

  EchoLink link;
  TestServer link_server(*MutualTlsServerCredentials(pki_.Server(), Now()), {&link});
  const TlsFiles files = pki_.Write({key_, result->certificate_pem});
  EXPECT_TRUE(TryConnect(link_server.port(), *MutualTlsChannelCredentials(files, Now())).ok());
  EXPECT_EQ(*link.last_peer(), Identity(NodeIdentity{"c", "n"}));
}

TEST_F(EnrolmentListener, SendsNoTokenToAServerWithoutThePin) {
  const TestPki other;
  const auto result = Enrol("127.0.0.1", port(), other.ca_hash(), Token(), key_, Now());
  EXPECT_EQ(result.status().code(), Code::kPermissionDenied);
  EXPECT_TRUE(absl::StrContains(result.status().message(), "Nothing was sent")) << result.status();
  EXPECT_TRUE(store_.tokens.begin()->second.public_key_sha256.empty());
}

TEST_F(EnrolmentListener, NamesAClockThatIsFarOff) {
  const auto result = Enrol("127.0.0.1", port(), pki_.ca_hash(), Token(), key_, Now() - 100'000);
  EXPECT_EQ(result.status().code(), Code::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(result.status().message(), "seconds behind")) << result.status();
}

TEST_F(EnrolmentListener, ServesNothingElse) {
  const auto credentials = PinnedChannelCredentials(pki_.ca().certificate_pem);
  EXPECT_EQ(TryConnect(server_.port(), credentials).error_code(), grpc::StatusCode::UNIMPLEMENTED);
  grpc::ClientContext context;
  SetDeadline(context);
  v1::ListNodesReply reply;
  EXPECT_EQ(v1::Admin::NewStub(Dial(server_.port(), credentials))
                ->ListNodes(&context, v1::ListNodesRequest(), &reply)
                .error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(EnrolmentListener, RefusesRequestsLargerThanAnyRealOne) {
  grpc::ClientContext context;
  SetDeadline(context);
  v1::EnrolRequest request;
  request.set_token(std::string(1 << 20, 'x'));
  v1::EnrolReply reply;
  EXPECT_EQ(v1::Enrolment::NewStub(
                Dial(server_.port(), PinnedChannelCredentials(pki_.ca().certificate_pem)))
                ->Enrol(&context, request, &reply)
                .error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST(PinnedCa, IsFoundInTheChainAndVouchesForTheServer) {
  TestPki pki;
  EchoLink link;
  TestServer server(*EnrolmentServerCredentials(pki.Server(), TestPki::Now()), {&link});
  const auto ca =
      FetchPinnedCa("127.0.0.1", static_cast<std::uint16_t>(server.port()), pki.ca_hash());
  ASSERT_TRUE(ca.ok()) << ca.status();
  EXPECT_EQ(*ca, pki.ca().certificate_pem);
}

TEST(PinnedCa, DoesNotVouchForALeafThatItHasNotSigned) {
  TestPki pki;
  TestPki attacker;
  EchoLink link;
  Forgery leaf;
  leaf.dns_names = {kServerName};
  KeyPair pair = Forge(attacker.ca(), leaf);
  // The pinned CA's certificate is public: anybody can present it behind a leaf of his own.
  pair.certificate_pem += pki.ca().certificate_pem;
  TestServer server(UncheckedServer(pair, pki.ca().certificate_pem), {&link});
  EXPECT_EQ(FetchPinnedCa("127.0.0.1", static_cast<std::uint16_t>(server.port()), pki.ca_hash())
                .status()
                .code(),
            Code::kPermissionDenied);
}

TEST(PinnedCa, DoesNotVouchForOtherNamesPurposesOrDates) {
  TestPki pki;
  Forgery name;
  name.dns_names = {"other"};
  Forgery purpose;
  purpose.dns_names = {kServerName};
  purpose.purposes = "clientAuth";
  Forgery expired;
  expired.dns_names = {kServerName};
  expired.not_before_unix = TestPki::Now() - 200;
  expired.not_after_unix = TestPki::Now() - 100;
  for (const Forgery& forgery : {name, purpose, expired}) {
    EchoLink link;
    KeyPair pair = Forge(pki.ca(), forgery);
    pair.certificate_pem += pki.ca().certificate_pem;
    TestServer server(UncheckedServer(pair, pki.ca().certificate_pem), {&link});
    EXPECT_EQ(FetchPinnedCa("127.0.0.1", static_cast<std::uint16_t>(server.port()), pki.ca_hash())
                  .status()
                  .code(),
              Code::kPermissionDenied);
  }
}

TEST(PinnedCa, RefusesPinsThatAreNotPinsAndServersThatAreNotThere) {
  TestPki pki;
  for (const std::string& pin :
       {std::string(), std::string("sha256:"), pki.ca_hash().substr(7), pki.ca_hash() + "0",
        "sha512:" + pki.ca_hash().substr(7), "sha256:" + std::string(64, 'A')}) {
    EXPECT_EQ(FetchPinnedCa("127.0.0.1", 1, pin).status().code(), Code::kInvalidArgument) << pin;
  }
  EXPECT_EQ(FetchPinnedCa("127.0.0.1", 1, pki.ca_hash()).status().code(), Code::kUnavailable);
}

}  // namespace
}  // namespace belay
