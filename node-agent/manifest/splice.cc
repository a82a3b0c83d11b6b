#include "node-agent/manifest/splice.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "node-agent/manifest/check_bytes.h"

namespace belay {

size_t LineStart(std::string_view bytes, size_t offset) {
  if (offset == 0) return 0;
  const size_t newline = bytes.rfind('\n', offset - 1);
  return newline == std::string_view::npos ? 0 : newline + 1;
}

size_t NextLine(std::string_view bytes, size_t offset) {
  const size_t newline = bytes.find('\n', offset);
  return newline == std::string_view::npos ? bytes.size() : newline + 1;
}

std::string EndOfLine(std::string_view bytes, size_t offset) {
  size_t newline = bytes.find('\n', offset);
  if (newline == std::string_view::npos) newline = bytes.rfind('\n');
  if (newline == std::string_view::npos) return "\n";
  return newline > 0 && bytes[newline - 1] == '\r' ? "\r\n" : "\n";
}

std::optional<size_t> NodeEnd(std::string_view bytes, const ManifestNode& node) {
  if (node.length == 0 || node.begin + node.length > bytes.size()) return std::nullopt;
  return node.begin + node.length;
}

absl::StatusOr<std::string> ApplySplices(std::string_view bytes, std::vector<Splice> splices) {
  std::stable_sort(splices.begin(), splices.end(), [](const Splice& a, const Splice& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::string result;
  size_t done = 0;
  for (const Splice& splice : splices) {
    if (splice.begin < done || splice.end < splice.begin || splice.end > bytes.size()) {
      return RefuseAtLine(LineAt(bytes, splice.begin),
                          "two changes would touch the same bytes; make one of them by hand");
    }
    result.append(bytes.substr(done, splice.begin - done));
    result.append(splice.text);
    done = splice.end;
  }
  result.append(bytes.substr(done));
  return result;
}

}  // namespace belay
