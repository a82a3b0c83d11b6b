// absl::Status to grpc::Status and back; the codes are numbered alike.  Messages are cut at 4 KiB,
// because gRPC carries them in metadata, which is limited.
#pragma once
#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace belay {

grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);  // a code out of range is UNKNOWN

}  // namespace belay
