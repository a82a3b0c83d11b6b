// Text from nodes, plans and the coordinator made safe for a terminal: control characters (C0, DEL,
// C1), characters that turn the direction of writing, and bytes that are not UTF-8 are written out
// as escapes, so that no plan name or error text can move the cursor or hide what follows.  Pure.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace belay {

std::string SafeLine(std::string_view text);   // one line: line breaks and tabs are escaped too
std::string SafeLines(std::string_view text);  // line breaks and tabs stay

// Characters (code points) of UTF-8 text; what a terminal column is for the texts Belay prints.
std::size_t Columns(std::string_view text);
// At most `columns` characters; a cut is shown by "…" as the last one.
std::string CutTo(std::string_view text, std::size_t columns);

}  // namespace belay
