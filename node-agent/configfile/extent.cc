#include "node-agent/configfile/extent.h"

#include <algorithm>

#include "common/base/status_macros.h"
#include "node-agent/manifest/check_bytes.h"
#include "node-agent/manifest/splice.h"

namespace belay {
namespace {

constexpr std::string_view kBlanks = " \t";
}  // namespace

size_t ContentEnd(const ManifestNode& node) { return node.begin + node.length; }

absl::StatusOr<EntryExtent> ExtentOf(std::string_view bytes, const ManifestNode& mapping,
                                     size_t index) {
  const ManifestNode& key = mapping.keys[index];
  const ManifestNode& value = mapping.items[index];
  const size_t colon = bytes.find_first_not_of(kBlanks, ContentEnd(key));
  if (colon == std::string_view::npos || bytes[colon] != ':') {
    return RefuseAtLine(key.line, "the key is not written as \"key: value\" on one line");
  }
  EntryExtent extent{key.begin, colon + 1, value.length == 0, colon + 1, colon + 1};
  if (!extent.omitted) {
    extent.value_begin = value.begin;
    extent.value_end = ContentEnd(value);
  }
  return extent;
}

size_t ColumnOf(std::string_view bytes, size_t offset) {
  const size_t start = LineStart(bytes, offset);
  const bool mark = start == 0 && bytes.substr(0, kByteOrderMark.size()) == kByteOrderMark;
  return offset - start - (mark ? kByteOrderMark.size() : 0);
}

std::string IndentationAt(std::string_view bytes, size_t offset) {
  const size_t start = offset - ColumnOf(bytes, offset);
  const size_t content = std::min(bytes.find_first_not_of(kBlanks, start), bytes.size());
  return std::string(bytes.substr(start, content - start));
}

bool OnlyIndented(std::string_view bytes, size_t offset, bool dashes) {
  const std::string_view prefix =
      bytes.substr(offset - ColumnOf(bytes, offset), ColumnOf(bytes, offset));
  return prefix.find_first_not_of(dashes ? " -" : " ") == std::string_view::npos;
}

absl::Status RequireFreeLineEnd(std::string_view bytes, size_t end) {
  const size_t at = bytes.find_first_not_of(kBlanks, end);
  if (at == std::string_view::npos || bytes[at] == '\n' || bytes[at] == '\r' ||
      (bytes[at] == '#' && at > end)) {
    return absl::OkStatus();
  }
  return RefuseAtLine(LineAt(bytes, end), "the value shares its line with something else");
}

}  // namespace belay
