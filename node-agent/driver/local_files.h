// The agent's own small files: configuration, keys, certificates.  Written so that a power cut
// leaves the old or the new content, and readable by the agent's user only unless said otherwise.
#pragma once
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/os/file_system.h"
#include "common/plan/trust.h"
#include "node-agent/driver/config.h"
#include "node-agent/enrol/identity_files.h"

namespace belay {

// The directory and those above it that are missing, all with mode 0700; durable.
absl::Status MakeDirectories(FileSystem& files, const std::string& directory);

absl::StatusOr<AgentConfig> LoadConfig(const FileSystem& files, const std::string& path);
// FAILED_PRECONDITION where no plan could ever be trusted.
absl::StatusOr<Trust> LoadTrust(const FileSystem& files, const TrustConfig& config);

}  // namespace belay
