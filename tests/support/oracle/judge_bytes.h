// Which bytes an edit may touch, judged from where the two parses say that values stand: replaced
// tokens, whole lines of block items, and nothing but separators around items of [] and {}.  Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/oracle/yaml_value.h"

namespace belay::oracle {

// One place in the longer of the two texts: what stands there goes, or becomes `replacement`.
struct Change {
  size_t begin = 0;
  size_t end = 0;
  bool flow = false;  // inside of [] or {}: only the token itself, its separators are free
  std::optional<std::string> replacement;
};

Change Gone(const Value& node, bool in_flow);
Change Replaced(const Value& node, std::string_view with);
std::string_view BytesOf(std::string_view text, const Value& node);

// `text` with the changes made must be `wanted`.  Empty when it is so.
std::string JudgeBytes(std::string_view text, std::string_view wanted, std::vector<Change> changes);

// New block lines look like their siblings: same prefix, no trailing blanks, the file's line ends.
// `list` is of `after`, `item` one of its items.
std::string JudgeNewItem(std::string_view after, const Value& list, const Value& item);

// All line ends of `before` are the same: then those of `after` are too.  And E1, E4.
std::string JudgeEnds(std::string_view before, std::string_view after);

}  // namespace belay::oracle
