#include "tests/grpc/coordinator_world.h"

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "common/plan/compile.h"
#include "common/plan/sign.h"
#include "server/driver/operators.h"
#include "server/enrolment/init_server.h"
#include "server/store/sqlite_token_store.h"
#include "server/store/store.h"

namespace belay {
namespace {

constexpr std::chrono::milliseconds kPatience(10'000);
constexpr std::int64_t kYearSeconds = 365 * 86400;  // longer than any test lets pass

constexpr char kPlan[] = R"(apiVersion: belay.dev/v1
kind: RemediationPlan
metadata: {name: no-profiling}
spec:
  steps:
  - name: profiling
    controls: [cis-1.11/1.2.15]
    edits:
    - setFlag: {manifest: kube-apiserver, flag: profiling, value: "false"}
)";

constexpr char kPhasedPlan[] = R"(apiVersion: belay.dev/v1
kind: RemediationPlan
metadata: {name: encryption}
spec:
  phases:
  - name: readable
    steps:
    - name: read
      edits:
      - setFlag: {manifest: kube-apiserver, flag: encryption-provider-config, value: /etc/kubernetes/a}
  - name: written
    steps:
    - name: write
      edits:
      - setFlag: {manifest: kube-apiserver, flag: encryption-provider-config, value: /etc/kubernetes/b}
)";

v1::SignedPlan MakePlan(const char* yaml, std::int64_t now) {
  CompiledPlan compiled = CompilePlan(yaml);
  EXPECT_TRUE(compiled.mistakes.empty()) << compiled.mistakes[0].message;
  FillValidity(compiled.plan, now, 7 * 86400);
  return SignPlan(compiled.plan, *Ed25519PrivateKey::Generate());
}

}  // namespace

World::World(const std::vector<std::string>& nodes) {
  times.heartbeat_interval_ms = 3'600'000;  // one status is fresh for hours of the test's clock
  times.readiness_wait_ms = 300'000;
  directory_ = pki_.directory() + "/coordinator";
  files_ = *PosixFileSystem::Open("/");
  InitOptions init;
  init.directory = directory_;
  init.operator_name = "ada";
  init.advertise = {"localhost"};
  init.now_unix = TestPki::Now();
  const auto made = InitServer(*files_, init, DatabaseWith);
  EXPECT_TRUE(made.ok()) << made.status();
  auto tokens = store::SqliteTokenStore::Open(directory_ + "/belay.db");
  EXPECT_TRUE(tokens.ok()) << tokens.status();
  for (const std::string& node : nodes) {
    EXPECT_TRUE((*tokens)->CreateToken({node, "s", "prod", node, "ada", 9, "", "", false}).ok());
    EXPECT_TRUE((*tokens)->BindToken(node, "key", "pem").ok());
    EXPECT_TRUE((*tokens)->SpendToken(node, {node, "prod", node, "pem", 1, 9}).ok());
  }
  plan_ = MakePlan(kPlan, TestPki::Now());
}

void World::TakePlanWithPhases() { plan_ = MakePlan(kPhasedPlan, TestPki::Now()); }

World::~World() {
  Stop();
  EXPECT_EQ(std::system(absl::StrCat("rm -rf '", directory_, "'").c_str()), 0);
}

RunningServer::Options World::MakeOptions() {
  RunningServer::Options options;
  options.directory = directory_;
  options.config = {"127.0.0.1:0", "127.0.0.1:0", "localhost", times};
  options.log = [](const std::string&) {};
  options.on_fatal = [this](const absl::Status& status) {
    if (!fatal_is_expected_) ADD_FAILURE() << status;
  };
  return options;
}

void World::Start() {
  auto server = RunningServer::Start(*files_, clock, MakeOptions());
  ASSERT_TRUE(server.ok()) << server.status();
  server_ = *std::move(server);
  admin_ = v1::Admin::NewStub(Dial(OperatorFiles()));
}

void World::Stop() {
  admin_.reset();
  server_.reset();
}

absl::Status World::TryStartSecond() {
  return RunningServer::Start(*files_, clock, MakeOptions()).status();
}

std::string World::link_address() const { return absl::StrCat("127.0.0.1:", server_->link_port()); }

std::string World::enrol_address() const {
  return absl::StrCat("127.0.0.1:", server_->enrol_port());
}

std::shared_ptr<grpc::Channel> World::Dial(const TlsFiles& files) const {
  const auto credentials = MutualTlsChannelCredentials(files, TestPki::Now());
  EXPECT_TRUE(credentials.ok()) << credentials.status();
  grpc::ChannelArguments arguments = ClientArguments();
  arguments.SetInt("grpc.use_local_subchannel_pool", 1);
  return grpc::CreateCustomChannel(link_address(), *credentials, arguments);
}

TlsFiles World::OperatorFiles() const {
  const std::string of = directory_ + "/operators/ada";
  return {of + "/client.key", of + "/client.pem", of + "/ca.pem"};
}

