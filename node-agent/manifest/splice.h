// Where a node ends in the bytes, where lines begin and end, and how replacements are cut in.
// Offsets are bytes.  Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "node-agent/manifest/tree.h"

namespace belay {

// bytes[begin, end) is replaced by text.
struct Splice {
  size_t begin = 0;
  size_t end = 0;
  std::string text;
};

size_t LineStart(std::string_view bytes, size_t offset);
// Offset behind the line's end of line, or the size of the file.
size_t NextLine(std::string_view bytes, size_t offset);
// "\r\n" or "\n" as the line at `offset` ends; what the file uses elsewhere when it has no end of
// line.
std::string EndOfLine(std::string_view bytes, size_t offset);

// Behind the node's last byte, in front of blanks, comment and end of line; of a block scalar at
// the end of its last line that is not blank.  Nothing for omitted values.
std::optional<size_t> NodeEnd(std::string_view bytes, const ManifestNode& node);

// Sorts them by place, in one place by their order here; refuses when two overlap.
absl::StatusOr<std::string> ApplySplices(std::string_view bytes, std::vector<Splice> splices);

}  // namespace belay
