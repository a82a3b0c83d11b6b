// Many streams at once, cancelled, half-closed and closed from outside at random moments: every one
// that began is closed exactly once, and nothing is touched after that (ASan and TSan look on).
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "tests/grpc/tls_world.h"

namespace belay {
namespace {

constexpr unsigned kClients = 4;
constexpr int kRounds = 60;

class Hub final : public v1::AgentLink::CallbackService, public LinkSession::Sink {
 public:
  grpc::ServerBidiReactor<v1::AgentMessage, v1::CoordinatorMessage>* Connect(
      grpc::CallbackServerContext*) override {
    ++begun;
    auto session = std::make_shared<LinkSession>(this, 8);
    session->Begin();
    return session.get();
  }
  void Received(const std::shared_ptr<LinkSession>& session, v1::AgentMessage) override {
    {
      MutexLock lock(mu_);
      if (std::find(open_.begin(), open_.end(), session) == open_.end()) open_.push_back(session);
    }
    if (session->Send({})) ++sent;
    session->Next();
  }
  void Closed(const std::shared_ptr<LinkSession>& session) override {
    ++closed;
    EXPECT_FALSE(session->Send({})) << "nothing can be sent after the end";
    session->Close(grpc::Status::CANCELLED);  // harmless
    MutexLock lock(mu_);
    open_.erase(std::remove(open_.begin(), open_.end(), session), open_.end());
  }
  std::shared_ptr<LinkSession> Any(std::mt19937& random) {
    MutexLock lock(mu_);
    if (open_.empty()) return nullptr;
    return open_[random() % open_.size()];
  }

  std::atomic<int> begun{0};
  std::atomic<int> closed{0};
  std::atomic<int> sent{0};

 private:
  Mutex mu_;
  std::vector<std::shared_ptr<LinkSession>> open_ GUARDED_BY(mu_);
};

void OneRound(v1::AgentLink::Stub& stub, std::mt19937& random) {
  grpc::ClientContext context;
  SetDeadline(context);
  const auto stream = stub.Connect(&context);
  v1::AgentMessage message;
  message.mutable_hello()->set_journal_id(std::string(random() % 20'000, 'y'));
  v1::CoordinatorMessage reply;
  const unsigned count = static_cast<unsigned>(random() % 20);
  for (unsigned i = 0; i < count; ++i) {
    if (!stream->Write(message)) break;
    if (random() % 3 == 0 && !stream->Read(&reply)) break;
  }
  if (random() % 2 == 0) {
    context.TryCancel();
  } else {
    stream->WritesDone();
    while (stream->Read(&reply)) {
    }
  }
  stream->Finish();
}

TEST(StreamSessionStress, EveryStreamThatBeganIsClosedExactlyOnce) {
  TestPki pki;
  Hub hub;
  std::atomic<bool> stop{false};
  {
    TestServer server(*MutualTlsServerCredentials(pki.Server(), TestPki::Now()), {&hub});
    std::vector<std::thread> clients;
    for (unsigned seed = 0; seed < kClients; ++seed) {
      const auto credentials =
          *MutualTlsChannelCredentials(pki.Node("c", "n" + std::to_string(seed)), TestPki::Now());
      clients.emplace_back([seed, credentials, &server] {
        std::mt19937 random(seed);
        const auto stub = v1::AgentLink::NewStub(Dial(server.port(), credentials));
        for (int round = 0; round < kRounds; ++round) OneRound(*stub, random);
      });
    }
    // Somebody outside of every reaction, as the coordinator's loop is.
    std::thread engine([&hub, &stop] {
      std::mt19937 random(99);
      while (!stop) {
        const std::shared_ptr<LinkSession> session = hub.Any(random);
        if (session == nullptr) {
          std::this_thread::yield();
        } else if (random() % 10 == 0) {
          session->Close(grpc::Status(grpc::StatusCode::ABORTED, "superseded"));
        } else if (session->Send({})) {
          ++hub.sent;
        }
      }
    });
    for (std::thread& client : clients) client.join();
    stop = true;
    engine.join();
  }
  EXPECT_EQ(hub.begun, hub.closed);
  EXPECT_GT(hub.begun, static_cast<int>(kClients) * kRounds / 2);
  EXPECT_GT(hub.sent, 0);
}

TEST(StreamSessionStress, ShutdownEndsStreamsThatWouldGoOnForEver) {
  TestPki pki;
  Hub hub;
  auto server = std::make_unique<TestServer>(
      *MutualTlsServerCredentials(pki.Server(), TestPki::Now()), std::vector<grpc::Service*>{&hub});
  const auto stub = v1::AgentLink::NewStub(
      Dial(server->port(), *MutualTlsChannelCredentials(pki.Node("c", "n"), TestPki::Now())));
  grpc::ClientContext context;
  const auto stream = stub->Connect(&context);
  v1::CoordinatorMessage reply;
  ASSERT_TRUE(stream->Write({}));
  ASSERT_TRUE(stream->Read(&reply));
  server.reset();
  EXPECT_EQ(hub.begun, 1);
  EXPECT_EQ(hub.closed, 1);
  EXPECT_FALSE(stream->Read(&reply));
  EXPECT_FALSE(stream->Finish().ok());
}

TEST(StreamSession, TellsASlowPeerByItsOutbox) {
  TestPki pki;
  Hub hub;
  TestServer server(*MutualTlsServerCredentials(pki.Server(), TestPki::Now()), {&hub});
  const auto stub = v1::AgentLink::NewStub(
      Dial(server.port(), *MutualTlsChannelCredentials(pki.Node("c", "n"), TestPki::Now())));
  grpc::ClientContext context;
  SetDeadline(context);
  const auto stream = stub->Connect(&context);
  ASSERT_TRUE(stream->Write({}));
  v1::CoordinatorMessage reply;
  ASSERT_TRUE(stream->Read(&reply));
  std::mt19937 random(1);
  const std::shared_ptr<LinkSession> session = hub.Any(random);
  ASSERT_NE(session, nullptr);
  v1::CoordinatorMessage large;
  large.mutable_execute()->mutable_plan()->set_plan(std::string(1 << 20, 'p'));
  int taken = 0;
  while (taken < 1000 && session->Send(large)) ++taken;  // the peer reads nothing
  EXPECT_LT(taken, 1000) << "what waits for one peer is bounded";
  EXPECT_GE(taken, 7) << "of eight places the answer just read may not have given its own back yet";
  session->Close(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "too slow"));
  context.TryCancel();
  stream->Finish();
}

}  // namespace
}  // namespace belay
