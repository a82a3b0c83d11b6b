// A change of one file for people: a unified diff, and a line for each attribute that changes.
// Pure.
#pragma once
#include <string>

#include "node-agent/change/change.h"

namespace belay {

// Empty where nothing changes.  Attributes stand first, as in "mode 0644 -> 0600".
std::string ChangeText(const PathChange& change);

// Static pods' manifests, and files that every user of the node may read before and after.
bool IsForEverybody(const PathChange& change);

// What leaves the node, where others than its root read it: of a file that is not for everybody
// only how much changes, and its attributes.
std::string PublicChangeText(const PathChange& change);

}  // namespace belay
