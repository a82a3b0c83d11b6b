// Taking items out of a list in brackets, commas and comments beside them considered.  Pure.
#pragma once
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "node-agent/manifest/splice.h"

namespace belay {

// The items from `first` to `last`, both included.
absl::StatusOr<std::vector<Splice>> RemoveFlowRun(std::string_view bytes, const ManifestNode& list,
                                                  size_t first, size_t last);

}  // namespace belay
