// Which components of the control plane use a file, and whether a step that changes the file proves
// them.  A component that is not started anew by the step would meet the change at its next start,
// weeks later and on all nodes at once, long after every gate has closed; docs/transaction.md says
// why each case is decided as it is.
#pragma once
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "common/os/file_system.h"
#include "common/os/process_table.h"
#include "node-agent/change/change.h"

namespace belay {

// FAILED_PRECONDITION when a file's content or existence changes and a component that names or
// mounts it is not gated by this step, or when its mode or owner changes so that such a component
// could no longer open it.  Names the file, the component and what to do.  Reads only.
// `restarted`: a service that the step restarts and gates; empty: none.
absl::Status RefuseUnprovedUse(const StepChanges& changes, const std::string& manifest_dir,
                               const FileSystem& files, const ProcessTable& processes,
                               const std::string& restarted = "");

// May a process with these rights open `file` for reading (4) or writing (2)?  By its mode alone:
// an ACL may allow more and is not counted.
bool MayOpen(const ProcessRights& rights, const FileAttributes& file, std::uint32_t how);

}  // namespace belay
