// The commands with which a person puts a step's files back by hand, when Belay could not.  Pure.
#pragma once
#include <string>
#include <vector>

#include "belay/v1/journal.pb.h"

namespace belay {

// In the order they must run.  `path_prefix` goes in front of managed paths, where people see them
// elsewhere than the agent's plans name them ("" on a normal node).
std::vector<std::string> RestoreCommands(const v1::Prepared& prepared,
                                         const std::string& path_prefix);

}  // namespace belay
