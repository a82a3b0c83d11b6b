// The TLS side of the API server's stand-in.  From outside it goes through the phases of the real
// one, quicker: listening but silent, 403 (RBAC not loaded), 500 (hooks running), then what etcd
// says. It knows /livez, /readyz, /healthz, /version and, with --profiling, /debug/pprof/; nothing
// else.
#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "tests/support/standin/apiserver_flags.h"
#include "tests/support/standin/container_view.h"
#include "tests/support/standin/etcd_health.h"

namespace belay::standin {

class ApiServer {
 public:
  // `view` and `flags` are copied.  Blocks SIGTERM and SIGINT for the whole process.
  ApiServer(Flags flags, ContainerView view);

  // Serves until SIGTERM or SIGINT, then closes the listener at once and leaves a second later.
  // An error's text is what the real one prints behind "Error: ".
  absl::Status Run();

 private:
  struct Answer {
    int status;
    std::string body;
  };
  absl::Status Listen();
  absl::Status AwaitEtcd();
  void Converse(int fd);
  Answer Decide(const std::string& path, bool authenticated) const;
  void Audit(const std::string& path, bool authenticated, int status) const;
  std::string File(const std::string& flag) const;

  const Flags flags_;
  const ContainerView view_;
  const std::int64_t started_ms_;
  EtcdEndpoint etcd_;
  int listener_ = -1;
  void* tls_ = nullptr;  // SSL_CTX, lives as long as the process
};

}  // namespace belay::standin
