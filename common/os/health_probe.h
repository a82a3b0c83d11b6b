// One question to a component over a new connection, as a seam.  Real: CurlHealthProbe.
#pragma once
#include <cstdint>
#include <string>

namespace belay {

struct ProbeTarget {
  std::string dial_address;  // an IP address
  std::uint32_t port = 0;
  std::string path;       // "/readyz"
  bool anonymous = true;  // false: with a client certificate
  int timeout_ms = 2000;
  // What makes the answer believable.  Files are named as the node sees them.
  enum class Trust {
    Cluster,  // verified as "kubernetes" with the configured CA
    Files,    // verified as dial_address with ca_file, below
    Owner,    // nothing in TLS: whoever asks has proved who owns the listener; where
              // certificate_file is given, exactly its certificate must be served
    Plain,    // no TLS, otherwise as Owner
  };
  Trust trust = Trust::Cluster;
  std::string ca_file = "";
  std::string client_certificate_file = "";
  std::string client_key_file = "";
  std::string certificate_file = "";
  bool keep_body = false;
};

struct ProbeResult {
  enum class Kind {
    Answered,  // status is what came back
    Refused,   // TCP connection refused
    TimedOut,
    TlsFailed,  // the certificate does not verify, or the handshake broke
    Failed,     // anything else
  };
  Kind kind = Kind::Failed;
  int status = 0;
  std::string
      detail;  // failing checks of a 500 body ("[-]etcd"), or the error's text; never decides
  std::string body = "";  // of a 200, where it was asked for
};

// Healthy means status 200 over a verified connection.  401 and 403 say "unknown", never healthy.
class HealthProbe {
 public:
  virtual ~HealthProbe() = default;
  // Blocks for at most timeout_ms.
  virtual ProbeResult Ask(const ProbeTarget& target) = 0;
};

}  // namespace belay
