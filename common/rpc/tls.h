// TLS for every connection of Belay: 1.3 only, ECDSA keys only, client certificates required and
// verified everywhere but on the enrolment listener.  There is no insecure constructor.
//
// The key, certificate and CA are read once and checked before gRPC sees them (gRPC itself starts
// with missing or mismatched files and fails each handshake); what was checked is what is used.
// Errors name the file: NOT_FOUND, FAILED_PRECONDITION (does not match, expired, not ECDSA,
// RequireTls13 not called).  Threads: RequireTls13 before the first thread; the rest anywhere.
#pragma once
#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace belay {

inline constexpr char kServerName[] = "belay-coordinator";  // DNS SAN of every coordinator
inline constexpr int kMaxMessageBytes = 8 * 1024 * 1024;

struct TlsFiles {  // paths of PEM files
  std::string key;
  std::string certificate;  // leaf first, then what it needs up to the CA
  std::string ca;
};

// First thing in main(): gRPC reads it once, at its first use.  gRPC 1.51 has no setter for the
// lowest version; the only TLS 1.2 suite left asks for an RSA certificate, and none of ours has
// one.
void RequireTls13();

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MutualTlsServerCredentials(
    const TlsFiles& files, std::int64_t now_unix);
// Asks for no client certificate: for the listener that serves Enrolment and nothing else.  The CA
// is added to what is presented, so that agents can find their pin in it.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> EnrolmentServerCredentials(
    const TlsFiles& files, std::int64_t now_unix);
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MutualTlsChannelCredentials(
    const TlsFiles& files, std::int64_t now_unix);
// Trusts only this CA; presents nothing.
std::shared_ptr<grpc::ChannelCredentials> PinnedChannelCredentials(const std::string& ca_pem);

// Keepalive, sizes, capped reconnect back-off, and kServerName as the name to verify.
grpc::ChannelArguments ClientArguments();
// Keepalive that tolerates ours, sizes, and no second coordinator on the same port (BuildAndStart
// then returns null).
void ApplyServerLimits(grpc::ServerBuilder& builder);

}  // namespace belay
