#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/crypto/openssl.h"
#include "tests/grpc/tls_world.h"

namespace belay {
namespace {

using grpc::StatusCode;
constexpr std::int64_t kDay = 86400;

class LinkListener : public ::testing::Test {
 protected:
  KeyPair Client(Forgery forgery) {
    if (forgery.uris.empty()) forgery.uris = {"spiffe://belay/cluster/c/node/n"};
    return Forge(pki_.ca(), forgery);
  }
  grpc::Status TryWith(const KeyPair& pair) {
    return TryConnect(server_.port(), UncheckedClient(pair, pki_.ca().certificate_pem));
  }

  TestPki pki_;
  EchoLink link_;
  TestServer server_{*MutualTlsServerCredentials(pki_.Server(), TestPki::Now()), {&link_}};
};

TEST_F(LinkListener, TakesANodeAndKnowsItByItsUri) {
  const auto credentials = MutualTlsChannelCredentials(pki_.Node("c", "n"), TestPki::Now());
  ASSERT_TRUE(credentials.ok()) << credentials.status();
  const grpc::Status status = TryConnect(server_.port(), *credentials);
  EXPECT_TRUE(status.ok()) << status.error_message();
  ASSERT_TRUE(link_.last_peer().ok()) << link_.last_peer().status();
  EXPECT_EQ(*link_.last_peer(), Identity(NodeIdentity{"c", "n"}));
  ASSERT_TRUE(
      TryConnect(server_.port(), *MutualTlsChannelCredentials(pki_.Operator("ana"), TestPki::Now()))
          .ok());
  EXPECT_EQ(*link_.last_peer(), Identity(OperatorIdentity{"ana"}));
}

TEST_F(LinkListener, RefusesAClientWithoutACertificate) {
  const grpc::Status status =
      TryConnect(server_.port(), PinnedChannelCredentials(pki_.ca().certificate_pem));
  EXPECT_EQ(status.error_code(), StatusCode::UNAVAILABLE) << status.error_message();
  EXPECT_EQ(link_.begun, 0);
}

TEST_F(LinkListener, RefusesACertificateOfAnotherCa) {
  const TestPki other;
  Forgery forgery;
  forgery.uris = {"spiffe://belay/cluster/c/node/n"};
  EXPECT_EQ(TryWith(Forge(other.ca(), forgery)).error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(link_.begun, 0);
}

TEST_F(LinkListener, RefusesCertificatesOutsideOfTheirDates) {
  Forgery expired;
  expired.not_before_unix = TestPki::Now() - 2 * kDay;
  expired.not_after_unix = TestPki::Now() - kDay;
  EXPECT_EQ(TryWith(Client(expired)).error_code(), StatusCode::UNAVAILABLE);
  Forgery early;
  early.not_before_unix = TestPki::Now() + kDay;
  early.not_after_unix = TestPki::Now() + 2 * kDay;
  EXPECT_EQ(TryWith(Client(early)).error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(link_.begun, 0);
  EXPECT_TRUE(TryWith(Client({})).ok()) << "the same certificate with good dates";
}

TEST_F(LinkListener, RefusesACertificateThatIsNotForClients) {
  Forgery server_only;
  server_only.purposes = "serverAuth";
  EXPECT_EQ(TryWith(Client(server_only)).error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(link_.begun, 0);
}

TEST_F(LinkListener, KnowsNobodyByAnythingButExactlyOneUriOfOurs) {
  struct Case {
    const char* what;
    Forgery forgery;
  };
  Forgery nothing;
  nothing.common_name = "spiffe://belay/coordinator";
  Forgery dns_only = nothing;
  dns_only.dns_names = {"belay-coordinator"};
  Forgery two;
  two.uris = {"spiffe://belay/cluster/c/node/n", "spiffe://belay/operator/ana"};
  Forgery twice;
  twice.uris = {"spiffe://belay/operator/ana", "spiffe://belay/operator/ana"};
  Forgery foreign;
  foreign.uris = {"spiffe://elsewhere/cluster/c/node/n"};
  Forgery uri_in_dns;
  uri_in_dns.dns_names = {"spiffe://belay/operator/ana"};
  Forgery mixed;
  mixed.uris = {"spiffe://belay/operator/ana", "https://elsewhere.example"};
  Forgery cut;
  cut.uris = {std::string("spiffe://belay/operator/ana\0.evil", 33)};
  for (const Case& c :
       {Case{"a common name only", nothing}, Case{"a DNS name only", dns_only},
        Case{"two URIs", two}, Case{"the same URI twice", twice},
        Case{"a foreign trust domain", foreign}, Case{"the URI as a DNS name", uri_in_dns},
        Case{"another URI beside", mixed}, Case{"a NUL in the URI", cut}}) {
    const grpc::Status status = TryWith(Forge(pki_.ca(), c.forgery));
    EXPECT_FALSE(status.ok()) << c.what;
    EXPECT_FALSE(link_.last_peer().ok()) << c.what;
  }
}

// The version that a handshake with the client's highest version ends in; 0 when it is refused.
int Handshake(int port, const TlsFiles& client, int highest_version) {
  const openssl::Owned<SSL_CTX, SSL_CTX_free> context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(context.get(), highest_version);
  SSL_CTX_set_cipher_list(context.get(), "ALL:@SECLEVEL=0");
  EXPECT_EQ(SSL_CTX_use_certificate_chain_file(context.get(), client.certificate.c_str()), 1);
  EXPECT_EQ(SSL_CTX_use_PrivateKey_file(context.get(), client.key.c_str(), SSL_FILETYPE_PEM), 1);
  constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  SSL_CTX_set_alpn_protos(context.get(), kHttp2, sizeof kHttp2);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  int version = 0;
  {
    const openssl::Owned<SSL, SSL_free> ssl(SSL_new(context.get()));
    SSL_set_fd(ssl.get(), fd);
    if (SSL_connect(ssl.get()) == 1) version = SSL_version(ssl.get());
  }
  ERR_clear_error();
  close(fd);
  return version;
}

TEST_F(LinkListener, SpeaksTls13AndNothingBefore) {
  const TlsFiles node = pki_.Node("c", "n");
  EXPECT_EQ(Handshake(server_.port(), node, TLS1_3_VERSION), TLS1_3_VERSION);
  EXPECT_EQ(Handshake(server_.port(), node, TLS1_2_VERSION), 0);
}

TEST_F(LinkListener, IsNotSharedWithASecondServerOnTheSamePort) {
  EchoLink second;
  grpc::ServerBuilder builder;
  ApplyServerLimits(builder);
  builder.AddListeningPort("127.0.0.1:" + std::to_string(server_.port()),
                           *MutualTlsServerCredentials(pki_.Server(), TestPki::Now()));
  builder.RegisterService(&second);
  EXPECT_EQ(builder.BuildAndStart(), nullptr);
}

TEST(Client, RefusesAServerOfAnotherName) {
  TestPki pki;
  EchoLink link;
  Forgery other;
  other.common_name = kServerName;  // never read
  other.dns_names = {"belay-coordinator.example", "localhost"};
  TestServer server(*MutualTlsServerCredentials(pki.Write(Forge(pki.ca(), other)), TestPki::Now()),
                    {&link});
  const grpc::Status status =
      TryConnect(server.port(), *MutualTlsChannelCredentials(pki.Node("c", "n"), TestPki::Now()));
  EXPECT_EQ(status.error_code(), StatusCode::UNAVAILABLE) << status.error_message();
  EXPECT_EQ(link.begun, 0);
}

TEST(Client, RefusesAServerThatIsOnlyANode) {
  TestPki pki;
  EchoLink link;
  Forgery node;
  node.dns_names = {kServerName};
  node.purposes = "clientAuth";
  TestServer server(*MutualTlsServerCredentials(pki.Write(Forge(pki.ca(), node)), TestPki::Now()),
                    {&link});
  EXPECT_EQ(
      TryConnect(server.port(), *MutualTlsChannelCredentials(pki.Node("c", "n"), TestPki::Now()))
          .error_code(),
      StatusCode::UNAVAILABLE);
  EXPECT_EQ(link.begun, 0);
}

TEST(Client, RefusesAServerOfAnotherCa) {
  TestPki pki;
  TestPki other;
  EchoLink link;
  TestServer server(*MutualTlsServerCredentials(other.Server(), TestPki::Now()), {&link});
  EXPECT_EQ(
      TryConnect(server.port(), *MutualTlsChannelCredentials(pki.Node("c", "n"), TestPki::Now()))
          .error_code(),
      StatusCode::UNAVAILABLE);
}

TEST(Credentials, AreCheckedBeforeGrpcSeesThem) {
  TestPki pki;
  const TlsFiles good = pki.Server();
  const std::int64_t now = TestPki::Now();
  EXPECT_EQ(MutualTlsServerCredentials({good.key, "/nowhere.pem", good.ca}, now).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_FALSE(MutualTlsServerCredentials({pki.Server().key, good.certificate, good.ca}, now).ok());
  EXPECT_FALSE(MutualTlsServerCredentials(good, now + 2 * kDay).ok()) << "expired";
  EXPECT_FALSE(EnrolmentServerCredentials(good, now + 2 * kDay).ok());
  EXPECT_FALSE(MutualTlsChannelCredentials(good, now - kDay).ok()) << "not yet valid";
  TestPki other;
  EXPECT_FALSE(
      MutualTlsChannelCredentials({good.key, good.certificate, other.Server().ca}, now).ok());
}

TEST(StatusWire, KeepsCodesAndCutsMessages) {
  for (int code = 1; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "why");
    EXPECT_EQ(FromGrpc(ToGrpc(status)), status);
  }
  EXPECT_TRUE(FromGrpc(grpc::Status::OK).ok());
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
  EXPECT_EQ(ToGrpc(absl::InternalError(std::string(100'000, 'x'))).error_message().size(), 4096u);
  EXPECT_EQ(FromGrpc(grpc::Status(StatusCode::DO_NOT_USE, "x")).code(), absl::StatusCode::kUnknown);
}

}  // namespace
}  // namespace belay
