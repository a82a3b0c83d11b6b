#include "node-agent/manifest/list_remove.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "node-agent/manifest/check_bytes.h"
#include "node-agent/manifest/list_edit.h"

namespace belay {
namespace {

using Splices = std::vector<Splice>;
constexpr std::string_view kBlanks = " \t\r\n";

// The comma behind `from`, over blanks and comments; nothing when the list ends first.
std::optional<size_t> CommaBehind(std::string_view bytes, size_t from) {
  for (size_t at = from; at < bytes.size(); ++at) {
    if (bytes[at] == ',') return at;
    if (bytes[at] == '#') {
      at = NextLine(bytes, at) - 1;
    } else if (kBlanks.find(bytes[at]) == std::string_view::npos) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

// bytes[begin, end) goes; the whole lines, when nothing else stands on them.
Splice Cut(std::string_view bytes, size_t begin, size_t end) {
  const size_t start = LineStart(bytes, begin);
  const size_t next = NextLine(bytes, end);
  const bool alone =
      bytes.substr(start, begin - start).find_first_not_of(" \t") == std::string_view::npos &&
      bytes.substr(end, next - end).find_first_not_of(kBlanks) == std::string_view::npos;
  if (alone) return {start, next, ""};
  while (end < next && bytes[end] == ' ' && begin > 0 && bytes[begin - 1] == ' ') ++end;
  return {begin, end, ""};
}

// In a flow list with comments, or one item a line: each item goes with its comma, what stands
// between stays.
absl::StatusOr<Splices> RemoveBesideComments(std::string_view bytes, const ManifestNode& list,
                                             size_t first, size_t last) {
  Splices splices;
  const bool is_end = last + 1 == list.items.size();
  for (size_t i = first; i <= last; ++i) {
    ASSIGN_OR_RETURN(size_t end, EndOrRefuse(bytes, list.items[i]));
    const std::optional<size_t> comma = CommaBehind(bytes, end);
    if (comma.has_value() && *comma == end) {
      ++end;
    } else if (comma.has_value()) {
      splices.push_back({*comma, *comma + 1, ""});
    }
    splices.push_back(Cut(bytes, list.items[i].begin, end));
  }
  if (is_end && first > 0) {
    ASSIGN_OR_RETURN(const size_t end, EndOrRefuse(bytes, list.items[first - 1]));
    ASSIGN_OR_RETURN(const size_t last_end, EndOrRefuse(bytes, list.items[last]));
    // With a comma behind the last item the one before keeps its own.
    const std::optional<size_t> comma = CommaBehind(bytes, end);
    if (comma.has_value() && !CommaBehind(bytes, last_end).has_value())
      splices.push_back({*comma, *comma + 1, ""});
  }
  return splices;
}

bool HoldsComment(std::string_view gone) {
  for (size_t at = gone.find('#'); at != std::string_view::npos; at = gone.find('#', at + 1)) {
    if (at == 0 || kBlanks.find(gone[at - 1]) != std::string_view::npos) return true;
  }
  return false;
}

// The item has its line to itself, with the comma directly behind it, if any.
bool IsAlone(std::string_view bytes, const ManifestNode& item, size_t end) {
  const size_t start = LineStart(bytes, item.begin);
  if (end < bytes.size() && bytes[end] == ',') ++end;
  const std::string_view rest = bytes.substr(end, NextLine(bytes, end) - end);
  return bytes.substr(start, item.begin - start).find_first_not_of(" \t") ==
             std::string_view::npos &&
         rest.find_first_not_of(kBlanks) == std::string_view::npos;
}

// Is every item of the run?
absl::StatusOr<bool> AreAlone(std::string_view bytes, const ManifestNode& list, size_t first,
                              size_t last) {
  for (size_t i = first; i <= last; ++i) {
    ASSIGN_OR_RETURN(const size_t end, EndOrRefuse(bytes, list.items[i]));
    if (!IsAlone(bytes, list.items[i], end)) return false;
  }
  return true;
}

absl::StatusOr<Splices> RemoveFlowRun(std::string_view bytes, const ManifestNode& list,
                                      size_t first, size_t last) {
  ASSIGN_OR_RETURN(const size_t last_end, EndOrRefuse(bytes, list.items[last]));
  Splice splice;
  if (first == 0 && last + 1 == list.items.size()) {
    const size_t inside = list.begin + 1;
    splice = {inside, list.begin + list.length - 1, ""};
  } else if (last + 1 < list.items.size()) {
    splice = {list.items[first].begin, list.items[last + 1].begin, ""};
  } else {
    ASSIGN_OR_RETURN(const size_t before, EndOrRefuse(bytes, list.items[first - 1]));
    splice = {before, last_end, ""};
  }
  const std::string_view gone = bytes.substr(splice.begin, splice.end - splice.begin);
  ASSIGN_OR_RETURN(const bool alone, AreAlone(bytes, list, first, last));
  if (alone || HoldsComment(gone)) return RemoveBesideComments(bytes, list, first, last);
  return Splices{splice};
}

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
