// Asks with libcurl: dials the given address, believes the answer as the target says (by default a
// certificate for "kubernetes" of the cluster's CA), uses a new connection each time, no proxy, and
// follows no redirect.
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
  std::string client_certificate_file = "";  // used where a target is not anonymous
  std::string client_key_file = "";
  std::string verify_as = "kubernetes";
  std::string host_root = "";  // in front of the files that targets name
};

class CurlHealthProbe final : public HealthProbe {
 public:
  static absl::StatusOr<std::unique_ptr<CurlHealthProbe>> Open(CurlHealthProbeOptions options);
  ~CurlHealthProbe() override;
  CurlHealthProbe(const CurlHealthProbe&) = delete;
  CurlHealthProbe& operator=(const CurlHealthProbe&) = delete;

  ProbeResult Ask(const ProbeTarget& target) override;

 private:
  void SetTrust(void* handle, const ProbeTarget& target) const;
  bool ServesFile(void* handle, const std::string& path) const;
  explicit CurlHealthProbe(CurlHealthProbeOptions options) : options_(std::move(options)) {}
  const CurlHealthProbeOptions options_;
};

// Do two PEM texts begin with the same certificate?
bool SameCertificate(const std::string& pem_a, const std::string& pem_b);

// The failing checks of a health answer's body ("[-]etcd failed: ..."), joined and bounded; for
// people.
std::string FailingChecks(const std::string& body);

// The body of a plain-HTTP answer with status 200 from a loopback address, at most 8 MiB.
// INVALID_ARGUMENT for any other address: there is no proof of who answers.
absl::StatusOr<std::string> FetchFromLoopback(const std::string& url, int timeout_ms);

}  // namespace belay
