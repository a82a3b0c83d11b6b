// What attackers try against a coordinator, against a whole one over its real TLS, as one table:
// each row is tried here, and its result is the table's.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <iomanip>
#include <iostream>
#include <string>
#include <vector>

#include "belay/v1/enrolment.grpc.pb.h"
#include "server/enrolment/enroller.h"
#include "tests/grpc/coordinator_fixture.h"
#include "tests/grpc/tls_world.h"

namespace belay {
namespace {

using Code = grpc::StatusCode;

struct Row {
  std::string attack, tried, result;
};

std::string NameOf(Code code) {
  return absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
}

class AttackTable : public CoordinatorTest {
 protected:
  AttackTable() {
    StartAll();
    const std::string directory = world_.database().substr(0, world_.database().rfind('/'));
    const auto files = *PosixFileSystem::Open("/");
    ca_ = {files->Read(directory + "/ca/ca.key")->bytes,
           files->Read(directory + "/ca/ca.pem")->bytes};
  }
  static void TearDownTestSuite() {
    std::cout << "\n"
              << std::left << std::setw(42) << "attack" << std::setw(62) << "what was tried"
              << "result\n";
    for (const Row& row : rows_) {
      std::cout << std::setw(42) << row.attack << std::setw(62) << row.tried << row.result << "\n";
    }
    std::cout << rows_.size() << " attacks, each ended as it must" << std::endl;
  }

  void Expect(const std::string& attack, const std::string& tried, const grpc::Status& status,
              Code expected) {
    EXPECT_EQ(status.error_code(), expected) << attack << ": " << status.error_message();
    rows_.push_back({attack, tried, NameOf(status.error_code())});
  }
  void ExpectHeld(const std::string& attack, const std::string& tried, bool held,
                  const std::string& result) {
    EXPECT_TRUE(held) << attack;
    rows_.push_back({attack, tried, result});
  }

  std::shared_ptr<grpc::Channel> DialWith(
      const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
    return grpc::CreateCustomChannel(world_.link_address(), credentials, ClientArguments());
  }
  grpc::Status ListAs(v1::Admin::Stub& as, const std::string& cluster = "") {
    v1::ListNodesRequest request;
    request.set_cluster(cluster);
    v1::ListNodesReply reply;
    grpc::ClientContext context;
    SetDeadline(context);
    return as.ListNodes(&context, request, &reply);
  }
  grpc::Status ListWith(const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
    return ListAs(*v1::Admin::NewStub(DialWith(credentials)));
  }
  grpc::Status ListForged(Forgery forgery, const KeyPair* by = nullptr) {
    if (forgery.not_before_unix == 0) forgery.not_before_unix = TestPki::Now() - 100;
    if (forgery.not_after_unix == 0) forgery.not_after_unix = TestPki::Now() + 1000;
    return ListWith(
        UncheckedClient(Forge(by == nullptr ? ca_ : *by, forgery), ca_.certificate_pem));
  }
  template <class Request, class Reply>
  grpc::Status Call(v1::Admin::Stub& as,
                    grpc::Status (v1::Admin::Stub::*method)(grpc::ClientContext*, const Request&,
                                                            Reply*),
                    const Request& request, Reply* reply) {
    grpc::ClientContext context;
    SetDeadline(context);
    return (as.*method)(&context, request, reply);
  }
  grpc::Status Start(v1::Admin::Stub& as, v1::StartRolloutReply* reply) {
    v1::StartRolloutRequest request;
    request.set_cluster("prod");
    *request.mutable_plan() = world_.plan();
    request.set_request_id("q");
    request.mutable_options()->set_approval(true);
    return Call(as, &v1::Admin::Stub::StartRollout, request, reply);
  }
  grpc::Status Approve(v1::Admin::Stub& as, const std::string& id) {
    v1::ChangeRolloutRequest request;
    request.set_rollout_id(id);
    v1::Rollout reply;
    return Call(as, &v1::Admin::Stub::ApproveRollout, request, &reply);
  }
  grpc::Status ChangeRole(v1::Admin::Stub& as, bool grant, const std::string& name, v1::Role role) {
    v1::ChangeRoleRequest request;
    request.set_name(name);
    request.set_role(role);
    v1::OperatorRoles reply;
    return Call(as, grant ? &v1::Admin::Stub::GrantRole : &v1::Admin::Stub::RevokeRole, request,
                &reply);
  }
  grpc::Status RenewAs(const TlsFiles& files, const std::string& key, std::string* pem = nullptr) {
    v1::RenewRequest request;
    request.set_csr_pem(*MakeCsrPem(key));
    request.set_agent_unix_seconds(world_.clock.WallNowUnixMs() / 1000);
    v1::RenewReply reply;
    grpc::ClientContext context;
    SetDeadline(context);
    const auto stub = v1::AgentLink::NewStub(world_.Dial(files));
    const grpc::Status status = stub->Renew(&context, request, &reply);
    if (pem != nullptr) *pem = reply.certificate_pem();
    return status;
  }
  void Revoke(const std::string& node, const std::string& person) {
    v1::RevokeCertificateRequest request;
    if (!node.empty()) request.set_cluster("prod");
    request.set_node(node);
    request.set_operator_(person);
    request.set_reason("stolen");
    v1::RevokeCertificateReply reply;
    ASSERT_TRUE(Call(world_.admin(), &v1::Admin::Stub::RevokeCertificate, request, &reply).ok());
  }
  std::string Token(std::uint32_t seconds = 3600) {
    v1::CreateTokenRequest request;
    request.set_cluster("prod");
    request.set_node("cp9");
    request.set_valid_seconds(seconds);
    v1::CreateTokenReply reply;
    EXPECT_TRUE(Call(world_.admin(), &v1::Admin::Stub::CreateToken, request, &reply).ok());
    return reply.token();
  }
  grpc::Status Enrol(const std::string& token, const std::string& csr, std::int64_t skew = 0,
                     v1::EnrolReply* reply = nullptr) {
    v1::EnrolRequest request;
    request.set_token(token);
    request.set_csr_pem(csr);
    request.set_agent_unix_seconds(world_.clock.WallNowUnixMs() / 1000 + skew);
    v1::EnrolReply unused;
    grpc::ClientContext context;
    SetDeadline(context);
    return v1::Enrolment::NewStub(
               grpc::CreateCustomChannel(world_.enrol_address(),
                                         PinnedChannelCredentials(ca_.certificate_pem),
                                         ClientArguments()))
        ->Enrol(&context, request, reply == nullptr ? &unused : reply);
  }
  static Forgery Named(std::vector<std::string> uris) {
    Forgery forgery;
    forgery.uris = std::move(uris);
    return forgery;
  }

