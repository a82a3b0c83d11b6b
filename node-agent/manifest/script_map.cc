#include "node-agent/manifest/script_map.h"

#include "node-agent/manifest/check_bytes.h"
#include "node-agent/manifest/splice.h"

namespace belay {
namespace {

size_t SkipBlanks(std::string_view bytes, size_t at, size_t limit, ManifestNode::Style style) {
  while (at < limit) {
    const bool escaped = style == ManifestNode::Style::DoubleQuoted && bytes[at] == '\\' &&
                         at + 1 < limit &&
                         std::string_view("nt \r\n").find(bytes[at + 1]) != std::string_view::npos;
    if (!escaped && !IsScriptBlank(bytes[at])) break;
    at += escaped ? 2 : 1;
  }
  return at;
}

// How many bytes stand for `wanted`; 0 when it is something else.
size_t CharacterAt(std::string_view bytes, size_t at, size_t limit, ManifestNode::Style style,
                   char wanted) {
  if (at >= limit) return 0;
  if (style == ManifestNode::Style::SingleQuoted && bytes[at] == '\'')
    return wanted == '\'' && at + 1 < limit && bytes[at + 1] == '\'' ? 2 : 0;
  if (style == ManifestNode::Style::DoubleQuoted && bytes[at] == '\\') {
    const bool itself = at + 1 < limit && bytes[at + 1] == wanted &&
                        (wanted == '"' || wanted == '\\' || wanted == '/');
    return itself ? 2 : 0;
  }
  return bytes[at] == wanted ? 1 : 0;
}

}  // namespace

absl::StatusOr<ScriptMap> ScriptMap::Make(std::string_view bytes, const ManifestNode& node) {
  ScriptMap map;
  map.begin_.resize(node.value.size());
  map.end_.resize(node.value.size());
  size_t at = node.begin;
  size_t limit = node.begin + node.length;
  switch (node.style) {
    case ManifestNode::Style::Plain:
      break;
    case ManifestNode::Style::SingleQuoted:
    case ManifestNode::Style::DoubleQuoted:
      ++at;
      --limit;
      break;
    case ManifestNode::Style::Block:
      at = NextLine(bytes, at);
      break;
  }
  for (size_t i = 0; i < node.value.size(); ++i) {
    if (IsScriptBlank(node.value[i])) continue;
    at = SkipBlanks(bytes, at, limit, node.style);
    const size_t length = CharacterAt(bytes, at, limit, node.style, node.value[i]);
    if (length == 0) {
      return RefuseAtLine(node.line,
                          "the program is started by a shell and its script is written with "
                          "escapes; write it without them");
    }
    map.begin_[i] = at;
    at += length;
    map.end_[i] = at;
  }
  return map;
}

}  // namespace belay