std::unique_ptr<v1::Admin::Stub> World::AdminAs(const std::string& name, const Roles& roles) {
  v1::OperatorRoles person;
  person.set_name(name);
  for (const v1::Role role : roles) person.add_roles(role);
  EXPECT_TRUE((*store::Store::Open(database()))->SetOperator(person).ok());
  const KeyPair ca{files_->Read(directory_ + "/ca/ca.key")->bytes,
                   files_->Read(directory_ + "/ca/ca.pem")->bytes};
  IssueRequest request;
  request.identity = OperatorIdentity{name};
  request.now_unix = TestPki::Now();
  request.valid_seconds = kYearSeconds;
  TlsFiles files = pki_.Write(*Issue(ca, request));
  files.ca = directory_ + "/ca/ca.pem";
  return v1::Admin::NewStub(Dial(files));
}

TlsFiles World::NodeFiles(const std::string& node) {
  const KeyPair ca{files_->Read(directory_ + "/ca/ca.key")->bytes,
                   files_->Read(directory_ + "/ca/ca.pem")->bytes};
  IssueRequest request;
  request.identity = NodeIdentity{"prod", node};
  request.now_unix = TestPki::Now();
  request.valid_seconds = kYearSeconds;
  TlsFiles files = pki_.Write(*Issue(ca, request));
  files.ca = directory_ + "/ca/ca.pem";
  return files;
}

