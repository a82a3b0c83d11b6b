// First contact: a TLS 1.3 handshake with a server that is not trusted yet, to find in the chain it
// presents the CA whose key has the pinned hash.  The server's own certificate must then verify
// against that CA alone and bear kServerName.  Blocks at most ten seconds for each of connect and
// handshake.
//
// INVALID_ARGUMENT: the pin is not "sha256:" and 64 hex digits.  UNAVAILABLE: no answer, no
// TLS 1.3. PERMISSION_DENIED: the pin is not in the chain, or the server is not vouched for by it.
#pragma once
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace belay {

absl::StatusOr<std::string> FetchPinnedCa(const std::string& host, std::uint16_t port,
                                          const std::string& ca_hash);  // PEM

}  // namespace belay
