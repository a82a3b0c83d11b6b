// The independent verdict over one edit of a config file: does `after` parse to `before` plus
// exactly the operation, and do the other bytes stand?  Knows libyaml's tree of the test oracle and
// the meaning of the operation, nothing of the editor.
#pragma once
#include <string>

#include "belay/v1/plan.pb.h"

namespace belay {

// Empty when right, else what is wrong, for people.
std::string JudgeConfigEdit(const std::string& before, const std::string& after,
                            const v1::Edit& edit);

}  // namespace belay
