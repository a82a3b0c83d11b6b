// Modes and owners of files, and which files a check is about.  Pure.
#pragma once
#include "node-agent/audit/judgement.h"
#include "node-agent/audit/snapshot.h"

namespace belay {

Judgement JudgeFiles(const FileCheck& check, const Snapshot& snapshot);

// What a catalog's checks need beyond processes, manifests and configuration files, by what is
// known so far.
Wanted WantedBy(const Catalog& catalog, const Snapshot& snapshot);

}  // namespace belay
