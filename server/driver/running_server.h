// A whole coordinator in one process: directory locked, database open, loop running, both listeners
// up.
//
// Start and Stop on the main thread.  The directory is what `belay-server init` made.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/os/clock.h"
#include "common/os/file_system.h"
#include "server/driver/server_config.h"

namespace belay {

class RunningServer {
 public:
  struct Options {
    std::string directory;
    ServerConfig config;
    std::function<void(const std::string&)> log;
    std::function<void(const absl::Status&)> on_fatal;  // on the loop thread; Stop must follow
  };

  // References outlive this.  FAILED_PRECONDITION: another coordinator runs on the directory.
  // UNAVAILABLE: an address is taken.
  static absl::StatusOr<std::unique_ptr<RunningServer>> Start(FileSystem& files, const Clock& clock,
                                                              Options options);
  virtual ~RunningServer() = default;  // stops

  virtual void Stop() = 0;  // idempotent; everything is answered and closed when it returns
  virtual int link_port() const = 0;
  virtual int enrol_port() const = 0;
};

}  // namespace belay
