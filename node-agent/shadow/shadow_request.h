// What an API server would see and be started with: as a step would make it, and as it is now.
// Pure.
#pragma once
#include "absl/status/statusor.h"
#include "belay/v1/journal.pb.h"
#include "belay/v1/shadow.pb.h"
#include "node-agent/manifest/pod.h"
#include "node-agent/transaction/executor.h"

namespace belay {

// Both leave out the process, the etcd and the time.  FAILED_PRECONDITION with what is in the way
// of a boot in the shadow.
//
// `plan` holds the files of the step; those that no mount of the container shows do not matter.
absl::StatusOr<v1::ShadowRequest> CandidateRequest(const v1::ComponentExpectation& component,
                                                   const ContainerFacts& before,
                                                   const ContainerFacts& after,
                                                   const StepPlan& plan);
absl::StatusOr<v1::ShadowRequest> BaselineRequest(const v1::ComponentExpectation& component);

}  // namespace belay
