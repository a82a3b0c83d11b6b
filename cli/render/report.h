// `belayctl report`: per node and step what was changed, how long the component was down, what
// proved the adoption, what the gate saw, which flags the running process has, and the verdict.
// Pure.
#pragma once
#include <string>

#include "belay/v1/admin.pb.h"

namespace belay {
std::string RenderReport(const v1::RolloutReport& report);
}  // namespace belay
