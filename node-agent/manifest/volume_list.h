// Reading the volumes of a pod and the mounts of a container in the tree, for the edits of both.
// Pure.
#pragma once
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "node-agent/manifest/tree.h"

namespace belay {

// Text of a key; empty when it is not there.
absl::StatusOr<std::string> VolumeText(const ManifestNode& mapping, std::string_view key);

// A boolean as kubelet reads it (also yes, on, y); false when it is not there.
absl::StatusOr<bool> BoolOf(const ManifestNode& mapping, std::string_view key);

// The list of a key: nullptr when the key is not there; a Null node when it has no value.
absl::StatusOr<const ManifestNode*> VolumeList(const ManifestNode& mapping, std::string_view key);

std::string WithoutSlash(std::string path);

}  // namespace belay
