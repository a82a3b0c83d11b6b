// The result once more through a parser that neither the editor nor the rest of the oracle uses
// (yaml-cpp).  Where it reads the original as libyaml does, it must read the result so too.  Pure.
#pragma once
#include <string>
#include <string_view>

namespace belay::oracle {

// Empty when the two agree, or did not even on `before`.
std::string SecondOpinion(std::string_view before, std::string_view after);

}  // namespace belay::oracle
