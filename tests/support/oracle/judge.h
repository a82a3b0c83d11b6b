// The independent verdict over one edit of a static pod: does `after` parse to `before` plus
// exactly the operation, and are the other bytes the same?  Knows the operation's meaning
// (EDIT_CASES.md) and libyaml, nothing of the editor.  Pure.
#pragma once
#include <string>
#include <string_view>

#include "belay/v1/plan.pb.h"

namespace belay::oracle {

// Empty when right, else what is wrong, for people.
std::string JudgeEdit(std::string_view before, std::string_view after, const std::string& manifest,
                      const v1::Edit& edit);

// "set", "unset", "merge", "mount", "unmount".
std::string NameOf(const v1::Edit& edit);

}  // namespace belay::oracle
