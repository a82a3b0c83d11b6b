// errno as absl::Status, with the codes that file_system.h promises.
#pragma once
#include <string>

#include "absl/status/status.h"

namespace belay {

// "<doing> <path>: <text of the error>".
absl::Status ErrnoStatus(const std::string& doing, const std::string& path, int error);

}  // namespace belay
