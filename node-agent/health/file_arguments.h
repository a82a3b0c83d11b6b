// Will the component find the files that an edit names?  A file that no mount of the pod shows, or
// that the node does not have, costs a restart and an outage to find out.  Pure.
#pragma once
#include "absl/status/status.h"
#include "node-agent/health/expectation.h"

namespace belay {

// Only flags that the step sets and whose names say that they are read from a file ("-file",
// "-cafile", "kubeconfig", ...): others may name what the component writes.  FAILED_PRECONDITION
// with the file and what to do.
absl::Status RefuseUnseenFiles(const ManifestChange& change, const ContainerFacts& after);

}  // namespace belay
