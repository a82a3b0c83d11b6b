// The items of a flag that is a list, as pflag's StringSlice reads them: one line of CSV (RFC
// 4180), in which an item may stand in quotes.  Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace belay {

// White space around an item is left out: some flags trim it, and none gives it a meaning.  Nothing
// when quotes do not match, which pflag refuses.
std::optional<std::vector<std::string>> CsvItems(std::string_view text);

}  // namespace belay
