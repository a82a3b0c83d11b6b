// Do the flags that an edit touched have their intended values on the running process?  Pure.
#pragma once
#include <vector>

#include "belay/v1/journal.pb.h"
#include "node-agent/health/gate.h"

namespace belay {

// One entry for each touched flag; `expected` and `running` are "(not given)" where the flag is
// absent.
std::vector<v1::FlagVerification> VerifyTouchedFlags(const v1::ComponentExpectation& component,
                                                     GateDirection direction,
                                                     const std::vector<std::string>& running);

}  // namespace belay
