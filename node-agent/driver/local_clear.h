// Ends an emergency on the node itself: the record that a coordinator's request would make, by an
// operator who stands at the node.  The coordinator learns of it as of every record.
#pragma once
#include <string>

#include "absl/status/statusor.h"
#include "common/os/clock.h"
#include "common/os/file_system.h"

namespace belay {

struct LocalClear {
  std::string reason;         // what was found and repaired
  std::string operator_name;  // "root on the node cp1"
  std::string request_id;     // never used before
};

// What was done, for people.  Nobody else uses the journal in `state_dir` meanwhile.
// INVALID_ARGUMENT: no reason.  Nothing is written where there is no emergency.
absl::StatusOr<std::string> ClearEmergencyHere(FileSystem& state, const Clock& clock,
                                               const std::string& state_dir,
                                               const LocalClear& clear);

}  // namespace belay
