#include "cli/render/table.h"

#include <algorithm>
#include <cstddef>

#include "common/base/safe_text.h"

namespace belay {
namespace {

std::string Line(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    line += cells[i];
    if (i + 1 < cells.size()) line.append(widths[i] - Columns(cells[i]) + 2, ' ');
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line + "\n";
}

}  // namespace

std::string RenderTable(const std::vector<std::string>& header,
                        const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::vector<std::string>> lines = {header};
  for (const std::vector<std::string>& row : rows) {
    std::vector<std::string> safe;
    safe.reserve(header.size());
    for (const std::string& cell : row) safe.push_back(SafeLine(cell));
    safe.resize(header.size());
    lines.push_back(std::move(safe));
  }
  std::vector<std::size_t> widths(header.size(), 0);
  for (const std::vector<std::string>& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], Columns(line[i]));
  }
  std::string text;
  for (const std::vector<std::string>& line : lines) text += Line(line, widths);
  return text;
}

}  // namespace belay
