// Which clusters go when: the canary first, then waves by count or percent.  Pure.
#pragma once
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "belay/v1/fleet.pb.h"

namespace belay::fleet {

// `known`: every enrolled cluster.  In each stage by name.  The size of the last wave is repeated
// until all are in one; without waves all are one.  INVALID_ARGUMENT names what is wrong;
// FAILED_PRECONDITION: there is nothing to do.
absl::StatusOr<std::vector<v1::FleetStage>> StagesOf(const v1::FleetStrategy& strategy,
                                                     const std::set<std::string>& known);

}  // namespace belay::fleet