  static std::vector<Row> rows_;
  KeyPair ca_;
};
std::vector<Row> AttackTable::rows_;

constexpr char kAda[] = "spiffe://belay/operator/ada";

TEST_F(AttackTable, WithoutAGoodCertificate) {
  Expect("no certificate", "a call on the mutual TLS listener",
         ListWith(PinnedChannelCredentials(ca_.certificate_pem)), Code::UNAVAILABLE);
  TestPki other;
  Expect("wrong CA", "an admin's name, signed by another CA",
         ListForged(Named({kAda}), &other.ca()), Code::UNAVAILABLE);
  Forgery expired = Named({kAda});
  expired.not_before_unix = TestPki::Now() - 200;
  expired.not_after_unix = TestPki::Now() - 100;
  Expect("expired", "an admin's certificate of yesterday", ListForged(expired), Code::UNAVAILABLE);
  Forgery early = Named({kAda});
  early.not_before_unix = TestPki::Now() + 500;
  Expect("not yet valid", "an admin's certificate of tomorrow", ListForged(early),
         Code::UNAVAILABLE);
  Forgery server = Named({kAda});
  server.purposes = "serverAuth";
  Expect("wrong purpose", "a certificate for servers as a client's", ListForged(server),
         Code::UNAVAILABLE);
  Forgery common = Named({});
  common.common_name = "ada";
  Expect("common name only", "CN=ada and no URI", ListForged(common), Code::UNAUTHENTICATED);
  Expect("two URI names", "ada and a node in one certificate",
         ListForged(Named({kAda, "spiffe://belay/cluster/prod/node/cp1"})), Code::UNAUTHENTICATED);
  Expect("foreign trust domain", "spiffe://evil/operator/ada",
         ListForged(Named({"spiffe://evil/operator/ada"})), Code::UNAUTHENTICATED);
  Expect("name that is none", "spiffe://belay/operator/ada/../eve",
         ListForged(Named({"spiffe://belay/operator/ada/../eve"})), Code::UNAUTHENTICATED);
  Expect("the coordinator's own name", "spiffe://belay/coordinator as a client",
         ListForged(Named({"spiffe://belay/coordinator"})), Code::PERMISSION_DENIED);
}

TEST_F(AttackTable, WithACertificateForSomethingElse) {
  Expect("node as operator", "Admin.ListNodes with a node's certificate",
         ListAs(*v1::Admin::NewStub(world_.Dial(world_.NodeFiles("cp1")))),
         Code::PERMISSION_DENIED);
  {
    grpc::ClientContext context;
    SetDeadline(context);
    const auto stub = v1::AgentLink::NewStub(world_.Dial(world_.OperatorFiles()));
    const auto stream = stub->Connect(&context);
    v1::CoordinatorMessage message;
    while (stream->Read(&message)) continue;
    Expect("operator as node", "AgentLink.Connect with an admin's certificate", stream->Finish(),
           Code::PERMISSION_DENIED);
  }
  Expect("other node's name", "cp1's certificate says Hello as cp2", cp1_.TryHello("cp2"),
         Code::PERMISSION_DENIED);
  ScriptedAgent stranger(world_, "stranger");
  Expect("node that never enrolled", "a good certificate, a name without a token",
         stranger.TryHello("stranger"), Code::PERMISSION_DENIED);
}

TEST_F(AttackTable, WithTooLittleOfARole) {
  auto vic = world_.AdminAs("vic", {v1::ROLE_VIEWER});
  auto ops = world_.AdminAs("ops", {v1::ROLE_OPERATOR});
  auto out = world_.AdminAs("out", {});
  v1::StartRolloutReply started;
  Expect("no role", "a listed operator without any", ListAs(*out), Code::PERMISSION_DENIED);
  auto unlisted = v1::Admin::NewStub(
      DialWith(UncheckedClient(Forge(ca_,
                                     [] {
                                       Forgery eve = Named({"spiffe://belay/operator/eve"});
                                       eve.not_before_unix = TestPki::Now() - 100;
                                       eve.not_after_unix = TestPki::Now() + 1000;
                                       return eve;
                                     }()),
                               ca_.certificate_pem)));
  Expect("name that is not listed", "a good certificate of an unknown operator", ListAs(*unlisted),
         Code::PERMISSION_DENIED);
  Expect("viewer starts a rollout", "StartRollout", Start(*vic, &started), Code::PERMISSION_DENIED);
  ASSERT_TRUE(Start(*ops, &started).ok());
  Expect("viewer approves", "ApproveRollout", Approve(*vic, started.rollout_id()),
         Code::PERMISSION_DENIED);
  Expect("operator approves his own", "ApproveRollout by its submitter",
         Approve(*ops, started.rollout_id()), Code::PERMISSION_DENIED);
  ASSERT_TRUE(ChangeRole(world_.admin(), true, "ops", v1::ROLE_APPROVER).ok());
  Expect("approver approves his own", "the same with both roles",
         Approve(*ops, started.rollout_id()), Code::FAILED_PRECONDITION);
  EXPECT_EQ(cp1_.ExecutesUntilNow(), 0);
  Expect("operator makes himself admin", "GrantRole", ChangeRole(*ops, true, "ops", v1::ROLE_ADMIN),
         Code::PERMISSION_DENIED);
  Expect("everybody is locked out", "RevokeRole of the last admin",
         ChangeRole(world_.admin(), false, "ada", v1::ROLE_ADMIN), Code::FAILED_PRECONDITION);
  v1::CreateTokenRequest token;
  token.set_cluster("prod");
  token.set_node("evil");
  v1::CreateTokenReply made;
  Expect("operator lets a machine in", "CreateToken",
         Call(*ops, &v1::Admin::Stub::CreateToken, token, &made), Code::PERMISSION_DENIED);
  token.set_node("cp1\x1b[2J");
  Expect("terminal escapes in a name", "CreateToken for 'cp1<ESC>[2J'",
         Call(world_.admin(), &v1::Admin::Stub::CreateToken, token, &made), Code::INVALID_ARGUMENT);
  token.set_node("cp1\n2026 INFO all is well");
  Expect("log injection", "CreateToken for a name with a line break",
         Call(world_.admin(), &v1::Admin::Stub::CreateToken, token, &made), Code::INVALID_ARGUMENT);
  token.set_node("../../etc");
  Expect("path in a name", "CreateToken for '../../etc'",
         Call(world_.admin(), &v1::Admin::Stub::CreateToken, token, &made), Code::INVALID_ARGUMENT);
}

TEST_F(AttackTable, WithWhatWasTakenAway) {
  auto bob = world_.AdminAs("bob");
  ASSERT_TRUE(ListAs(*bob).ok());
  Revoke("", "bob");
  Expect("revoked while connected", "a call on a connection that was open", ListAs(*bob),
         Code::UNAUTHENTICATED);
  Revoke("cp1", "");
  Expect("revoked node, its stream", "AgentLink.Connect was open", cp1_.AwaitEnd(),
         Code::UNAUTHENTICATED);
  Expect("revoked node comes back", "Hello on a new connection", cp1_.TryHello("cp1"),
         Code::UNAUTHENTICATED);
  const std::string key = *GenerateP256KeyPem();
  Expect("renewal with a revoked certificate", "AgentLink.Renew",
         RenewAs(world_.NodeFiles("cp1"), key), Code::UNAUTHENTICATED);
  Expect("renewal by an operator", "AgentLink.Renew", RenewAs(world_.OperatorFiles(), key),
         Code::PERMISSION_DENIED);
  Expect("renewal for a name that never enrolled", "AgentLink.Renew",
         RenewAs(world_.NodeFiles("evil"), key), Code::PERMISSION_DENIED);
  std::string pem;
  ASSERT_TRUE(RenewAs(world_.NodeFiles("cp2"), key, &pem).ok());
  ExpectHeld("renewal for another node's name", "cp2 asks; a request has no say in the name",
             ReadCertificate(pem)->uris ==
                 std::vector<std::string>{"spiffe://belay/cluster/prod/node/cp2"},
             "a certificate for cp2");
  Expect("renewal of an old key", "the key of an earlier renewal",
         RenewAs(world_.NodeFiles("cp2"), key), Code::FAILED_PRECONDITION);
  world_.clock.PassMs(std::int64_t{366} * 86'400'000);
  Expect("expired while connected", "a stream that was open", cp3_.AwaitEnd(),
         Code::UNAUTHENTICATED);
}

TEST_F(AttackTable, AtTheDoorOfEnrolment) {
  const std::string csr = *MakeCsrPem(*GenerateP256KeyPem());
  const std::string other = *MakeCsrPem(*GenerateP256KeyPem());
  const std::string token = Token();
  Expect("guessed token", "a secret that is wrong",
         Enrol(token.substr(0, 17) + std::string(64, '0'), csr), Code::PERMISSION_DENIED);
  Expect("token that is none", "'; DROP TABLE tokens; --", Enrol("'; DROP TABLE tokens; --", csr),
         Code::PERMISSION_DENIED);
  Expect("clock that is far off", "an hour ahead", Enrol(token, csr, 3600),
         Code::FAILED_PRECONDITION);
  Expect("request that is none", "no PEM", Enrol(token, "x"), Code::INVALID_ARGUMENT);
  Expect("request of a megabyte", "csr_pem", Enrol(token, std::string(1 << 20, 'x')),
         Code::INVALID_ARGUMENT);
  v1::EnrolReply given;
  ASSERT_TRUE(Enrol(token, csr, 0, &given).ok());
  Expect("token used by two", "the second key", Enrol(token, other), Code::FAILED_PRECONDITION);
  v1::RevokeTokenRequest revoke;
  revoke.set_id(token.substr(0, 16));
  v1::Token revoked;
  ASSERT_TRUE(Call(world_.admin(), &v1::Admin::Stub::RevokeToken, revoke, &revoked).ok());
  Expect("revoked token", "the key it was bound to", Enrol(token, csr), Code::PERMISSION_DENIED);
  const std::string brief = Token(1);
  world_.clock.PassMs(2'000);
  Expect("expired token", "a second too late", Enrol(brief, csr), Code::PERMISSION_DENIED);
  const std::string good = Token();
  grpc::Status last;
  for (std::size_t i = 0; i < kMaxFailures; ++i) last = Enrol("x", csr);
  Expect("guessing tokens", "a good one behind thirty wrong ones", Enrol(good, csr),
         Code::RESOURCE_EXHAUSTED);
}

TEST_F(AttackTable, WithTooMuch) {
  Expect("oversize message", "a request of 9 MiB",
         ListAs(world_.admin(), std::string(9 << 20, 'x')), Code::RESOURCE_EXHAUSTED);
  const std::string address = world_.link_address();
  std::vector<int> open;
  for (int i = 0; i < 300; ++i) {
    const int one = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_GE(one, 0);
    open.push_back(one);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port =
        htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(connect(one, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  }
  const bool served = ListAs(world_.admin()).ok();
  cp1_.Sync();
  ExpectHeld("half-open handshakes", "300 connections that say nothing", served,
             "operators and agents are served");
  for (const int one : open) close(one);
  {
    grpc::ClientContext context;
    SetDeadline(context);
    const auto stub = v1::AgentLink::NewStub(world_.Dial(world_.NodeFiles("cp1")));
    const auto stream = stub->Connect(&context);
    v1::AgentMessage message;
    message.mutable_heartbeat();
    stream->Write(message);
    v1::CoordinatorMessage answer;
    while (stream->Read(&answer)) continue;
    Expect("words before Hello", "a heartbeat first", stream->Finish(), Code::FAILED_PRECONDITION);
  }
}

}  // namespace
}  // namespace belay
