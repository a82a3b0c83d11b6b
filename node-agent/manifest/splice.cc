#include "node-agent/manifest/splice.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "node-agent/manifest/check_bytes.h"

namespace belay {
namespace {

std::optional<size_t> QuotedEnd(std::string_view bytes, size_t begin) {
  const char quote = bytes[begin];
  for (size_t at = begin + 1; at < bytes.size(); ++at) {
    if (quote == '"' && bytes[at] == '\\') {
      ++at;
    } else if (bytes[at] == quote) {
      if (quote == '\'' && at + 1 < bytes.size() && bytes[at + 1] == '\'') {
        ++at;
      } else {
        return at + 1;
      }
    }
  }
  return std::nullopt;
}

std::optional<size_t> ScalarEnd(std::string_view bytes, const ManifestNode& node) {
  switch (node.style) {
    case ManifestNode::Style::Plain:
      // Equal only when the scalar stands on one line: folding changes the text.
      if (bytes.substr(node.begin, node.value.size()) != node.value) return std::nullopt;
      return node.begin + node.value.size();
    case ManifestNode::Style::SingleQuoted:
    case ManifestNode::Style::DoubleQuoted:
      return QuotedEnd(bytes, node.begin);
    case ManifestNode::Style::Block:
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<size_t> FlowEnd(std::string_view bytes, const ManifestNode& node) {
  const char close = node.kind == ManifestNode::Kind::Mapping ? '}' : ']';
  std::optional<size_t> at = node.begin + 1;
  if (!node.items.empty()) at = NodeEnd(bytes, node.items.back());
  if (!at.has_value()) return std::nullopt;
  while (*at < bytes.size() && bytes[*at] != close) {
    const char c = bytes[*at];
    if (c == '#') {
      at = NextLine(bytes, *at);
      continue;
    }
    if (c != ' ' && c != ',' && c != '\t' && c != '\r' && c != '\n') return std::nullopt;
    ++*at;
  }
  if (*at >= bytes.size()) return std::nullopt;
  return *at + 1;
}

}  // namespace

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
  if (node.begin >= bytes.size()) return std::nullopt;
  switch (node.kind) {
    case ManifestNode::Kind::Null:
      return std::nullopt;
    case ManifestNode::Kind::Scalar:
      return ScalarEnd(bytes, node);
    case ManifestNode::Kind::Sequence:
    case ManifestNode::Kind::Mapping:
      if (node.flow) return FlowEnd(bytes, node);
      if (node.items.empty()) return std::nullopt;
      return NodeEnd(bytes, node.items.back());
  }
  return std::nullopt;
}

absl::StatusOr<std::string> ApplySplices(std::string_view bytes, std::vector<Splice> splices) {
  std::sort(splices.begin(), splices.end(),
            [](const Splice& a, const Splice& b) { return a.begin < b.begin; });
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
