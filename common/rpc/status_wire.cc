#include "common/rpc/status_wire.h"

#include <string>

namespace belay {
namespace {
constexpr std::size_t kMaxMessageBytes = 4096;
constexpr int kLastCode = 16;  // UNAUTHENTICATED
}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.raw_code()),
                      std::string(status.message().substr(0, kMaxMessageBytes)));
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const int code = status.error_code();
  return absl::Status(code < 0 || code > kLastCode ? absl::StatusCode::kUnknown
                                                   : static_cast<absl::StatusCode>(code),
                      status.error_message());
}

}  // namespace belay
