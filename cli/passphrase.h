// Secrets that people type.  Never an argument: those are for everybody to see.
#pragma once
#include <string>

#include "absl/status/statusor.h"

namespace belay {

// Asks on the controlling terminal, without echo.  FAILED_PRECONDITION where there is none.
absl::StatusOr<std::string> AskSecret(const std::string& prompt);

// The first line of the file where one is given, else asked; twice the same where `twice`.
absl::StatusOr<std::string> Passphrase(const std::string& file, const std::string& prompt,
                                       bool twice);

}  // namespace belay
