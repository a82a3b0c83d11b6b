#include "cli/client.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "belay/v1/admin.grpc.pb.h"
#include "common/base/status_macros.h"
#include "common/loop/mailbox.h"
#include "common/rpc/status_wire.h"
#include "common/rpc/tls.h"

namespace belay {
namespace {

gpr_timespec In(std::int64_t milliseconds) {
  return gpr_time_add(gpr_now(GPR_CLOCK_REALTIME),
                      gpr_time_from_millis(milliseconds, GPR_TIMESPAN));
}

absl::Status ForPeople(const absl::Status& status, const std::string& server,
                       std::int64_t timeout_ms) {
  if (status.code() == absl::StatusCode::kUnavailable) {
    return absl::UnavailableError(
        absl::StrCat("cannot reach the coordinator at ", server, ": ", status.message()));
  }
  if (status.code() == absl::StatusCode::kDeadlineExceeded) {
    return absl::DeadlineExceededError(absl::StrCat("no answer from the coordinator at ", server,
                                                    " within ", timeout_ms / 1000, " s"));
  }
  return status;
}

class GrpcRolloutStream : public RolloutStream {
 public:
  GrpcRolloutStream(v1::Admin::Stub& stub, const std::string& rollout_id) : items_(kDepth) {
    v1::GetRolloutRequest request;
    request.set_rollout_id(rollout_id);
    reader_ = stub.WatchRollout(&context_, request);
    thread_ = std::thread([this] { Read(); });
  }
  ~GrpcRolloutStream() override {
    context_.TryCancel();
    items_.Close();
    thread_.join();
  }
  std::optional<absl::StatusOr<v1::RolloutUpdate>> NextFor(int milliseconds) override {
    return items_.TakeFor(std::chrono::milliseconds(milliseconds));
  }

 private:
  static constexpr std::size_t kDepth = 4096;

  void Read() {
    v1::RolloutUpdate update;
    bool kept_up = true;
    while (kept_up && reader_->Read(&update)) kept_up = items_.Put(update);
    if (!kept_up) context_.TryCancel();
    absl::Status status = FromGrpc(reader_->Finish());
    if (status.ok()) status = absl::UnavailableError("the coordinator ended the stream");
    // Refused only when nobody reads any more.
    static_cast<void>(items_.Put(status));
  }

  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::RolloutUpdate>> reader_;
  Mailbox<absl::StatusOr<v1::RolloutUpdate>> items_;
  std::thread thread_;
};

}  // namespace

struct Client::Impl {
  std::string server;
  std::int64_t timeout_ms = 0;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::Admin::Stub> stub;

  template <class Request, class Reply>
  absl::StatusOr<Reply> Call(grpc::Status (v1::Admin::Stub::*method)(grpc::ClientContext*,
                                                                     const Request&, Reply*),
                             const Request& request) {
    grpc::ClientContext context;
    context.set_deadline(In(timeout_ms));
    Reply reply;
    const absl::Status status = FromGrpc((stub.get()->*method)(&context, request, &reply));
    if (!status.ok()) return ForPeople(status, server, timeout_ms);
    return reply;
  }

