// Which case of EDIT_CASES.md allows the editor to refuse with this message.  A refusal that no
// case allows is a bug, so a new message is added here only together with its case.  Pure.
#pragma once
#include <string>
#include <string_view>

namespace belay::oracle {

// "A15"; empty when no case allows it.
std::string AllowedRefusal(std::string_view message);

}  // namespace belay::oracle
