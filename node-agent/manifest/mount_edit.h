// mountPath as splices: a hostPath volume of the pod and its mount in one container, each added
// only where it is not there yet.  Names and paths taken by something else are refused.  Pure.
#pragma once
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "belay/v1/plan.pb.h"
#include "node-agent/manifest/locate.h"
#include "node-agent/manifest/splice.h"

namespace belay {

absl::StatusOr<std::vector<Splice>> MountPathSplices(std::string_view bytes, const EditPlace& place,
                                                     const v1::MountPath& edit);

}  // namespace belay
