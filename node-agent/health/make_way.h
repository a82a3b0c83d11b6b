// A rollback gives kubelet the very pod back that it has just told to end.  The old API server may
// then still live, for up to 30 s: without a listener, kept by the watches of its clients; and
// kubelet starts a pod only when the last process of its uid is gone.  Here it is decided which
// processes only stand in that way, and they are ended.
//
// Idempotent: whoever is gone is not found again.  Nothing is journalled; a life that is cut in the
// middle is followed by one that looks again.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "belay/v1/journal.pb.h"
#include "common/os/process_ender.h"
#include "common/os/process_table.h"

namespace belay {

// Pure.  `running`: processes of the component, of any pod.  `old_pod_listens`: whether any process
// of the old pod takes connections; nothing when that cannot be told.  Empty unless every one of
// the old pod's processes is one that was serving before the edit and serves nobody now.
std::vector<Process> InTheWay(const v1::ComponentExpectation& component,
                              std::int64_t applied_boottime_ns, const std::vector<Process>& running,
                              std::optional<bool> old_pod_listens);

// To be called when a rollback has been decided, before the first old byte is back.
// `applied_boottime_ns` is 0 where the machine has been booted since.  Says, for people, what was
// ended and what could not be.
std::vector<std::string> MakeWay(const v1::Prepared& prepared, std::int64_t applied_boottime_ns,
                                 const ProcessTable& processes, ProcessEnder& ender);

}  // namespace belay
