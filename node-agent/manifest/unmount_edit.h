// unmountPath as splices: one mount of the container goes, and its volume with it when nothing else
// in the pod mounts it.  What could mean several mounts is refused.  Pure.
#pragma once
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "belay/v1/plan.pb.h"
#include "node-agent/manifest/locate.h"
#include "node-agent/manifest/splice.h"

namespace belay {

absl::StatusOr<std::vector<Splice>> UnmountPathSplices(std::string_view bytes,
                                                       const EditPlace& place,
                                                       const v1::UnmountPath& edit);

}  // namespace belay
