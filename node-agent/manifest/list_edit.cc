#include "node-agent/manifest/list_edit.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "node-agent/manifest/check_bytes.h"
#include "node-agent/manifest/write_scalar.h"

namespace belay {
namespace {

absl::StatusOr<size_t> EndOrRefuse(std::string_view bytes, const ManifestNode& node) {
  const std::optional<size_t> end = NodeEnd(bytes, node);
  if (!end.has_value()) {
    return RefuseAtLine(
        node.line,
        "a text over several lines or an omitted value stands where the edit has to "
        "be made; write it on one line");
  }
  return *end;
}

// Only blanks or a comment may follow `end` on its line, else the item shares the line.
absl::Status RestOfLineIsFree(std::string_view bytes, size_t end) {
  const size_t at = bytes.find_first_not_of(" \t", end);
  const bool free = at == std::string_view::npos || bytes[at] == '\n' || bytes[at] == '\r' ||
                    (bytes[at] == '#' && at > end);
  if (free) return absl::OkStatus();
  return RefuseAtLine(LineAt(bytes, end), "the item shares its line with something else");
}

// What stands between two items of a flow list, so that a new item looks like its neighbours.
std::string FlowSeparator(std::string_view bytes, const ManifestNode& list, size_t index) {
  std::string_view between;
  if (list.items.size() >= 2) {
    const size_t left = index == 0 ? 0 : index - 1;
    const std::optional<size_t> end = NodeEnd(bytes, list.items[left]);
    if (end.has_value()) between = bytes.substr(*end, list.items[left + 1].begin - *end);
  } else {
    const std::string_view lead =
        bytes.substr(list.begin + 1, list.items.front().begin - list.begin - 1);
    if (lead.find('\n') != std::string_view::npos &&
        lead.find_first_not_of(" \t\r\n") == std::string_view::npos) {
      return absl::StrCat(",", std::string(lead));
    }
  }
  const bool plain = !between.empty() && between.front() == ',' &&
                     between.find_first_not_of(" \t\r\n", 1) == std::string_view::npos;
  return plain ? std::string(between) : ", ";
}

absl::StatusOr<std::vector<Splice>> RemoveRun(std::string_view bytes, const ManifestNode& list,
                                              size_t first, size_t last) {
  ASSIGN_OR_RETURN(const size_t last_end, EndOrRefuse(bytes, list.items[last]));
  if (list.flow) {
    Splice splice;
    if (last + 1 < list.items.size()) {
      splice = {list.items[first].begin, list.items[last + 1].begin, ""};
    } else {
      ASSIGN_OR_RETURN(const size_t before, EndOrRefuse(bytes, list.items[first - 1]));
      splice = {before, last_end, ""};
    }
    const std::string_view gone = bytes.substr(splice.begin, splice.end - splice.begin);
    if (gone.find(" #") != std::string_view::npos || gone.find("\n#") != std::string_view::npos) {
      return RefuseAtLine(list.items[first].line, "a comment stands beside the item in a [list]");
    }
    return std::vector<Splice>{splice};
  }
  std::vector<Splice> splices;
  for (size_t i = first; i <= last; ++i) {
    RETURN_IF_ERROR(DashPrefix(bytes, list.items[i]).status());
    ASSIGN_OR_RETURN(const size_t end, EndOrRefuse(bytes, list.items[i]));
    RETURN_IF_ERROR(RestOfLineIsFree(bytes, end));
    size_t begin = LineStart(bytes, list.items[i].begin);
    const size_t next = NextLine(bytes, end);
    if (next == bytes.size() && bytes.back() != '\n') {
      // The file ends without a newline and keeps doing so: the line before gives its own up.
      begin -= EndOfLine(bytes, begin - 1).size();
    }
    splices.push_back({begin, next, ""});
  }
  return splices;
}

}  // namespace

absl::StatusOr<std::string> DashPrefix(std::string_view bytes, const ManifestNode& item) {
  const size_t start = LineStart(bytes, item.begin);
  const std::string_view prefix = bytes.substr(start, item.begin - start);
  const size_t dash = prefix.find('-');
  const bool good = dash != std::string_view::npos && dash + 1 < prefix.size() &&
                    prefix.find_first_not_of(' ') == dash &&
                    prefix.find_first_not_of(' ', dash + 1) == std::string_view::npos;
  if (!good) return RefuseAtLine(item.line, "the item shares its line with something else");
  return std::string(prefix);
}

absl::StatusOr<Splice> ReplaceScalar(std::string_view bytes, const ManifestNode& node, bool in_flow,
                                     bool json, std::string_view text) {
  if (node.kind != ManifestNode::Kind::Scalar) {
    return RefuseAtLine(node.line, "the item is not a text");
  }
  ASSIGN_OR_RETURN(const size_t end, EndOrRefuse(bytes, node));
  if (bytes.substr(node.begin, end - node.begin).find('\n') != std::string_view::npos) {
    return RefuseAtLine(node.line, "a text over several lines is not edited; write it on one line");
  }
  return Splice{node.begin, end, WriteScalar(text, node.style, in_flow, json)};
}

absl::StatusOr<Splice> InsertBehind(std::string_view bytes, const ManifestNode& list, size_t index,
                                    const std::vector<NewItem>& items) {
  const ManifestNode& anchor = list.items[index];
  ASSIGN_OR_RETURN(const size_t end, EndOrRefuse(bytes, anchor));
  if (list.flow) {
    const std::string separator = FlowSeparator(bytes, list, index);
    std::string text;
    for (const NewItem& item : items) absl::StrAppend(&text, separator, item.flow_text);
    return Splice{end, end, text};
  }
  ASSIGN_OR_RETURN(const std::string prefix, DashPrefix(bytes, anchor));
  RETURN_IF_ERROR(RestOfLineIsFree(bytes, end));
  const std::string eol = EndOfLine(bytes, end);
  const size_t at = NextLine(bytes, end);
  const bool unfinished = at == bytes.size() && bytes.back() != '\n';
  std::string text;
  for (const NewItem& item : items) {
    for (size_t i = 0; i < item.block_lines.size(); ++i) {
      const std::string lead = i == 0 ? prefix : std::string(prefix.size(), ' ');
      if (unfinished) absl::StrAppend(&text, eol);
      absl::StrAppend(&text, lead, item.block_lines[i]);
      if (!unfinished) absl::StrAppend(&text, eol);
    }
  }
  return Splice{at, at, text};
}

absl::StatusOr<Splice> FillEmpty(std::string_view bytes, const ManifestNode& list,
                                 const NewItem& item) {
  if (!list.flow || !list.items.empty() || bytes.substr(list.begin, 2) != "[]") {
    return RefuseAtLine(list.line, "the empty list is not written as []");
  }
  return Splice{list.begin + 1, list.begin + 1, item.flow_text};
}

absl::StatusOr<std::vector<Splice>> RemoveItems(std::string_view bytes, const ManifestNode& list,
                                                const std::vector<size_t>& indexes) {
  if (indexes.size() >= list.items.size()) {
    return RefuseAtLine(list.line, "the list would become empty");
  }
  std::vector<Splice> splices;
  for (size_t i = 0; i < indexes.size();) {
    size_t last = i;
    while (last + 1 < indexes.size() && indexes[last + 1] == indexes[last] + 1) ++last;
    ASSIGN_OR_RETURN(const std::vector<Splice> run,
                     RemoveRun(bytes, list, indexes[i], indexes[last]));
    splices.insert(splices.end(), run.begin(), run.end());
    i = last + 1;
  }
  return splices;
}

}  // namespace belay
