// What an edit of a config file must be whatever the file holds, so that doing it twice is doing it
// once.  Pure.
#pragma once
#include "absl/status/status.h"
#include "belay/v1/plan.pb.h"

namespace belay {

// `edit` is a setConfigKey or unsetConfigKey.  INVALID_ARGUMENT says what is wrong and what to
// write.
absl::Status CheckConfigEdit(const v1::Edit& edit);

}  // namespace belay
