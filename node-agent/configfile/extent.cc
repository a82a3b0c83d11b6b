#include "node-agent/configfile/extent.h"

#include <algorithm>

#include "common/base/status_macros.h"
#include "node-agent/manifest/check_bytes.h"
#include "node-agent/manifest/splice.h"

namespace belay {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kSpace = " \t\r\n";

// A plain scalar over several lines: a blank of its text stands for one line break with the blanks
// around it, a line feed for more.
std::optional<size_t> PlainEnd(std::string_view bytes, const ManifestNode& node) {
  size_t at = node.begin;
  for (size_t i = 0; i < node.value.size(); ++i) {
    const char c = node.value[i];
    if (at < bytes.size() && bytes[at] == c && c != '\n') {
      const size_t next = bytes.find_first_not_of(kBlanks, at);
      const bool folded = c == ' ' && next != std::string_view::npos &&
                          (bytes[next] == '\n' || bytes[next] == '\r');
      if (!folded) {
        ++at;
        continue;
      }
    }
    if (c == '\n' && i > 0 && node.value[i - 1] == '\n') continue;
    if (c != ' ' && c != '\n') return std::nullopt;
    const size_t next = bytes.find_first_not_of(kSpace, at);
    if (next == std::string_view::npos) return std::nullopt;
    if (bytes.substr(at, next - at).find('\n') == std::string_view::npos) return std::nullopt;
    at = next;
  }
  return at;
}

size_t LineEnd(std::string_view bytes, size_t offset) {
  size_t end = std::min(bytes.find('\n', offset), bytes.size());
  if (end > offset && bytes[end - 1] == '\r') --end;
  return end;
}

std::optional<size_t> BlockEnd(std::string_view bytes, const ManifestNode& node) {
  const size_t header_end = LineEnd(bytes, node.begin);
  const std::string_view header = bytes.substr(node.begin, header_end - node.begin);
  const std::string_view marks = header.substr(0, header.find_first_of(kBlanks));
  if (marks != "|" && marks != ">" && marks != "|-" && marks != ">-") return std::nullopt;
  if (node.value.empty()) return std::nullopt;
  std::optional<size_t> indent;
  size_t end = header_end;
  for (size_t at = NextLine(bytes, node.begin); at < bytes.size(); at = NextLine(bytes, at)) {
    const size_t line_end = LineEnd(bytes, at);
    const std::string_view line = bytes.substr(at, line_end - at);
    const size_t depth = line.find_first_not_of(' ');
    if (depth == std::string_view::npos) continue;
    if (!indent.has_value()) indent = depth;
    if (depth < *indent) break;
    end = line_end;
  }
  return end;
}

std::optional<size_t> FlowCollectionEnd(std::string_view bytes, const ManifestNode& node) {
  const bool mapping = node.kind == ManifestNode::Kind::Mapping;
  std::optional<size_t> at = node.begin + 1;
  if (!node.items.empty() && mapping) {
    const auto last = ExtentOf(bytes, node, node.items.size() - 1);
    if (!last.ok()) return std::nullopt;
    at = last->value_end;
  } else if (!node.items.empty()) {
    at = ContentEnd(bytes, node.items.back());
  }
  if (!at.has_value()) return std::nullopt;
  while (*at < bytes.size() && bytes[*at] != (mapping ? '}' : ']')) {
    if (bytes[*at] == '#') {
      at = NextLine(bytes, *at);
    } else if (bytes[*at] == ',' || kSpace.find(bytes[*at]) != std::string_view::npos) {
      ++*at;
    } else {
      return std::nullopt;
    }
  }
  if (*at >= bytes.size()) return std::nullopt;
  return *at + 1;
}

// The length of an explicit null at `at`; 0 when none stands there.
size_t NullWord(std::string_view bytes, size_t at) {
  for (const std::string_view word : {"~", "null", "Null", "NULL"}) {
    if (bytes.substr(at, word.size()) != word) continue;
    const size_t end = at + word.size();
    if (end >= bytes.size() || std::string_view(" \t\r\n,]}").find(bytes[end]) != bytes.npos) {
      return word.size();
    }
  }
  return 0;
}

}  // namespace

std::optional<size_t> ContentEnd(std::string_view bytes, const ManifestNode& node) {
  if (node.begin >= bytes.size()) return std::nullopt;
  switch (node.kind) {
    case ManifestNode::Kind::Null:
      return std::nullopt;
    case ManifestNode::Kind::Scalar:
      if (node.style == ManifestNode::Style::Plain) return PlainEnd(bytes, node);
      if (node.style == ManifestNode::Style::Block) return BlockEnd(bytes, node);
      return NodeEnd(bytes, node);
    case ManifestNode::Kind::Sequence:
      if (node.flow) return FlowCollectionEnd(bytes, node);
      if (node.items.empty()) return std::nullopt;
      return ContentEnd(bytes, node.items.back());
    case ManifestNode::Kind::Mapping:
      if (node.flow) return FlowCollectionEnd(bytes, node);
      if (node.items.empty()) return std::nullopt;
      break;
  }
  const auto last = ExtentOf(bytes, node, node.items.size() - 1);
  if (!last.ok()) return std::nullopt;
  return last->value_end;
}

absl::StatusOr<size_t> RequireContentEnd(std::string_view bytes, const ManifestNode& node) {
  const std::optional<size_t> end = ContentEnd(bytes, node);
  if (end.has_value()) return *end;
  return RefuseAtLine(node.line,
                      "it is not certain where this value ends (an item without value, "
                      "or a block text with '+' or a digit); write it in another way");
}

absl::StatusOr<EntryExtent> ExtentOf(std::string_view bytes, const ManifestNode& mapping,
                                     size_t index) {
  const ManifestNode& key = mapping.keys[index];
  const ManifestNode& value = mapping.items[index];
  const std::optional<size_t> key_end = NodeEnd(bytes, key);
  size_t colon = key_end.has_value() ? bytes.find_first_not_of(kBlanks, *key_end) : bytes.npos;
  if (colon == std::string_view::npos || bytes[colon] != ':') {
    return RefuseAtLine(key.line, "the key is not written as \"key: value\" on one line");
  }
  EntryExtent extent{key.begin, *key_end, colon + 1, false, colon + 1, colon + 1};
  if (value.kind != ManifestNode::Kind::Null) {
    extent.value_begin = value.begin;
    ASSIGN_OR_RETURN(extent.value_end, RequireContentEnd(bytes, value));
    return extent;
  }
  const size_t word = std::min(bytes.find_first_not_of(kBlanks, colon + 1), bytes.size());
  const size_t length = word > colon + 1 ? NullWord(bytes, word) : 0;
  extent.omitted = length == 0;
  if (!extent.omitted) {
    extent.value_begin = word;
    extent.value_end = word + length;
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
