// Who is at the other end, from the verified certificate: exactly one URI SAN, parsed strictly. The
// common name is never read (gRPC's own GetPeerIdentity falls back to it).
//
// UNAUTHENTICATED without verified TLS, without or with more than one URI, or with a foreign one.
#pragma once
#include <grpcpp/security/auth_context.h>

#include "absl/status/statusor.h"
#include "common/crypto/caller.h"

namespace belay {

absl::StatusOr<Identity> PeerIdentity(const grpc::AuthContext& context);
// The same with the certificate that proves it.
absl::StatusOr<Caller> PeerOf(const grpc::AuthContext& context);

}  // namespace belay
