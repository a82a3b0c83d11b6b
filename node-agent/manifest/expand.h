// A document with its aliases and merge keys written out, as kubelet gets to see it: for reading,
// never for editing.  Pure.
#pragma once
#include "absl/status/statusor.h"
#include "node-agent/manifest/tree.h"

namespace belay {

// `root` comes from ParseDocuments, which has bounded what aliases expand to.
absl::StatusOr<ManifestNode> WithAliasesWrittenOut(const ManifestNode& root);

}  // namespace belay
