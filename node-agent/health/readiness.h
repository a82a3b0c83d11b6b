// Is this node's own API server ready, as its manifest says it is to be asked?  One question; used
// for heartbeats and before a step begins.
#pragma once
#include <string>

#include "absl/status/statusor.h"
#include "common/os/file_system.h"
#include "common/os/health_probe.h"

namespace belay {

struct Readiness {
  bool ready = false;
  std::string reason;  // why not; empty when ready
};

// Where the API server of the manifest is asked; FAILED_PRECONDITION and others with the reason.
absl::StatusOr<ProbeTarget> LocalApiServerTarget(const FileSystem& files,
                                                 const std::string& manifest_path);

// Blocks for at most the probe's timeout.  `manifest_path` as seen by `files`.
Readiness LocalApiServerReadiness(const FileSystem& files, HealthProbe& probe,
                                  const std::string& manifest_path);

}  // namespace belay
