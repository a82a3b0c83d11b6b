// One HTTPS question to a component over a new connection, as a seam.  Real: CurlHealthProbe.
#pragma once
#include <cstdint>
#include <string>

namespace belay {

struct ProbeTarget {
  std::string dial_address;  // an IP address
  std::uint32_t port = 0;
  std::string path;       // "/readyz"
  bool anonymous = true;  // false: with the configured client certificate
  int timeout_ms = 2000;
};

struct ProbeResult {
  enum class Kind {
    Answered,  // status is what came back
    Refused,   // TCP connection refused
    TimedOut,
    TlsFailed,  // the certificate does not verify as "kubernetes", or the handshake broke
    Failed,     // anything else
  };
  Kind kind = Kind::Failed;
  int status = 0;
  std::string
      detail;  // failing checks of a 500 body ("[-]etcd"), or the error's text; never decides
};

// Healthy means status 200 over a verified connection.  401 and 403 say "unknown", never healthy.
class HealthProbe {
 public:
  virtual ~HealthProbe() = default;
  // Blocks for at most timeout_ms.
  virtual ProbeResult Ask(const ProbeTarget& target) = 0;
};

}  // namespace belay