  // Once more after a broken connection, for calls that say the same twice.
  template <class Reply, class Function>
  absl::StatusOr<Reply> CallTwice(Function call) {
    constexpr std::int64_t kMostWaitMs = 5000;
    absl::StatusOr<Reply> reply = call();
    if (reply.status().code() != absl::StatusCode::kUnavailable ||
        !channel->WaitForConnected(In(std::min(timeout_ms, kMostWaitMs)))) {
      return reply;
    }
    return call();
  }
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

absl::StatusOr<std::unique_ptr<Client>> Client::Open(const OperatorConfig& config,
                                                     std::int64_t timeout_ms,
                                                     std::int64_t now_unix) {
  ASSIGN_OR_RETURN(
      std::shared_ptr<grpc::ChannelCredentials> credentials,
      MutualTlsChannelCredentials({config.key, config.certificate, config.ca}, now_unix));
  auto impl = std::make_unique<Impl>();
  impl->server = config.server;
  impl->timeout_ms = timeout_ms;
  impl->channel = grpc::CreateCustomChannel(config.server, credentials, ClientArguments());
  impl->stub = v1::Admin::NewStub(impl->channel);
  return std::unique_ptr<Client>(new Client(std::move(impl)));
}

absl::StatusOr<v1::CreateTokenReply> Client::CreateToken(const v1::CreateTokenRequest& request) {
  return impl_->Call(&v1::Admin::Stub::CreateToken, request);
}
absl::StatusOr<v1::ListNodesReply> Client::ListNodes(const v1::ListNodesRequest& request) {
  return impl_->Call(&v1::Admin::Stub::ListNodes, request);
}
absl::StatusOr<v1::ClearEmergencyReply> Client::ClearEmergency(
    const v1::ClearEmergencyRequest& request) {
  return impl_->Call(&v1::Admin::Stub::ClearEmergency, request);
}
absl::StatusOr<v1::StartRolloutReply> Client::StartRollout(const v1::StartRolloutRequest& request) {
  return impl_->CallTwice<v1::StartRolloutReply>(
      [&] { return impl_->Call(&v1::Admin::Stub::StartRollout, request); });
}
absl::StatusOr<v1::StartRolloutReply> Client::RevertRollout(
    const v1::RevertRolloutRequest& request) {
  return impl_->CallTwice<v1::StartRolloutReply>(
      [&] { return impl_->Call(&v1::Admin::Stub::RevertRollout, request); });
}
absl::StatusOr<v1::Rollout> Client::ChangeRollout(RolloutChange change,
                                                  const v1::ChangeRolloutRequest& request) {
  return impl_->CallTwice<v1::Rollout>([&]() -> absl::StatusOr<v1::Rollout> {
    switch (change) {
      case RolloutChange::Pause:
        return impl_->Call(&v1::Admin::Stub::PauseRollout, request);
      case RolloutChange::Resume:
        return impl_->Call(&v1::Admin::Stub::ResumeRollout, request);
      case RolloutChange::Abort:
        return impl_->Call(&v1::Admin::Stub::AbortRollout, request);
      case RolloutChange::Approve:
        return impl_->Call(&v1::Admin::Stub::ApproveRollout, request);
      case RolloutChange::Retry:
        return impl_->Call(&v1::Admin::Stub::RetryRollout, request);
    }
    return absl::InternalError("there is no such change");
  });
}
absl::StatusOr<v1::Fleet> Client::StartFleet(const v1::StartFleetRequest& request) {
  return impl_->CallTwice<v1::Fleet>(
      [&] { return impl_->Call(&v1::Admin::Stub::StartFleet, request); });
}
absl::StatusOr<v1::Fleet> Client::GetFleet(const v1::GetFleetRequest& request) {
  return impl_->Call(&v1::Admin::Stub::GetFleet, request);
}
absl::StatusOr<v1::ListFleetsReply> Client::ListFleets(const v1::ListFleetsRequest& request) {
  return impl_->Call(&v1::Admin::Stub::ListFleets, request);
}
absl::StatusOr<v1::Fleet> Client::ChangeFleet(const v1::ChangeFleetRequest& request) {
  return impl_->CallTwice<v1::Fleet>(
      [&] { return impl_->Call(&v1::Admin::Stub::ChangeFleet, request); });
}
absl::StatusOr<v1::ListClustersReply> Client::ListClusters(const v1::ListClustersRequest& request) {
  return impl_->Call(&v1::Admin::Stub::ListClusters, request);
}
absl::StatusOr<v1::Cluster> Client::LabelCluster(const v1::LabelClusterRequest& request) {
  return impl_->CallTwice<v1::Cluster>(
      [&] { return impl_->Call(&v1::Admin::Stub::LabelCluster, request); });
}
absl::StatusOr<v1::Node> Client::LabelNode(const v1::LabelNodeRequest& request) {
  return impl_->CallTwice<v1::Node>(
      [&] { return impl_->Call(&v1::Admin::Stub::LabelNode, request); });
}
absl::StatusOr<v1::ListLocksReply> Client::ListLocks(const v1::ListLocksRequest& request) {
  return impl_->Call(&v1::Admin::Stub::ListLocks, request);
}
// Taking is renewing the second time, and releasing what is released is ok.
absl::StatusOr<v1::Lock> Client::TakeLock(const v1::TakeLockRequest& request) {
  return impl_->CallTwice<v1::Lock>(
      [&] { return impl_->Call(&v1::Admin::Stub::TakeLock, request); });
}
absl::StatusOr<v1::ReleaseLockReply> Client::ReleaseLock(const v1::ReleaseLockRequest& request) {
  return impl_->CallTwice<v1::ReleaseLockReply>(
      [&] { return impl_->Call(&v1::Admin::Stub::ReleaseLock, request); });
}
absl::StatusOr<v1::BreakLockReply> Client::BreakLock(const v1::BreakLockRequest& request) {
  return impl_->Call(&v1::Admin::Stub::BreakLock, request);
}
absl::StatusOr<v1::ListTokensReply> Client::ListTokens(const v1::ListTokensRequest& request) {
  return impl_->Call(&v1::Admin::Stub::ListTokens, request);
}
absl::StatusOr<v1::Token> Client::RevokeToken(const v1::RevokeTokenRequest& request) {
  return impl_->CallTwice<v1::Token>(
      [&] { return impl_->Call(&v1::Admin::Stub::RevokeToken, request); });
}
absl::StatusOr<v1::ListCertificatesReply> Client::ListCertificates(
    const v1::ListCertificatesRequest& request) {
  return impl_->Call(&v1::Admin::Stub::ListCertificates, request);
}
absl::StatusOr<v1::RevokeCertificateReply> Client::RevokeCertificate(
    const v1::RevokeCertificateRequest& request) {
  return impl_->CallTwice<v1::RevokeCertificateReply>(
      [&] { return impl_->Call(&v1::Admin::Stub::RevokeCertificate, request); });
}
absl::StatusOr<v1::ListAuditTrailReply> Client::ListAuditTrail(
    const v1::ListAuditTrailRequest& request) {
  return impl_->Call(&v1::Admin::Stub::ListAuditTrail, request);
}
absl::StatusOr<v1::ListRolesReply> Client::ListRoles(const v1::ListRolesRequest& request) {
  return impl_->Call(&v1::Admin::Stub::ListRoles, request);
}
absl::StatusOr<v1::OperatorRoles> Client::GrantRole(const v1::ChangeRoleRequest& request) {
  return impl_->CallTwice<v1::OperatorRoles>(
      [&] { return impl_->Call(&v1::Admin::Stub::GrantRole, request); });
}
absl::StatusOr<v1::OperatorRoles> Client::RevokeRole(const v1::ChangeRoleRequest& request) {
  return impl_->CallTwice<v1::OperatorRoles>(
      [&] { return impl_->Call(&v1::Admin::Stub::RevokeRole, request); });
}
absl::StatusOr<v1::ListRolloutsReply> Client::ListRollouts(const v1::ListRolloutsRequest& request) {
  return impl_->Call(&v1::Admin::Stub::ListRollouts, request);
}
absl::StatusOr<v1::Rollout> Client::GetRollout(const v1::GetRolloutRequest& request) {
  return impl_->Call(&v1::Admin::Stub::GetRollout, request);
}
absl::StatusOr<v1::RolloutReport> Client::GetReport(const v1::GetRolloutRequest& request) {
  return impl_->Call(&v1::Admin::Stub::GetReport, request);
}

absl::StatusOr<v1::DiffPlanReply> Client::DiffPlan(const v1::DiffPlanRequest& request) {
  return impl_->Call(&v1::Admin::Stub::DiffPlan, request);
}

std::unique_ptr<RolloutStream> Client::Watch(const std::string& rollout_id) {
  return std::make_unique<GrpcRolloutStream>(*impl_->stub, rollout_id);
}

bool Client::WaitForConnection(int milliseconds) {
  return impl_->channel->WaitForConnected(In(milliseconds));
}

const std::string& Client::server() const { return impl_->server; }

}  // namespace belay
