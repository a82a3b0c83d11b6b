// A whole coordinator on 127.0.0.1 with the production's TLS, and agents that follow a script. Time
// is the test's own; nothing here sleeps, and what must not have happened is asked behind a round
// trip on the same stream.
#pragma once
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "belay/v1/admin.grpc.pb.h"
#include "belay/v1/agent_link.grpc.pb.h"
#include "common/loop/mailbox.h"
#include "common/os/posix_file_system.h"
#include "common/rpc/tls.h"
#include "server/driver/authorize.h"
#include "server/driver/running_server.h"
#include "tests/support/test_pki.h"

namespace belay {

class TestClock final : public Clock {
 public:
  std::int64_t BootNowNs() const override { return boot_ns_; }
  std::int64_t WallNowUnixMs() const override { return wall_ms_; }
  std::string BootId() const override { return "coordinator-boot"; }
  void PassMs(std::int64_t ms) {
    boot_ns_ += ms * 1'000'000;
    wall_ms_ += ms;
  }

 private:
  std::atomic<std::int64_t> boot_ns_ = 1'000'000'000'000;
  std::atomic<std::int64_t> wall_ms_ = TestPki::Now() * 1000;
};

class World {
 public:
  explicit World(const std::vector<std::string>& nodes);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void TakePlanWithPhases();  // "readable" and "written", instead of the one without
  void ExpectFatal() { fatal_is_expected_ = true; }  // the coordinator will end itself
  void Start();  // again after Stop: what the database holds goes on
  void Stop();
  absl::Status TryStartSecond();
  // Time passes while the coordinator is awake, until `done`; at most `seconds`.
  v1::Rollout AwaitPassing(const std::string& id, int seconds,
                           const std::function<bool(const v1::Rollout&)>& done);
  std::string link_address() const;  // host:port
  std::string enrol_address() const;
  std::shared_ptr<grpc::Channel> Dial(const TlsFiles& files) const;
  TlsFiles OperatorFiles() const;
  // Another operator, whom the same CA has issued a certificate; every role where none is named.
  std::unique_ptr<v1::Admin::Stub> AdminAs(const std::string& name,
                                           const Roles& roles = EveryRole());
  std::string database() const { return directory_ + "/belay.db"; }
  TlsFiles NodeFiles(const std::string& node);
  // Over a connection of its own; `order` empty for the default.
  absl::StatusOr<v1::StartRolloutReply> StartRollout(const std::string& request_id,
                                                     const std::vector<std::string>& order = {});
  v1::Rollout Get(const std::string& id);
  // Asks until `done`; fails the test after ten seconds.
  v1::Rollout Await(const std::string& id, const std::function<bool(const v1::Rollout&)>& done);
  v1::SignedPlan plan() const { return plan_; }
  v1::Admin::Stub& admin() { return *admin_; }

  TestClock clock;
  CoordinatorTimes times;
  v1::RolloutOptions rollout_options;  // of the rollouts that StartRollout starts

 private:
  RunningServer::Options MakeOptions();

  bool fatal_is_expected_ = false;
  TestPki pki_;  // only for RequireTls13 and a directory
  std::string directory_;
  std::unique_ptr<PosixFileSystem> files_;
  v1::SignedPlan plan_;
  std::unique_ptr<RunningServer> server_;
  std::unique_ptr<v1::Admin::Stub> admin_;
};

// One agent with a journal in memory.
class ScriptedAgent {
 public:
  ScriptedAgent(World& world, std::string name);
  ~ScriptedAgent() { HangUp(); }
  ScriptedAgent(const ScriptedAgent&) = delete;
  ScriptedAgent& operator=(const ScriptedAgent&) = delete;

  void Connect();                                  // Greet, then what is not acknowledged
  std::uint64_t Greet();                           // Hello and Welcome; what is acknowledged
  grpc::Status TryHello(const std::string& node);  // the status that the stream ends with
  void Heartbeat();
  // Journals a record and sends it; the copy is for sending it again.
  v1::Record Append(v1::Record record);
  void SendRecord(const v1::Record& record);
  v1::Record Journal(v1::Record record);  // without sending it: the node is away
  const v1::Record& RecordAt(std::uint64_t seq) const { return journal_[seq - 1]; }
  v1::Execute AwaitExecute();
  v1::Revert AwaitRevert();
  v1::ClearEmergency AwaitClear();
  v1::DiffRequest AwaitDiff();
  void Answer(const v1::DiffRequest& question, v1::NodeDiff diff);
  // Returns when the coordinator has taken all that was sent on this stream.
  void Sync();
  long ExecutesUntilNow();  // not yet awaited, behind a Sync
  long ClearsUntilNow();    // the same; sends nothing that is new
  grpc::Status AwaitEnd();  // of the stream, from the other side
  void HangUp();

  // Both Sync.
  v1::Record Accepted(const v1::Execute& execute);
  v1::Record Finished(const v1::Execute& execute, v1::Verdict verdict) {
    return Finished(execute.run(), verdict);
  }
  v1::Record Finished(const v1::RunKey& run, v1::Verdict verdict);

  const std::string name;
  v1::NodeStatus status;
  std::uint64_t epoch = 0;
  std::uint64_t first_seq = 0;  // as it says in Hello

 private:
  void Open();
  void Write(const v1::AgentMessage& message);
  void SyncBy(const v1::Record& known);
  v1::CoordinatorMessage Await(v1::CoordinatorMessage::KindCase kind);

  std::optional<v1::CoordinatorMessage> Take();

  World& world_;
  int sent_ = 0;          // records, on this stream
  int acknowledged_ = 0;  // the same
  std::vector<v1::Record> journal_;
  std::vector<v1::CoordinatorMessage> kept_;  // read while something else was awaited
  std::unique_ptr<v1::AgentLink::Stub> stub_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::AgentMessage, v1::CoordinatorMessage>> stream_;
  std::unique_ptr<Mailbox<v1::CoordinatorMessage>> inbox_;
  std::thread reader_;
};

}  // namespace belay
