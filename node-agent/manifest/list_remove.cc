#include "node-agent/manifest/list_remove.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "node-agent/manifest/check_bytes.h"
#include "node-agent/manifest/flow_remove.h"
#include "node-agent/manifest/list_edit.h"

namespace belay {
namespace {

using Splices = std::vector<Splice>;
constexpr std::string_view kBlanks = " \t\r\n";

absl::StatusOr<Splices> RemoveBlockRun(std::string_view bytes, const ManifestNode& list,
                                       size_t first, size_t last) {
  Splices splices;
  for (size_t i = first; i <= last; ++i) {
    RETURN_IF_ERROR(CheckOwnValue(list.items[i]));
    ASSIGN_OR_RETURN(const size_t dash, DashOf(bytes, list.items[i]));
    ASSIGN_OR_RETURN(const size_t end, EndOrRefuse(bytes, list.items[i]));
    RETURN_IF_ERROR(RestOfLineIsFree(bytes, end));
    size_t begin = LineStart(bytes, dash);
    const size_t next = NextLine(bytes, end);
    if (next == bytes.size() && bytes.back() != '\n' && begin > 0) {
      // The file ends without a newline and keeps doing so: the line before gives its own up.
      while (!splices.empty() && splices.back().end == begin) {
        begin = splices.back().begin;
        splices.pop_back();
      }
      do {
        begin -= EndOfLine(bytes, begin - 1).size();
      } while (begin > 0 && bytes[begin - 1] == '\n');  // blank lines that would end the file
    }
    splices.push_back({begin, next, ""});
  }
  return splices;
}

// Blanks, ends of line, comments, tags and anchors: what may stand between a dash and its item.
bool OnlyProperties(std::string_view between) {
  bool comment = false;
  bool property = false;
  bool blank = true;
  for (const char c : between) {
    if (c == '\n') comment = false;
    const bool is_blank = kBlanks.find(c) != std::string_view::npos;
    if (!comment && !is_blank && !property) {
      if (!blank) return false;
      comment = c == '#';
      property = c == '&' || c == '!';
      if (!comment && !property) return false;
    }
    if (is_blank) property = false;
    blank = is_blank;
  }
  return true;
}

// Every item of a block list goes: `[]` is written behind the key.
absl::StatusOr<Splice> WriteEmpty(std::string_view bytes, const ManifestNode& key,
                                  const ManifestNode& list) {
  const size_t colon = bytes.find_first_not_of(" \t", key.begin + key.length);
  const bool clear = colon != std::string_view::npos && bytes[colon] == ':' &&
                     list.anchor.empty() && list.tag == ManifestNode::Tag::None &&
                     NextLine(bytes, colon) <= LineStart(bytes, list.begin);
  if (!clear) return RefuseAtLine(list.line, "the list would become empty; remove it by hand");
  return Splice{colon + 1, colon + 1, " []"};
}

}  // namespace

absl::StatusOr<size_t> EndOrRefuse(std::string_view bytes, const ManifestNode& node) {
  const std::optional<size_t> end = NodeEnd(bytes, node);
  if (!end.has_value()) {
    return RefuseAtLine(node.line,
                        "an omitted value stands where the edit has to be made; write it out");
  }
  return *end;
}

absl::Status RestOfLineIsFree(std::string_view bytes, size_t end) {
  const size_t at = bytes.find_first_not_of(" \t", end);
  const bool free = at == std::string_view::npos || bytes[at] == '\n' || bytes[at] == '\r' ||
                    (bytes[at] == '#' && at > end);
  if (free) return absl::OkStatus();
  return RefuseAtLine(LineAt(bytes, end), "the item shares its line with something else");
}

absl::StatusOr<size_t> DashOf(std::string_view bytes, const ManifestNode& item) {
  for (size_t line = LineStart(bytes, item.begin);; line = LineStart(bytes, line - 1)) {
    const size_t first = std::min(bytes.find_first_not_of(' ', line), item.begin);
    if (first < item.begin && bytes[first] == '-' &&
        OnlyProperties(bytes.substr(first + 1, item.begin - first - 1))) {
      return first;
    }
    const bool goes_on = line > 0 && OnlyProperties(bytes.substr(line, item.begin - line));
    if (!goes_on) return RefuseAtLine(item.line, "the item shares its line with something else");
  }
}

absl::StatusOr<std::string> DashPrefix(std::string_view bytes, const ManifestNode& item) {
  ASSIGN_OR_RETURN(const size_t dash, DashOf(bytes, item));
  const std::string_view between = bytes.substr(dash + 1, item.begin - dash - 1);
  const bool blanks = between.find_first_not_of(' ') == std::string_view::npos;
  const size_t start = LineStart(bytes, dash);
  // Tags, anchors, comments and ends of line behind a dash are the item's own.
  return absl::StrCat(std::string(bytes.substr(start, dash - start)), "-",
                      blanks ? std::string(between) : std::string(" "));
}

absl::StatusOr<Splices> RemoveItems(std::string_view bytes, const ManifestNode& key,
                                    const ManifestNode& list, const std::vector<size_t>& indexes) {
  Splices splices;
  for (size_t i = 0; i < indexes.size();) {
    size_t last = i;
    while (last + 1 < indexes.size() && indexes[last + 1] == indexes[last] + 1) ++last;
    ASSIGN_OR_RETURN(const Splices run,
                     list.flow ? RemoveFlowRun(bytes, list, indexes[i], indexes[last])
                               : RemoveBlockRun(bytes, list, indexes[i], indexes[last]));
    splices.insert(splices.end(), run.begin(), run.end());
    i = last + 1;
  }
  if (!list.flow && !list.items.empty() && indexes.size() == list.items.size()) {
    ASSIGN_OR_RETURN(const Splice empty, WriteEmpty(bytes, key, list));
    splices.push_back(empty);
  }
  return splices;
}

}  // namespace belay
