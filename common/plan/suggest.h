// "Did you mean ...?" for words that are not known.  Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace belay {

// The known word nearest to `word`, or empty when none is near: equal but for case, dashes and
// underscores, or at most two typing slips away (one for words of up to three letters).
std::string NearestWord(std::string_view word, const std::vector<std::string>& known);

// "; did you mean 'x'?" or empty.
std::string DidYouMean(std::string_view word, const std::vector<std::string>& known);

}  // namespace belay
