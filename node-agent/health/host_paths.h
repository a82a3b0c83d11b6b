// Does the node have what a changed pod needs of it beyond the files it reads: the sources of new
// mounts, and a place for the audit log that can be written and is kept?  What is refused here
// would cost an outage (a pod that is never created) or, worse, nothing at all: an API server that
// runs, looks well and writes no audit trail.  Pure.
#pragma once
#include "absl/status/status.h"
#include "node-agent/health/expectation.h"

namespace belay {

// A mount that is new and says `type: File` or `type: Directory` needs exactly that on the node.
absl::Status RefuseMissingSources(const ManifestChange& change, const ContainerFacts& before,
                                  const ContainerFacts& after);

// Only where the step sets --audit-log-path: without a policy nothing is ever written; in a folder
// that no writable mount shows it is lost with the container; a folder of that name would be
// renamed by the log's rotation.
absl::Status RefuseUnkeptAuditLog(const ManifestChange& change, const ContainerFacts& after);

}  // namespace belay
