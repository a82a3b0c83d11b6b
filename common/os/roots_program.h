// A program that this machine's configuration names and that is run as root: nobody but root may be
// able to put another in its place.  Reads only.
#pragma once
#include <string>

#include "absl/status/status.h"

namespace belay {

// FAILED_PRECONDITION "<what> <path>: ..." unless it is a regular file and it and every folder
// above it belong to root, are writable by root only and are no symbolic links.
absl::Status RequireRootsProgram(const std::string& path, const std::string& what);

}  // namespace belay
