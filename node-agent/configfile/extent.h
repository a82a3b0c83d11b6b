// Which bytes a value takes, from its first to behind its last, for every style of YAML; comments
// and the end of line behind it are not part of it.  Where that is not certain it says so.  Pure.
#pragma once
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "node-agent/manifest/tree.h"

namespace belay {

size_t ContentEnd(const ManifestNode& node);

// One key with its value in a block or flow map.
struct EntryExtent {
  size_t key_begin = 0;
  size_t after_colon = 0;
  bool omitted = false;  // "key:" with nothing behind; value_begin and value_end are after_colon
  size_t value_begin = 0;
  size_t value_end = 0;
};
absl::StatusOr<EntryExtent> ExtentOf(std::string_view bytes, const ManifestNode& mapping,
                                     size_t index);

// How far the byte is from the beginning of its line.
size_t ColumnOf(std::string_view bytes, size_t offset);
// The blanks and tabs that the line of `offset` begins with.
std::string IndentationAt(std::string_view bytes, size_t offset);
// The line of `offset` holds nothing but blanks (and dashes of lists, when `dashes`) before it.
bool OnlyIndented(std::string_view bytes, size_t offset, bool dashes);
// Only blanks or a comment follow on the line.
absl::Status RequireFreeLineEnd(std::string_view bytes, size_t end);

}  // namespace belay
