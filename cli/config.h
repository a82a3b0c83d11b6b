// The operator's config.yaml: which coordinator, and the certificate to show it.  Format in
// docs/belayctl.md.  Pure but for FindConfigPath, which reads the environment.
#pragma once
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace belay {

struct OperatorConfig {
  std::string server;  // host:port
  std::string ca;      // paths, relative ones already joined to the file's directory
  std::string certificate;
  std::string key;
};

// Every key is needed and no other is known; INVALID_ARGUMENT names file, line and column.
absl::StatusOr<OperatorConfig> ParseOperatorConfig(std::string_view text, const std::string& path);

// `given`, else $BELAYCTL_CONFIG, else ~/.config/belay/config.yaml.
std::string FindConfigPath(const std::string& given);

}  // namespace belay
