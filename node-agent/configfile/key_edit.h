// setConfigKey and unsetConfigKey as splices of one document.  No splice means: already so.  Pure.
#pragma once
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "belay/v1/plan.pb.h"
#include "node-agent/manifest/splice.h"
#include "node-agent/manifest/tree.h"

namespace belay {

// How a map or list that stands there becomes another one.
enum class ReplaceWith {
  Differences,  // what is equal in both stays as it is written
  Whole,        // always possible
};

// The edits have passed CheckConfigEdit; `root` is a map of `bytes`.
absl::StatusOr<std::vector<Splice>> SetKeySplices(std::string_view bytes, const ManifestNode& root,
                                                  const v1::SetConfigKey& edit, ReplaceWith with);
absl::StatusOr<std::vector<Splice>> UnsetKeySplices(std::string_view bytes,
                                                    const ManifestNode& root,
                                                    const v1::UnsetConfigKey& edit);

}  // namespace belay
