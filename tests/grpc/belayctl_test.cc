// belayctl against a coordinator that answers from a script, over real mutual TLS.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "belay/v1/admin.grpc.pb.h"
#include "cli/client.h"
#include "cli/session.h"
#include "cli/watch_loop.h"
#include "common/base/mutex.h"
#include "common/os/system_clock.h"
#include "common/rpc/tls.h"
#include "tests/support/test_pki.h"

namespace belay {
namespace {

v1::RolloutUpdate Snapshot(v1::RolloutPhase phase, v1::StopCause cause, v1::NodePhase node_phase) {
  v1::RolloutUpdate update;
  v1::Rollout& rollout = *update.mutable_snapshot();
  rollout.set_id("r1");
  rollout.set_phase(phase);
  rollout.set_stop_cause(cause);
  v1::RolloutNode& node = *rollout.add_nodes();
  node.set_name("cp1");
  node.set_phase(node_phase);
  return update;
}

const v1::RolloutUpdate kRunning =
    Snapshot(v1::ROLLOUT_PHASE_RUNNING, v1::STOP_CAUSE_UNSPECIFIED, v1::NODE_PHASE_IN_PROGRESS);
const v1::RolloutUpdate kCompleted =
    Snapshot(v1::ROLLOUT_PHASE_COMPLETED, v1::STOP_CAUSE_UNSPECIFIED, v1::NODE_PHASE_COMMITTED);
const v1::RolloutUpdate kStopped =
    Snapshot(v1::ROLLOUT_PHASE_STOPPED, v1::STOP_CAUSE_ROLLED_BACK, v1::NODE_PHASE_ROLLED_BACK);
const v1::RolloutUpdate kEmergency = Snapshot(
    v1::ROLLOUT_PHASE_STOPPED, v1::STOP_CAUSE_EMERGENCY_STOP, v1::NODE_PHASE_EMERGENCY_STOP);

// Each WatchRollout plays the next scene: its updates, then its status.
struct Scene {
  std::vector<v1::RolloutUpdate> updates;
  grpc::Status end;
};

class ScriptedAdmin final : public v1::Admin::Service {
 public:
  explicit ScriptedAdmin(std::vector<Scene> scenes) : scenes_(std::move(scenes)) {}

  grpc::Status WatchRollout(grpc::ServerContext*, const v1::GetRolloutRequest*,
                            grpc::ServerWriter<v1::RolloutUpdate>* writer) override {
    Scene scene;
    {
      MutexLock lock(mu_);
      if (next_ < scenes_.size()) scene = scenes_[next_];
      ++next_;
    }
    for (const v1::RolloutUpdate& update : scene.updates) writer->Write(update);
    return scene.end;
  }

  grpc::Status StartRollout(grpc::ServerContext*, const v1::StartRolloutRequest* request,
                            v1::StartRolloutReply* reply) override {
    MutexLock lock(mu_);
    request_ids_.push_back(request->request_id());
    if (request_ids_.size() == 1) return {grpc::StatusCode::UNAVAILABLE, "going down"};
    reply->set_rollout_id("r1");
    return grpc::Status::OK;
  }

  std::vector<std::string> request_ids() {
    MutexLock lock(mu_);
    return request_ids_;
  }

 private:
  const std::vector<Scene> scenes_;
  Mutex mu_;
  std::size_t next_ GUARDED_BY(mu_) = 0;
  std::vector<std::string> request_ids_ GUARDED_BY(mu_);
};

class BelayctlTest : public testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<std::unique_ptr<SystemClock>> clock = SystemClock::Open();
    ASSERT_TRUE(clock.ok()) << clock.status();
    clock_ = std::move(*clock);
  }

  void TearDown() override {
    client_.reset();
    if (server_ != nullptr) server_->Shutdown();
  }

  void Serve(std::vector<Scene> scenes) {
    admin_ = std::make_unique<ScriptedAdmin>(std::move(scenes));
    const auto credentials = MutualTlsServerCredentials(pki_.Server(), TestPki::Now());
    ASSERT_TRUE(credentials.ok()) << credentials.status();
    grpc::ServerBuilder builder;
    ApplyServerLimits(builder);
    builder.AddListeningPort("127.0.0.1:0", *credentials, &port_);
    builder.RegisterService(admin_.get());
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
    const TlsFiles files = pki_.Operator("anna");
    absl::StatusOr<std::unique_ptr<Client>> client =
        Client::Open({absl::StrCat("127.0.0.1:", port_), files.ca, files.certificate, files.key},
                     5000, TestPki::Now());
    ASSERT_TRUE(client.ok()) << client.status();
    client_ = std::move(*client);
  }

