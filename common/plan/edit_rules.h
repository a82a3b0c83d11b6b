// The rules of a single edit, whoever made it; part of FindBrokenRules.  Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "belay/v1/plan.pb.h"
#include "common/plan/compile.h"
#include "common/plan/rules.h"

namespace belay {

// `path` is the edit's place in the document, as in rules.h.
void CheckEdit(const v1::Edit& edit, const std::string& path, EditScope scope,
               std::vector<BrokenRule>& broken);

bool HasControlCharacter(std::string_view text);
std::string NotAName(const std::string& name);  // what is wrong with it

}  // namespace belay
