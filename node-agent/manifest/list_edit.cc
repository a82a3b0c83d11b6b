#include "node-agent/manifest/list_edit.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "node-agent/manifest/check_bytes.h"
#include "node-agent/manifest/list_remove.h"
#include "node-agent/manifest/write_scalar.h"

namespace belay {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

// What stands between two items of a flow list, so that a new item looks like its neighbours.
std::string FlowSeparator(std::string_view bytes, const ManifestNode& list, size_t index) {
  std::string_view between;
  if (list.items.size() >= 2) {
    const size_t left = index == 0 ? 0 : index - 1;
    const std::optional<size_t> end = NodeEnd(bytes, list.items[left]);
    const size_t right = list.items[left + 1].begin;
    if (end.has_value() && right > *end) between = bytes.substr(*end, right - *end);
  } else {
    const std::string_view lead =
        bytes.substr(list.begin + 1, list.items.front().begin - list.begin - 1);
    if (lead.find('\n') != std::string_view::npos &&
        lead.find_first_not_of(kBlanks) == std::string_view::npos) {
      return absl::StrCat(",", EndOfLine(bytes, list.begin),
                          std::string(lead.substr(lead.rfind('\n') + 1)));
    }
  }
  const bool plain = !between.empty() && between.front() == ',' &&
                     between.find_first_not_of(kBlanks, 1) == std::string_view::npos;
  if (!plain) return ", ";
  // Blank lines and trailing blanks between the neighbours are not copied.
  const size_t newline = between.rfind('\n');
  if (newline == std::string_view::npos) return std::string(between);
  const size_t end = bytes.find('\n', list.items[index].begin);
  return absl::StrCat(",", EndOfLine(bytes, end == std::string_view::npos ? 0 : end),
                      std::string(between.substr(newline + 1)));
}

// Behind an item of a flow list that has its line to itself, but for a comma and a comment.
absl::StatusOr<std::vector<Splice>> InsertOwnLine(std::string_view bytes, const ManifestNode& item,
                                                  size_t end, const std::string& text) {
  const size_t start = LineStart(bytes, item.begin);
  const size_t next = NextLine(bytes, end);
  const std::string_view indent = bytes.substr(start, item.begin - start);
  const size_t at = std::min(bytes.find_first_not_of(" \t", end), next);
  const bool comma = at < next && bytes[at] == ',';
  const std::string line =
      absl::StrCat(std::string(indent), text, comma ? "," : "", EndOfLine(bytes, end));
  std::vector<Splice> splices = {{next, next, line}};
  if (!comma) splices.push_back({end, end, ","});
  return splices;
}

bool HasOwnCommentedLine(std::string_view bytes, const ManifestNode& item, size_t end) {
  const size_t start = LineStart(bytes, item.begin);
  const size_t next = NextLine(bytes, end);
  if (next == bytes.size() ||
      bytes.substr(start, item.begin - start).find_first_not_of(' ') != std::string_view::npos)
    return false;
  const std::string_view rest = bytes.substr(end, next - end);
  const size_t at = rest.find_first_not_of(" \t,");
  return at != std::string_view::npos && at > 0 && rest[at] == '#';
}

}  // namespace

absl::StatusOr<Splice> ReplaceScalar(std::string_view bytes, const ManifestNode& node, bool in_flow,
                                     bool json, std::string_view text) {
  RETURN_IF_ERROR(CheckOwnValue(node));
  if (node.kind != ManifestNode::Kind::Scalar) {
    return RefuseAtLine(node.line, "the item is not a text");
  }
  ASSIGN_OR_RETURN(const size_t end, EndOrRefuse(bytes, node));
  if (node.style == ManifestNode::Style::Block ||
      bytes.substr(node.begin, end - node.begin).find('\n') != std::string_view::npos) {
    return RefuseAtLine(node.line, "a text over several lines is not edited; write it on one line");
  }
  return Splice{node.begin, end, WriteScalar(text, node.style, in_flow, json)};
}

absl::StatusOr<std::vector<Splice>> InsertBehind(std::string_view bytes, const ManifestNode& list,
                                                 size_t index, const NewItem& item) {
  const ManifestNode& anchor = list.items[index];
  ASSIGN_OR_RETURN(const size_t end, EndOrRefuse(bytes, anchor));
  if (list.flow) {
    if (HasOwnCommentedLine(bytes, anchor, end))
      return InsertOwnLine(bytes, anchor, end, item.flow_text);
    return std::vector<Splice>{
        {end, end, absl::StrCat(FlowSeparator(bytes, list, index), item.flow_text)}};
  }
  ASSIGN_OR_RETURN(const std::string prefix, DashPrefix(bytes, anchor));
  RETURN_IF_ERROR(RestOfLineIsFree(bytes, end));
  const std::string eol = EndOfLine(bytes, end);
  const size_t at = NextLine(bytes, end);
  const bool unfinished = at == bytes.size() && bytes.back() != '\n';
  std::string text;
  for (size_t i = 0; i < item.block_lines.size(); ++i) {
    const std::string lead = i == 0 ? prefix : std::string(prefix.size(), ' ');
    if (unfinished) absl::StrAppend(&text, eol);
    absl::StrAppend(&text, lead, item.block_lines[i]);
    if (!unfinished) absl::StrAppend(&text, eol);
  }
  return std::vector<Splice>{{at, at, text}};
}

absl::StatusOr<Splice> FillEmpty(std::string_view bytes, const ManifestNode& list,
                                 const NewItem& item) {
  RETURN_IF_ERROR(CheckOwnValue(list));
  const std::string text = absl::StrCat("[", item.flow_text, "]");
  if (list.kind == ManifestNode::Kind::Null) {
    if (list.length > 0) return Splice{list.begin, list.begin + list.length, text};
    if (list.begin == 0 || bytes[list.begin - 1] != ':' || !list.anchor.empty()) {
      return RefuseAtLine(list.line, "the empty list is not written as []");
    }
    return Splice{list.begin, list.begin, " " + text};
  }
  const bool brackets = list.flow && list.items.empty() && list.length >= 2 &&
                        bytes[list.begin] == '[' && bytes[list.begin + list.length - 1] == ']';
  if (!brackets) return RefuseAtLine(list.line, "the empty list is not written as []");
  // What stands inside of the brackets, blanks or a comment, stays.
  return Splice{list.begin + 1, list.begin + 1, item.flow_text};
}

}  // namespace belay
