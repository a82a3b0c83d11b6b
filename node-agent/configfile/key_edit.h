// setConfigKey and unsetConfigKey as splices of one document.  No splice means: already so.  Pure.
#pragma once
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "belay/v1/plan.pb.h"
#include "node-agent/manifest/splice.h"
#include "node-agent/manifest/tree.h"

namespace belay {

// The edits have passed CheckConfigEdit; `root` is a map of `bytes`.
absl::StatusOr<std::vector<Splice>> SetKeySplices(std::string_view bytes, const ManifestNode& root,
                                                  const v1::SetConfigKey& edit);
absl::StatusOr<std::vector<Splice>> UnsetKeySplices(std::string_view bytes,
                                                    const ManifestNode& root,
                                                    const v1::UnsetConfigKey& edit);

}  // namespace belay
