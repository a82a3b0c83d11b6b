// The documents of a config file as trees with places, and which of them an edit means.  Documents
// are divided where kubeadm divides them: at lines that begin with "---".  Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "node-agent/configfile/config_value.h"
#include "node-agent/manifest/tree.h"

namespace belay {

struct ConfigDocument {
  ManifestNode root;  // offsets and lines of the whole file
  std::string kind;   // empty when it has none, or the root is no map
};

// Empty documents are left out; at least one is there.
absl::StatusOr<std::vector<ConfigDocument>> ReadConfigDocuments(std::string_view bytes);

// The one document of that kind, or the only one when `kind` is empty; its root is a map.
absl::StatusOr<size_t> ChooseDocument(const std::vector<ConfigDocument>& documents,
                                      const std::string& kind);

// The name JSON gives a key: `on: x` is "true".
std::string KeyName(const ManifestNode& key);

// Typed as kubelet types it.
ConfigValue ValueOf(const ManifestNode& node);

}  // namespace belay
