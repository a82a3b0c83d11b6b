// Puts one file back from a backup, as atomically as a step does, but with no gate: what an
// operator does by hand when everything else is down.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "belay/v1/journal.pb.h"
#include "common/os/file_system.h"

namespace belay {

// `records` is the node's whole journal, `copy` one of its BackupsOf; nobody else writes to `host`
// by this journal meanwhile.  What was done, for people.  FAILED_PRECONDITION: a step is in
// progress.  NOT_FOUND: no such backup.  DATA_LOSS: it does not hold what was saved.  ABORTED:
// somebody else changed the file at this moment.  Nothing is changed then.
absl::StatusOr<std::string> RestoreFile(FileSystem& host, const FileSystem& state,
                                        const std::vector<v1::Record>& records,
                                        const std::string& copy);

}  // namespace belay