absl::StatusOr<v1::StartRolloutReply> World::StartRollout(const std::string& request_id,
                                                          const std::vector<std::string>& order) {
  v1::StartRolloutRequest request;
  request.set_cluster("prod");
  *request.mutable_plan() = plan_;
  *request.mutable_order() = {order.begin(), order.end()};
  request.set_request_id(request_id);
  *request.mutable_options() = rollout_options;
  v1::StartRolloutReply reply;
  grpc::ClientContext context;
  const grpc::Status status = admin_->StartRollout(&context, request, &reply);
  if (status.ok()) return reply;
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

v1::Rollout World::Get(const std::string& id) {
  v1::GetRolloutRequest request;
  request.set_rollout_id(id);
  v1::Rollout rollout;
  grpc::ClientContext context;
  const grpc::Status status = admin_->GetRollout(&context, request, &rollout);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return rollout;
}

v1::Rollout World::Await(const std::string& id,
                         const std::function<bool(const v1::Rollout&)>& done) {
  const std::int64_t until = TestPki::Now() + 10;
  v1::Rollout rollout = Get(id);
  while (!done(rollout) && TestPki::Now() < until) rollout = Get(id);
  EXPECT_TRUE(done(rollout)) << rollout.DebugString();
  return rollout;
}

v1::Rollout World::AwaitPassing(const std::string& id, int seconds,
                                const std::function<bool(const v1::Rollout&)>& done) {
  v1::Rollout rollout = Get(id);
  for (int passed = 0; passed < seconds && !done(rollout); ++passed) {
    clock.PassMs(1000);
    rollout = Get(id);
  }
  EXPECT_TRUE(done(rollout)) << rollout.DebugString();
  return rollout;
}

ScriptedAgent::ScriptedAgent(World& world, std::string of) : name(std::move(of)), world_(world) {
  status.set_ready(true);
  status.set_activity(v1::NodeStatus::ACTIVITY_FREE);
  status.set_boot_id("boot-of-" + name);
  status.set_boottime_ns(5'000'000'000);
  v1::Record record;
  record.set_seq(1);
  record.mutable_journal_created()->set_journal_id("journal-of-" + name);
  journal_.push_back(record);
}

void ScriptedAgent::Open() {
  HangUp();
  stub_ = v1::AgentLink::NewStub(world_.Dial(world_.NodeFiles(name)));
  context_ = std::make_unique<grpc::ClientContext>();
  stream_ = stub_->Connect(context_.get());
  inbox_ = std::make_unique<Mailbox<v1::CoordinatorMessage>>(10'000);
  kept_.clear();
  sent_ = acknowledged_ = 0;
  reader_ = std::thread([stream = stream_.get(), inbox = inbox_.get()] {
    v1::CoordinatorMessage message;
    while (stream->Read(&message)) {
      if (!inbox->Put(std::move(message))) break;
    }
    inbox->Close();
  });
}

void ScriptedAgent::Write(const v1::AgentMessage& message) {
  EXPECT_TRUE(stream_->Write(message)) << name << ": the stream is broken";
}

void ScriptedAgent::Connect() {
  const std::uint64_t acknowledged = Greet();
  for (const v1::Record& record : journal_) {
    if (record.seq() > acknowledged) SendRecord(record);
  }
}

std::uint64_t ScriptedAgent::Greet() {
  Open();
  v1::AgentMessage message;
  v1::Hello& hello = *message.mutable_hello();
  hello.set_cluster("prod");
  hello.set_node(name);
  hello.set_agent_version("test");
  hello.set_journal_id("journal-of-" + name);
  hello.set_last_seq(journal_.size());
  hello.set_first_seq(first_seq);
  *hello.mutable_status() = status;
  Write(message);
  const v1::Welcome welcome = Await(v1::CoordinatorMessage::kWelcome).welcome();
  epoch = welcome.epoch();
  return welcome.acknowledged_seq();
}

grpc::Status ScriptedAgent::TryHello(const std::string& node) {
  Open();
  v1::AgentMessage message;
  message.mutable_hello()->set_cluster("prod");
  message.mutable_hello()->set_node(node);
  message.mutable_hello()->set_journal_id("j");
  message.mutable_hello()->set_first_seq(first_seq);
  stream_->Write(message);
  return AwaitEnd();
}

void ScriptedAgent::Heartbeat() {
  v1::AgentMessage message;
  *message.mutable_heartbeat()->mutable_status() = status;
  Write(message);
}

void ScriptedAgent::SendRecord(const v1::Record& record) {
  v1::AgentMessage message;
  *message.mutable_record() = record;
  ++sent_;
  Write(message);
}

v1::Record ScriptedAgent::Journal(v1::Record record) {
  record.set_seq(journal_.size() + 1);
  journal_.push_back(record);
  return record;
}

v1::Record ScriptedAgent::Append(v1::Record record) {
  record = Journal(std::move(record));
  SendRecord(record);
  return record;
}

v1::Record ScriptedAgent::Accepted(const v1::Execute& execute) {
  v1::Record record;
  *record.mutable_run() = execute.run();
  record.mutable_run_accepted()->set_epoch(execute.epoch());
  record = Append(record);
  Sync();
  return record;
}

v1::Record ScriptedAgent::Finished(const v1::RunKey& run, v1::Verdict verdict) {
  v1::Record record;
  *record.mutable_run() = run;
  record.mutable_run_finished()->set_verdict(verdict);
  if (verdict != v1::VERDICT_COMMITTED) record.mutable_run_finished()->set_reason("not adopted");
  record = Append(record);
  Sync();
  return record;
}

v1::CoordinatorMessage ScriptedAgent::Await(v1::CoordinatorMessage::KindCase kind) {
  for (auto it = kept_.begin(); it != kept_.end(); ++it) {
    if (it->kind_case() != kind) continue;
    v1::CoordinatorMessage found = *it;
    kept_.erase(it);
    return found;
  }
  while (std::optional<v1::CoordinatorMessage> message = Take()) {
    if (message->kind_case() == kind) return *message;
    kept_.push_back(*message);
  }
  ADD_FAILURE() << name << ": message " << kind << " did not come";
  return {};
}

v1::Execute ScriptedAgent::AwaitExecute() {
  return Await(v1::CoordinatorMessage::kExecute).execute();
}
v1::Revert ScriptedAgent::AwaitRevert() { return Await(v1::CoordinatorMessage::kRevert).revert(); }
v1::ClearEmergency ScriptedAgent::AwaitClear() {
  return Await(v1::CoordinatorMessage::kClearEmergency).clear_emergency();
}

v1::DiffRequest ScriptedAgent::AwaitDiff() {
  return Await(v1::CoordinatorMessage::kDiffRequest).diff_request();
}

void ScriptedAgent::Answer(const v1::DiffRequest& question, v1::NodeDiff diff) {
  v1::AgentMessage message;
  message.mutable_diff_answer()->set_request_id(question.request_id());
  *message.mutable_diff_answer()->mutable_diff() = std::move(diff);
  Write(message);
}

void ScriptedAgent::Sync() { SyncBy(journal_.back()); }

void ScriptedAgent::SyncBy(const v1::Record& known) {
  SendRecord(known);  // a duplicate is acknowledged too
  while (acknowledged_ < sent_) {
    std::optional<v1::CoordinatorMessage> message = Take();
    if (!message) {
      ADD_FAILURE() << name << ": " << sent_ - acknowledged_ << " records are not acknowledged";
      return;
    }
    kept_.push_back(*std::move(message));
  }
}

std::optional<v1::CoordinatorMessage> ScriptedAgent::Take() {
  std::optional<v1::CoordinatorMessage> message = inbox_->TakeFor(kPatience);
  if (message && message->has_record_ack()) ++acknowledged_;
  return message;
}

long ScriptedAgent::ExecutesUntilNow() {
  // The first is acknowledged before the coordinator settles, the second after it.
  for (int i = 0; i < 2; ++i) Sync();
  return static_cast<long>(
      std::erase_if(kept_, [](const auto& message) { return message.has_execute(); }));
}

long ScriptedAgent::ClearsUntilNow() {
  for (int i = 0; i < 2; ++i) SyncBy(journal_.front());
  return static_cast<long>(
      std::erase_if(kept_, [](const auto& message) { return message.has_clear_emergency(); }));
}

grpc::Status ScriptedAgent::AwaitEnd() {
  if (reader_.joinable()) reader_.join();
  const grpc::Status end = stream_->Finish();
  stream_.reset();
  return end;
}

void ScriptedAgent::HangUp() {
  if (stream_ == nullptr) return;
  context_->TryCancel();
  AwaitEnd();
}

}  // namespace belay
