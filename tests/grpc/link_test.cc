// The agent's end of the stream, over real mutual TLS, against a coordinator that breaks off.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "belay/v1/agent_link.grpc.pb.h"
#include "common/base/mutex.h"
#include "common/loop/mailbox.h"
#include "common/os/system_clock.h"
#include "common/rpc/stream_session.h"
#include "common/rpc/tls.h"
#include "node-agent/link/conversation.h"
#include "node-agent/link/grpc_link.h"
#include "tests/support/test_pki.h"

namespace belay {
namespace {

using Session = StreamSession<v1::AgentMessage, v1::CoordinatorMessage>;

// Acknowledges in order, remembers across streams, and ends a stream after so many records of it.
class Coordinator : public v1::AgentLink::CallbackService, public Session::Sink {
 public:
  grpc::ServerBidiReactor<v1::AgentMessage, v1::CoordinatorMessage>* Connect(
      grpc::CallbackServerContext*) override {
    auto session = std::make_shared<Session>(this, 1024);
    session->Begin();
    return session.get();
  }
  void Received(const std::shared_ptr<Session>& session, v1::AgentMessage message) override {
    Take(session, message);
    session->Next();
  }
  void Take(const std::shared_ptr<Session>& session, const v1::AgentMessage& message) {
    MutexLock lock(mu_);
    v1::CoordinatorMessage reply;
    if (message.has_hello()) {
      ++hellos_;
      in_stream_ = 0;
      reply.mutable_welcome()->set_acknowledged_seq(acknowledged_);
      reply.mutable_welcome()->set_heartbeat_interval_ms(100);
      static_cast<void>(session->Send(std::move(reply)));
    }
    if (message.has_heartbeat()) ++heartbeats_;
    if (!message.has_record()) return;
    const std::uint64_t seq = message.record().seq();
    received_.push_back(seq);
    if (seq == acknowledged_ + 1) {
      acknowledged_ = seq;
    } else if (seq > acknowledged_) {
      out_of_order_ = true;
    }
    reply.mutable_record_ack()->set_seq(acknowledged_);
    static_cast<void>(session->Send(std::move(reply)));
    if (++in_stream_ == break_after_)
      session->Close({grpc::StatusCode::UNAVAILABLE, "breaking off"});
  }
  void Closed(const std::shared_ptr<Session>&) override {}

  void BreakAfter(int records) {
    MutexLock lock(mu_);
    break_after_ = records;
  }
  void Restored(std::uint64_t acknowledged) {
    MutexLock lock(mu_);
    acknowledged_ = acknowledged;
  }
  std::uint64_t acknowledged() {
    MutexLock lock(mu_);
    return acknowledged_;
  }
  int hellos() {
    MutexLock lock(mu_);
    return hellos_;
  }
  int heartbeats() {
    MutexLock lock(mu_);
    return heartbeats_;
  }
  bool out_of_order() {
    MutexLock lock(mu_);
    return out_of_order_;
  }
  std::vector<std::uint64_t> received() {
    MutexLock lock(mu_);
    return received_;
  }

 private:
  Mutex mu_;
  int hellos_ GUARDED_BY(mu_) = 0;
  int heartbeats_ GUARDED_BY(mu_) = 0;
  int in_stream_ GUARDED_BY(mu_) = 0;
  int break_after_ GUARDED_BY(mu_) = -1;
  bool out_of_order_ GUARDED_BY(mu_) = false;
  std::uint64_t acknowledged_ GUARDED_BY(mu_) = 0;
  std::vector<std::uint64_t> received_ GUARDED_BY(mu_);
};

class LinkTest : public testing::Test {
 protected:
  LinkTest() : clock(*SystemClock::Open()) {}
  ~LinkTest() override {
    link.reset();
    Stop();
  }

  void Serve(TestPki& with, int at = 0) {
    grpc::ServerBuilder builder;
    ApplyServerLimits(builder);
    auto credentials = MutualTlsServerCredentials(with.Server(), TestPki::Now());
    ASSERT_TRUE(credentials.ok()) << credentials.status();
    builder.AddListeningPort("127.0.0.1:" + std::to_string(at), *credentials, &port);
    builder.RegisterService(&coordinator);
    server = builder.BuildAndStart();
    ASSERT_NE(server, nullptr);
  }
  void Stop() {
    if (server != nullptr) server->Shutdown(std::chrono::system_clock::now());
    server.reset();
  }
  void Talk(std::uint64_t records) {
    GrpcLinkOptions options;
    options.target = "127.0.0.1:" + std::to_string(port);
    const TlsFiles files = pki.Node("c", "n");
    options.credentials = [files] { return MutualTlsChannelCredentials(files, TestPki::Now()); };
    options.arguments = ClientArguments();
    link = std::make_unique<GrpcLink>(std::move(options),
                                      [this](LinkEvent e) { return box.Put(std::move(e)); });
    std::vector<v1::Record> journal(records);
    for (std::uint64_t i = 0; i < records; ++i) journal[i].set_seq(i + 1);
    ConversationOptions talk_options;
    talk_options.cluster = "c";
    talk_options.node = "n";
    talk_options.window = 16;
    talk_options.least_pause_ns = 10'000'000;
    talk_options.most_pause_ns = 50'000'000;
    talk = std::make_unique<Conversation>(
        talk_options, std::move(journal), *link, [] { return v1::NodeStatus(); },
        [] { return 0.5; });
  }
  // The agent's loop, until it is true or twenty seconds have passed.
  bool Until(const std::function<bool()>& done) {
    const std::int64_t end = clock->BootNowNs() + 20'000'000'000;
    while (!done()) {
      const std::int64_t now = clock->BootNowNs();
      if (now > end) return false;
      talk->Tick(now);
      std::optional<LinkEvent> event = box.TakeFor(std::chrono::milliseconds(5));
      if (event) talk->Take(*std::move(event), clock->BootNowNs());
    }
    return true;
  }

