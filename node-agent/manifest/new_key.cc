#include "node-agent/manifest/new_key.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "node-agent/manifest/check_bytes.h"
#include "node-agent/manifest/list_remove.h"

namespace belay {
namespace {

// Is the line free behind the value, so that a key may follow on the next one?
bool EndsItsLine(std::string_view bytes, size_t end) {
  const std::string_view rest = bytes.substr(end, NextLine(bytes, end) - end);
  const size_t other = rest.find_first_not_of(" \t\r\n");
  return other == std::string_view::npos || (rest[other] == '#' && other > 0);
}

// Behind which value of a block mapping a new key can stand: the last one that is a text on one
// line, so that the key comes among the short ones, or else the last.
absl::StatusOr<size_t> PlaceForKey(std::string_view bytes, const ManifestNode& mapping) {
  std::optional<size_t> last;
  for (size_t i = mapping.items.size(); i > 0; --i) {
    const ManifestNode& value = mapping.items[i - 1];
    const size_t end = value.begin + value.length;
    if (!EndsItsLine(bytes, end)) continue;
    const bool one_line =
        value.kind == ManifestNode::Kind::Scalar && value.style != ManifestNode::Style::Block &&
        bytes.substr(value.begin, value.length).find('\n') == std::string_view::npos;
    if (one_line) return end;
    if (!last.has_value()) last = end;
  }
  if (last.has_value()) return *last;
  return RefuseAtLine(mapping.line,
                      "there is no certain place for a new key; write an empty list "
                      "([]) for it by hand");
}

// How the file writes the list of containers: dashes that far behind the key, items behind dashes.
struct DashStyle {
  size_t indent = 0;
  size_t width = 2;
};
DashStyle LikeContainers(std::string_view bytes, const EditPlace& place) {
  if (place.containers->flow || place.spec->flow) return {};
  const ManifestNode& first = place.containers->items.front();
  const absl::StatusOr<size_t> dash = DashOf(bytes, first);
  const absl::StatusOr<std::string> prefix = DashPrefix(bytes, first);
  if (!dash.ok() || !prefix.ok()) return {};
  const size_t column = *dash - LineStart(bytes, *dash);
  const size_t key = place.spec->begin - LineStart(bytes, place.spec->begin);
  return {column > key ? column - key : 0, prefix->size() - column};
}

}  // namespace

std::string KeyText(std::string_view key, bool json) {
  const std::string name(key);
  return json ? absl::StrCat("\"", name, "\": ") : absl::StrCat(name, ": ");
}

absl::StatusOr<Splice> InsertListKey(std::string_view bytes, const EditPlace& place,
                                     const ManifestNode& mapping, std::string_view key,
                                     const NewItem& item) {
  const std::string name(key);
  if (mapping.flow) {
    const size_t at = mapping.keys.front().begin;
    size_t blank = at;
    while (blank > 0 && (bytes[blank - 1] == ' ' || bytes[blank - 1] == '\n' ||
                         bytes[blank - 1] == '\r' || bytes[blank - 1] == '\t')) {
      --blank;
    }
    // On one line YAML has a blank behind the comma; JSON may have none.  Blank lines stay one.
    std::string gap(bytes.substr(blank, at - blank));
    if (gap.empty() && !place.json) gap = " ";
    const size_t newline = gap.rfind('\n');
    if (newline != std::string::npos) gap = EndOfLine(bytes, blank) + gap.substr(newline + 1);
    return Splice{at, at, absl::StrCat(KeyText(key, place.json), "[", item.flow_text, "],", gap)};
  }
  ASSIGN_OR_RETURN(const size_t end, PlaceForKey(bytes, mapping));
  const size_t column = mapping.begin - LineStart(bytes, mapping.begin);
  const std::string indent(column, ' ');
  const DashStyle dashes = LikeContainers(bytes, place);
  const std::string item_indent(column + dashes.indent, ' ');
  const std::string dash = "-" + std::string(dashes.width - 1, ' ');
  const std::string eol = EndOfLine(bytes, end);
  std::vector<std::string> lines = {absl::StrCat(indent, name, ":")};
  for (size_t l = 0; l < item.block_lines.size(); ++l) {
    lines.push_back(absl::StrCat(item_indent, l == 0 ? dash : std::string(dashes.width, ' '),
                                 item.block_lines[l]));
  }
  const size_t at = NextLine(bytes, end);
  const bool unfinished = bytes.back() != '\n' && at == bytes.size();
  std::string text;
  for (const std::string& line : lines) {
    absl::StrAppend(&text, unfinished ? eol : "", line, unfinished ? "" : eol);
  }
  return Splice{at, at, text};
}

}  // namespace belay