  int Watch(const std::string& output = "table", const std::string& timeout = "30s") {
    Session session{out_, err_, *clock_, false, "", timeout, output, {}};
    return WatchUntilDone(session, *client_, "r1");
  }

  TestPki pki_;
  std::unique_ptr<SystemClock> clock_;
  std::unique_ptr<ScriptedAdmin> admin_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Client> client_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(BelayctlTest, ACompletedRolloutExitsWithZeroAndALineForEachChange) {
  Serve({{{kRunning, kRunning, kCompleted}, grpc::Status::OK}});
  EXPECT_EQ(Watch(), 0);
  EXPECT_TRUE(absl::StrContains(out_.str(), "Z cp1 in progress\n")) << out_.str();
  EXPECT_TRUE(absl::StrContains(out_.str(), "Z rollout r1 completed\n")) << out_.str();
  EXPECT_EQ(err_.str(), "");
}

TEST_F(BelayctlTest, AStoppedRolloutExitsWithThreeAndSaysWhatIsNext) {
  Serve({{{kRunning, kStopped}, grpc::Status::OK}});
  EXPECT_EQ(Watch(), 3);
  EXPECT_TRUE(absl::EndsWith(err_.str(), "next: belayctl report r1\n")) << err_.str();
}

TEST_F(BelayctlTest, AnEmergencyExitsWithFour) {
  Serve({{{kEmergency}, grpc::Status::OK}});
  EXPECT_EQ(Watch(), 4);
}

TEST_F(BelayctlTest, AStreamThatBreaksIsTakenUpAgain) {
  Serve({{{kRunning}, {grpc::StatusCode::UNAVAILABLE, "restart"}},
         {{}, {grpc::StatusCode::UNAVAILABLE, "restart"}},
         {{}, grpc::Status::OK},
         {{kCompleted}, grpc::Status::OK}});
  EXPECT_EQ(Watch(), 0);
  EXPECT_TRUE(absl::StrContains(out_.str(), "does not answer")) << out_.str();
  EXPECT_TRUE(absl::StrContains(out_.str(), "connected to the coordinator again")) << out_.str();
}

TEST_F(BelayctlTest, AnUnknownRolloutIsNotWaitedFor) {
  Serve({{{}, {grpc::StatusCode::NOT_FOUND, "no rollout r1\x1b[2J"}}});
  EXPECT_EQ(Watch(), 1);
  EXPECT_TRUE(absl::StrContains(err_.str(), "no rollout r1\\x1b[2J\nnext: belayctl rollout list\n"))
      << err_.str();
}

TEST_F(BelayctlTest, ACoordinatorThatStaysAwayIsGivenUpAfterTheTimeout) {
  Serve({});
  server_->Shutdown();
  EXPECT_EQ(Watch("table", "1s"), 1);
  EXPECT_TRUE(absl::EndsWith(err_.str(), "next: belayctl rollout watch r1\n")) << err_.str();
}

TEST_F(BelayctlTest, JsonIsOneObjectALine) {
  Serve({{{kRunning, kCompleted}, grpc::Status::OK}});
  EXPECT_EQ(Watch("json"), 0);
  std::istringstream lines(out_.str());
  std::string line;
  int count = 0;
  for (; std::getline(lines, line); ++count) EXPECT_EQ(line.find("{\"snapshot\":"), 0u) << line;
  EXPECT_EQ(count, 2);
}

TEST_F(BelayctlTest, AStartIsSentAgainWithTheSameRequestId) {
  Serve({});
  v1::StartRolloutRequest request;
  request.set_request_id("once");
  const absl::StatusOr<v1::StartRolloutReply> reply = client_->StartRollout(request);
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->rollout_id(), "r1");
  EXPECT_EQ(admin_->request_ids(), (std::vector<std::string>{"once", "once"}));
}

TEST_F(BelayctlTest, ACoordinatorThatIsDownIsNamed) {
  Serve({});
  server_->Shutdown();
  const absl::Status status = client_->ListNodes({}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(absl::StrContains(status.message(), absl::StrCat("127.0.0.1:", port_))) << status;
}

}  // namespace
}  // namespace belay