  TestPki pki;
  std::unique_ptr<SystemClock> clock;
  Coordinator coordinator;
  std::unique_ptr<grpc::Server> server;
  int port = 0;
  Mailbox<LinkEvent> box{1024};
  std::unique_ptr<GrpcLink> link;
  std::unique_ptr<Conversation> talk;
};

TEST_F(LinkTest, EveryRecordArrivesInOrderAndNoneTwiceOnAGoodStream) {
  Serve(pki);
  Talk(300);
  ASSERT_TRUE(Until([this] { return coordinator.acknowledged() == 300; }));
  EXPECT_FALSE(coordinator.out_of_order());
  EXPECT_EQ(coordinator.received().size(), 300U);
  EXPECT_EQ(coordinator.hellos(), 1);
}

TEST_F(LinkTest, AfterEachBreakItGoesOnAboveTheAcknowledgement) {
  Serve(pki);
  coordinator.BreakAfter(25);
  Talk(100);
  ASSERT_TRUE(Until([this] { return coordinator.acknowledged() == 100; }));
  EXPECT_FALSE(coordinator.out_of_order());
  EXPECT_GE(coordinator.hellos(), 4);
}

TEST_F(LinkTest, ACoordinatorThatIsDownIsCalledUntilItIsBack) {
  Serve(pki);
  Talk(10);
  ASSERT_TRUE(Until([this] { return coordinator.acknowledged() == 10; }));
  Stop();
  ASSERT_TRUE(Until([this] { return !talk->connected(); }));
  EXPECT_FALSE(talk->last_end().empty());
  v1::Record record;
  record.set_seq(11);
  talk->Add(record, clock->BootNowNs());  // while nobody listens
  Serve(pki, port);
  ASSERT_TRUE(Until([this] { return coordinator.acknowledged() == 11; }));
  EXPECT_EQ(coordinator.received().size(), 11U);
}

TEST_F(LinkTest, ACoordinatorThatHasForgottenIsToldAgain) {
  Serve(pki);
  Talk(10);
  ASSERT_TRUE(Until([this] { return coordinator.acknowledged() == 10; }));
  Stop();
  coordinator.Restored(4);
  Serve(pki, port);
  ASSERT_TRUE(
      Until([this] { return coordinator.acknowledged() == 10 && coordinator.hellos() == 2; }));
  EXPECT_EQ(coordinator.received().size(), 16U);
}

TEST_F(LinkTest, HeartbeatsFlow) {
  Serve(pki);
  Talk(0);
  EXPECT_TRUE(Until([this] { return coordinator.heartbeats() >= 3; }));
}

TEST_F(LinkTest, AServerOfAnotherAuthorityHearsNothing) {
  TestPki other;
  Serve(other);
  Talk(5);
  ASSERT_TRUE(Until([this] { return !talk->last_end().empty(); }));
  EXPECT_EQ(coordinator.hellos(), 0);
  EXPECT_TRUE(coordinator.received().empty());
}

TEST_F(LinkTest, WithoutItsCertificateItDoesNotDialAtAll) {
  Serve(pki);
  GrpcLinkOptions options;
  options.target = "127.0.0.1:" + std::to_string(port);
  options.credentials = [] { return absl::NotFoundError("cert.pem is missing"); };
  link = std::make_unique<GrpcLink>(std::move(options),
                                    [this](LinkEvent e) { return box.Put(std::move(e)); });
  link->Dial(1, v1::AgentMessage());
  const std::optional<LinkEvent> event = box.TakeFor(std::chrono::milliseconds(0));
  ASSERT_TRUE(event.has_value());
  EXPECT_FALSE(event->message.has_value());
  EXPECT_EQ(event->end.message(), "cert.pem is missing");
  EXPECT_FALSE(link->Send(v1::AgentMessage()));
}

TEST_F(LinkTest, AStreamWhoseReceiverIsFullIsGivenUp) {
  Serve(pki);
  Talk(0);
  Mailbox<LinkEvent> nothing_fits(0);
  GrpcLinkOptions options;
  options.target = "127.0.0.1:" + std::to_string(port);
  const TlsFiles files = pki.Node("c", "n");
  options.credentials = [files] { return MutualTlsChannelCredentials(files, TestPki::Now()); };
  options.arguments = ClientArguments();
  GrpcLink full(std::move(options),
                [&nothing_fits](LinkEvent e) { return nothing_fits.Put(std::move(e)); });
  v1::AgentMessage hello;
  hello.mutable_hello()->set_node("n");
  full.Dial(1, hello);
  // The welcome finds no room; from then on Send says so.
  EXPECT_TRUE(Until([&full] { return !full.Send(v1::AgentMessage()); }));
}

}  // namespace
}  // namespace belay
