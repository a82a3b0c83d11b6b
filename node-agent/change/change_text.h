// A change of one file for people: a unified diff, and a line for each attribute that changes.
// Pure.
#pragma once
#include <string>

#include "node-agent/change/change.h"

namespace belay {

// Empty where nothing changes.  Attributes stand first, as in "mode 0644 -> 0600".
std::string ChangeText(const PathChange& change);

}  // namespace belay
