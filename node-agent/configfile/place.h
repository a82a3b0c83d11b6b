// Where a path leads in a document: the way as far as it exists.  Keys given twice, selectors that
// match twice and values of another shape than the path expects are refused.  Pure.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/plan/config_path.h"
#include "node-agent/manifest/tree.h"

namespace belay {

// `child` is the entry or item of `node` that the way goes through.  Points into the tree.
struct PlaceStep {
  const ManifestNode* node = nullptr;
  size_t child = 0;
};

struct ConfigPlace {
  std::vector<PlaceStep> steps;         // one for each element of the path that exists
  const ManifestNode* found = nullptr;  // what the last step leads to, or the root
};

absl::StatusOr<ConfigPlace> FindConfigPlace(const ManifestNode& root, const ConfigPath& path);

}  // namespace belay
