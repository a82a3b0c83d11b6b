// Rows of text in aligned columns, two spaces apart, as kubectl prints them.  Cells are made safe
// for a terminal here, so no caller can forget it.  Pure.
#pragma once
#include <string>
#include <vector>

namespace belay {

// Each row has at most as many cells as the header.  No spaces at the end of a line.
std::string RenderTable(const std::vector<std::string>& header,
                        const std::vector<std::vector<std::string>>& rows);

}  // namespace belay
