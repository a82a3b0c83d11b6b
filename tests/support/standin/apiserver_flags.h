// The command line of the API server's stand-in: knows the flags of the real one
// (apiserver_flags.inc) and refuses what it refuses, in its words.  Values of kinds the stand-in
// does not need are not checked.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace belay::standin {

// Last value of each flag given; a flag that is not there was not given.
using Flags = std::map<std::string, std::string>;

// The error's text is what the real one prints behind "Error: ".
absl::StatusOr<Flags> ParseFlags(const std::vector<std::string>& arguments);

std::string FlagOr(const Flags& flags, const std::string& name, const std::string& otherwise);
// Only for flags that ParseFlags has accepted as booleans.
bool BoolFlag(const Flags& flags, const std::string& name, bool otherwise);

}  // namespace belay::standin
