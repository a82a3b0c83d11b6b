#include "tests/support/oracle/judge_bytes.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace belay::oracle {
namespace {

size_t StartOfLine(std::string_view text, size_t at) {
  while (at > 0 && text[at - 1] != '\n') --at;
  return at;
}
size_t EndOfLine(std::string_view text, size_t at) {
  while (at < text.size() && text[at] != '\n') ++at;
  return at < text.size() ? at + 1 : at;
}

std::string Squeezed(std::string_view text) {
  std::string rest;
  for (const char c : text) {
    if (c != ' ' && c != ',' && c != '\t' && c != '\r' && c != '\n') rest += c;
  }
  return rest;
}

bool IsSubsequence(std::string_view part, std::string_view whole) {
  size_t at = 0;
  for (const char c : whole) at += at < part.size() && part[at] == c ? 1 : 0;
  return at == part.size();
}

std::string_view WithoutLastEnd(std::string_view text) {
  if (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  return text;
}

std::string Around(std::string_view a, std::string_view b) {
  size_t same = 0;
  while (same < a.size() && same < b.size() && a[same] == b[same]) ++same;
  const size_t from = same > 30 ? same - 30 : 0;
  return absl::StrCat("\n--- wanted at ", same, "\n", std::string(a.substr(from, 120)),
                      "\n--- got\n", std::string(b.substr(from, 120)));
}

size_t CountOf(std::string_view text, std::string_view what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1))
    ++count;
  return count;
}

}  // namespace

std::string_view BytesOf(std::string_view text, const Value& node) {
  return text.substr(node.begin, node.end - node.begin);
}

Change Gone(const Value& node, bool in_flow) {
  return {node.begin, node.end, in_flow, std::nullopt};
}
Change Replaced(const Value& node, std::string_view with) {
  return {node.begin, node.end, false, std::string(with)};
}

std::string JudgeBytes(std::string_view text, std::string_view wanted,
                       std::vector<Change> changes) {
  bool flow = false;
  for (Change& change : changes) {
    flow = flow || change.flow;
    if (!change.flow && !change.replacement.has_value()) {
      const size_t last = change.end > change.begin ? change.end - 1 : change.end;
      change.begin = StartOfLine(text, change.begin);
      change.end = EndOfLine(text, last);
    }
  }
  std::sort(changes.begin(), changes.end(),
            [](const Change& a, const Change& b) { return a.begin < b.begin; });
  std::string rebuilt;
  size_t done = 0;
  for (const Change& change : changes) {
    if (change.begin < done) {
      // Two items of one block line cannot both go as whole lines.
      if (change.end <= done && !change.replacement.has_value()) continue;
      return "the touched places overlap";
    }
    absl::StrAppend(&rebuilt, std::string(text.substr(done, change.begin - done)),
                    change.replacement.value_or(""));
    done = change.end;
  }
  rebuilt.append(text.substr(done));
  if (rebuilt == wanted) return "";
  if (flow) {
    if (Squeezed(rebuilt) != Squeezed(wanted))
      return absl::StrCat("bytes beside the item changed", Around(wanted, rebuilt));
    const bool pure = std::none_of(changes.begin(), changes.end(),
                                   [](const Change& c) { return c.replacement.has_value(); });
    if (pure && !IsSubsequence(wanted, text)) return "bytes beside the item changed their order";
    return "";
  }
  // Without a newline at the end, the last line's end goes or comes with the last line.
  const bool unfinished = !text.empty() && text.back() != '\n';
  if (unfinished && WithoutLastEnd(rebuilt) == wanted) return "";
  return absl::StrCat("bytes outside of the edit changed", Around(wanted, rebuilt));
}

std::string JudgeNewItem(std::string_view after, const Value& list, const Value& item) {
  if (list.flow) return "";
  const auto prefix = [&](const Value& value) {
    const size_t start = StartOfLine(after, value.begin);
    return after.substr(start, value.begin - start);
  };
  bool like_a_sibling = list.items.size() == 1;
  for (const ValuePtr& sibling : list.items) {
    like_a_sibling = like_a_sibling || (sibling.get() != &item && prefix(*sibling) == prefix(item));
  }
  if (!like_a_sibling) return "the new item is not indented like any of its siblings";
  const size_t end = EndOfLine(after, item.end > item.begin ? item.end - 1 : item.end);
  std::string_view lines =
      after.substr(StartOfLine(after, item.begin), end - StartOfLine(after, item.begin));
  if (lines.find(" \n") != std::string_view::npos || lines.find(" \r") != std::string_view::npos) {
    return "the new lines have trailing blanks";
  }
  return "";
}

std::string JudgeEnds(std::string_view before, std::string_view after) {
  const bool mark = before.substr(0, 3) == "\xEF\xBB\xBF";
  if (mark != (after.substr(0, 3) == "\xEF\xBB\xBF")) return "the byte order mark changed";
  if (before.empty() || after.empty()) return before == after ? "" : "a text became empty";
  if ((before.back() == '\n') != (after.back() == '\n')) return "the final newline changed";
  const size_t ends = CountOf(before, "\n");
  const size_t windows = CountOf(before, "\r\n");
  if (ends > 0 && ends == windows && CountOf(after, "\n") != CountOf(after, "\r\n"))
    return "a line without CRLF in a CRLF file";
  if (windows == 0 && CountOf(after, "\r\n") != 0) return "a CRLF in a file that has none";
  return "";
}

}  // namespace belay::oracle
