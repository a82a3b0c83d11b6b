// Restarts a service of the node's, as a seam.  Real: CommandServiceManager.
//
// What is run is fixed by this machine's own configuration and has no argument that came from
// elsewhere: a plan can only say "kubelet".
#pragma once
#include <string>

#include "absl/status/status.h"

namespace belay {

class ServiceManager {
 public:
  virtual ~ServiceManager() = default;
  // Could Restart work at all?  FAILED_PRECONDITION with what to do; changes nothing.
  virtual absl::Status Check() const = 0;
  // Ends kubelet and starts it anew, and returns when that has been done; whether it runs is for a
  // gate.  Blocks for up to two minutes.
  virtual absl::Status RestartKubelet() = 0;
};

class CommandServiceManager final : public ServiceManager {
 public:
  // `program`: an executable that is run without arguments; empty for systemd ("systemctl
  // reset-failed kubelet", so that a start limit does not stand in the way, then "systemctl restart
  // kubelet").  Only root may be able to change it.
  explicit CommandServiceManager(std::string program) : program_(std::move(program)) {}

  absl::Status Check() const override;
  absl::Status RestartKubelet() override;

 private:
  const std::string program_;
};

}  // namespace belay
