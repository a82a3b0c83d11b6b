// From a snapshot and a catalog to results, in the catalog's order.  Pure: no clock, no disk.
//
// Nothing passes without evidence.  What could not be read makes a result ERROR, or MANUAL where a
// person decides anyhow; a failure that is certain is told although something else is not known.
#pragma once
#include <vector>

#include "belay/v1/audit.pb.h"
#include "common/catalog/catalog.h"
#include "node-agent/audit/snapshot.h"

namespace belay {

std::vector<v1::ControlResult> Evaluate(const Catalog& catalog, const Snapshot& snapshot);

// The one way to say a score: automated controls that pass, of those that pass or fail.
v1::AuditSummary Summarize(const std::vector<v1::ControlResult>& results);

}  // namespace belay
