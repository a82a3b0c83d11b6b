// Asks over HTTPS with libcurl: dials the given address, verifies the certificate as "kubernetes"
// against the cluster's CA, uses a new connection each time, no proxy, and follows no redirect.
//
// Any thread.  The files are read anew at each question, so renewed certificates are used.
#pragma once
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/os/health_probe.h"

namespace belay {

// Paths as the agent's own process sees them.
struct CurlHealthProbeOptions {
  std::string ca_file;
  std::string client_certificate_file;  // used only where the target is not anonymous
  std::string client_key_file;
  std::string verify_as = "kubernetes";
};

class CurlHealthProbe final : public HealthProbe {
 public:
  static absl::StatusOr<std::unique_ptr<CurlHealthProbe>> Open(CurlHealthProbeOptions options);
  ~CurlHealthProbe() override;
  CurlHealthProbe(const CurlHealthProbe&) = delete;
  CurlHealthProbe& operator=(const CurlHealthProbe&) = delete;

  ProbeResult Ask(const ProbeTarget& target) override;

 private:
  explicit CurlHealthProbe(CurlHealthProbeOptions options) : options_(std::move(options)) {}
  const CurlHealthProbeOptions options_;
};

// The failing checks of a health answer's body ("[-]etcd failed: ..."), joined and bounded; for
// people.
std::string FailingChecks(const std::string& body);

// The body of a plain-HTTP answer with status 200 from a loopback address, at most 8 MiB.
// INVALID_ARGUMENT for any other address: there is no proof of who answers.
absl::StatusOr<std::string> FetchFromLoopback(const std::string& url, int timeout_ms);

}  // namespace belay
