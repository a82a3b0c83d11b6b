#include "server/driver/running_server.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/os/file_lock.h"
#include "common/os/random_id.h"
#include "common/rpc/tls.h"
#include "server/driver/admin_service.h"
#include "server/driver/agent_link_service.h"
#include "server/driver/loop.h"
#include "server/enrolment/enroller.h"
#include "server/enrolment/enrolment_service.h"
#include "server/store/sqlite_token_store.h"
#include "server/store/store.h"

namespace belay {
namespace {

constexpr std::size_t kIdBytes = 6;
constexpr int kGraceMs = 2000;
constexpr int kEnrolmentThreads = 4;

class Server final : public RunningServer {
 public:
  Server(const Clock& clock, Options options) : clock_(clock), options_(std::move(options)) {}
  ~Server() override { Stop(); }

  absl::Status Open(FileSystem& files) {
    const std::string& directory = options_.directory;
    ASSIGN_OR_RETURN(lock_, FileLock::Acquire(directory + "/lock", "belay-server"));
    ASSIGN_OR_RETURN(const FileContent ca, files.Read(directory + "/ca/ca.pem"));
    ASSIGN_OR_RETURN(const FileContent ca_key, files.Read(directory + "/ca/ca.key"));
    ASSIGN_OR_RETURN(ca_hash_, CaHash(ca.bytes));
    const std::string database = directory + "/belay.db";
    ASSIGN_OR_RETURN(store_, store::Store::Open(database));
    ASSIGN_OR_RETURN(tokens_, store::SqliteTokenStore::Open(database));
    enroller_ = std::make_unique<Enroller>(*tokens_, KeyPair{ca_key.bytes, ca.bytes},
                                           options_.config.node_certificate_seconds);
    coordinator_ = std::make_unique<Coordinator>(
        *store_, clock_, options_.config.times, [] { return RandomHex(kIdBytes); }, options_.log);
    RETURN_IF_ERROR(coordinator_->Start());
    loop_ = std::make_unique<CoordinatorLoop>(*coordinator_, options_.on_fatal);
    return Listen();
  }

  void Stop() override {
    if (loop_ == nullptr) return;
    // Agents and watchers are told first; then no call is left that could wait for the loop.
    const bool posted = loop_->Post([](Coordinator& coordinator) {
      coordinator.CloseAll(absl::UnavailableError("the coordinator is stopping; connect again"));
    });
    if (!posted) options_.log("the loop is overloaded; streams are cut instead of closed");
    const gpr_timespec deadline =
        gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(kGraceMs, GPR_TIMESPAN));
    if (enrol_server_ != nullptr) enrol_server_->Shutdown(deadline);
    if (link_server_ != nullptr) link_server_->Shutdown(deadline);
    enrol_server_.reset();
    link_server_.reset();
    loop_->Join();
    if (link_ != nullptr && link_->open() != 0) {
      options_.log(absl::StrCat(link_->open(), " streams outlived the server: a defect"));
    }
    loop_.reset();
  }
  int link_port() const override { return link_port_; }
  int enrol_port() const override { return enrol_port_; }

 private:
  absl::Status Listen() {
    const TlsFiles files{options_.directory + "/tls/server.key",
                         options_.directory + "/tls/server.pem",
                         options_.directory + "/tls/ca.pem"};
    const std::int64_t now = clock_.WallNowUnixMs() / 1000;
    ASSIGN_OR_RETURN(const auto link_credentials, MutualTlsServerCredentials(files, now));
    ASSIGN_OR_RETURN(const auto enrol_credentials, EnrolmentServerCredentials(files, now));

    // Each enrolment's answer names the link's port, so the link listens first.
    grpc::ServerBuilder link;
    ApplyServerLimits(link);
    link.AddListeningPort(options_.config.listen, link_credentials, &link_port_);
    link_ = std::make_unique<AgentLinkService>(*loop_, *enroller_, clock_);
    admin_ = std::make_unique<AdminService>(
        *loop_, *enroller_, clock_,
        EnrolmentFacts{ca_hash_, absl::StrCat(options_.config.advertise, ":",
                                              PortText(options_.config.enrol_listen))});
    link.RegisterService(link_.get());
    link.RegisterService(admin_.get());
    grpc::EnableDefaultHealthCheckService(true);  // for the builders that start after it
    link_server_ = link.BuildAndStart();
    grpc::EnableDefaultHealthCheckService(false);
    if (link_server_ == nullptr || link_port_ == 0) return Taken(options_.config.listen);

    grpc::ServerBuilder enrol;
    ApplyServerLimits(enrol);
    enrol.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MAX_POLLERS,
                              kEnrolmentThreads);
    enrol.AddListeningPort(options_.config.enrol_listen, enrol_credentials, &enrol_port_);
    enrolment_ = std::make_unique<EnrolmentService>(
        *enroller_, static_cast<std::uint16_t>(link_port_),
        [this] { return clock_.WallNowUnixMs() / 1000; },
        [this](const char* method, const std::string& node, const absl::Status& status) {
          static_cast<void>(loop_->Post([method, node, status](Coordinator& coordinator) {
            coordinator.Stranger(method, node, status);
          }));
        });
    enrol.RegisterService(enrolment_.get());
    enrol_server_ = enrol.BuildAndStart();
    if (enrol_server_ == nullptr || enrol_port_ == 0) return Taken(options_.config.enrol_listen);
    return absl::OkStatus();
  }
  static std::string PortText(const std::string& address) {
    return address.substr(address.rfind(':') + 1);
  }
  static absl::Status Taken(const std::string& address) {
    return absl::UnavailableError(
        absl::StrCat("listen on ", address,
                     ": the address is taken or not of this machine; stop "
                     "what listens there (ss -ltnp) or change server.yaml"));
  }

  const Clock& clock_;
  const Options options_;
  std::string ca_hash_;
  int link_port_ = 0;
  int enrol_port_ = 0;
  std::unique_ptr<FileLock> lock_;  // given back last
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::SqliteTokenStore> tokens_;
  std::unique_ptr<Enroller> enroller_;
  std::unique_ptr<Coordinator> coordinator_;
  std::unique_ptr<CoordinatorLoop> loop_;
  std::unique_ptr<AgentLinkService> link_;
  std::unique_ptr<AdminService> admin_;
  std::unique_ptr<EnrolmentService> enrolment_;
  std::unique_ptr<grpc::Server> link_server_;
  std::unique_ptr<grpc::Server> enrol_server_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RunningServer>> RunningServer::Start(FileSystem& files,
                                                                    const Clock& clock,
                                                                    Options options) {
  auto server = std::make_unique<Server>(clock, std::move(options));
  RETURN_IF_ERROR(server->Open(files));
  return std::unique_ptr<RunningServer>(std::move(server));
}

}  // namespace belay
