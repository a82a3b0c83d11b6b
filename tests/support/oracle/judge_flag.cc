#include "tests/support/oracle/judge_flag.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/support/oracle/command_line.h"
#include "tests/support/oracle/judge_bytes.h"

namespace belay::oracle {
namespace {

using Uses = std::vector<const Word*>;

std::string FlagOf(const v1::Edit& edit) {
  if (edit.has_set_flag()) return NormalName(edit.set_flag().flag());
  if (edit.has_unset_flag()) return NormalName(edit.unset_flag().flag());
  return NormalName(edit.merge_list_flag().flag());
}

std::vector<std::string> ValuesOf(const Uses& uses) {
  std::vector<std::string> values;
  for (const Word* const use : uses) values.push_back(use->value);
  return values;
}

std::string KeyOf(const std::string& element) { return element.substr(0, element.find('=')); }
bool HasKey(const std::string& element) { return element.find('=') != std::string::npos; }

std::set<std::string> Merged(const std::vector<std::string>& elements,
                             const v1::MergeListFlag& edit) {
  std::set<std::string> wanted(elements.begin(), elements.end());
  for (const std::string& gone : edit.remove()) {
    std::erase_if(wanted, [&](const std::string& e) {
      return e == gone || (!HasKey(gone) && HasKey(e) && KeyOf(e) == gone);
    });
  }
  for (const std::string& add : edit.add()) {
    if (HasKey(add)) {
      std::erase_if(wanted, [&](const std::string& e) { return KeyOf(e) == KeyOf(add); });
    }
    wanted.insert(add);
  }
  return wanted;
}

std::string JudgeMerge(const Uses& old_uses, const Uses& new_uses, const v1::MergeListFlag& edit) {
  const std::vector<std::string> old_elements = ListElements(ValuesOf(old_uses));
  const std::vector<std::string> new_elements = ListElements(ValuesOf(new_uses));
  const std::set<std::string> wanted = Merged(old_elements, edit);
  const std::set<std::string> found(new_elements.begin(), new_elements.end());
  if (wanted != found) {
    return absl::StrCat("the list holds {", absl::StrJoin(found, ","), "} and not {",
                        absl::StrJoin(wanted, ","), "}");
  }
  // What was there and stays keeps its order.
  std::vector<std::string> stayed;
  for (const std::string& element : old_elements)
    if (found.count(element) > 0) stayed.push_back(element);
  size_t at = 0;
  for (const std::string& element : new_elements)
    at += at < stayed.size() && stayed[at] == element ? 1 : 0;
  if (at != stayed.size()) return "elements of the list were lost or changed their order";
  return "";
}

// Has the edit nothing to do?
bool Satisfied(const Uses& uses, const v1::Edit& edit) {
  const std::vector<std::string> values = ValuesOf(uses);
  if (edit.has_set_flag()) {
    return !values.empty() && std::all_of(values.begin(), values.end(), [&](const std::string& v) {
      return v == edit.set_flag().value();
    });
  }
  if (edit.has_unset_flag()) return values.empty();
  const std::vector<std::string> elements = ListElements(values);
  const std::set<std::string> now(elements.begin(), elements.end());
  return now == Merged(elements, edit.merge_list_flag());
}

std::string JudgeValues(const Uses& old_uses, const Uses& new_uses, const v1::Edit& edit) {
  if (edit.has_set_flag()) {
    const bool right = std::all_of(new_uses.begin(), new_uses.end(), [&](const Word* use) {
      return use->value == edit.set_flag().value();
    });
    if (new_uses.empty() || !right) {
      return absl::StrCat("the flag is {", absl::StrJoin(ValuesOf(new_uses), "} {"), "} and not ",
                          edit.set_flag().value());
    }
    if (new_uses.size() > std::max<size_t>(1, old_uses.size())) return "the flag is given twice";
    return "";
  }
  if (edit.has_unset_flag()) return new_uses.empty() ? "" : "the flag is still there";
  return JudgeMerge(old_uses, new_uses, edit.merge_list_flag());
}

// Every word but the flag's stays, in its list, and in front of the flags stands the same.
std::string JudgeOthers(const CommandLine& before, const CommandLine& after,
                        const std::set<const Word*>& uses) {
  const auto others = [&](const CommandLine& line) {
    std::vector<const Word*> words;
    for (const Word& word : line.words)
      if (uses.count(&word) == 0) words.push_back(&word);
    return words;
  };
  const std::vector<const Word*> a = others(before);
  const std::vector<const Word*> b = others(after);
  if (a.size() != b.size()) return "another argument came or went";
  for (size_t i = 0; i < a.size(); ++i) {
    if (!a[i]->SameAs(*b[i])) {
      return absl::StrCat("another argument changed: '", a[i]->text, "' (", a[i]->value, ") is '",
                          b[i]->text, "' (", b[i]->value, ")");
    }
  }
  // More words may stand in front of the first flag when the first flag went.
  if (after.flags_begin < before.flags_begin)
    return "the flags begin somewhere else: the edit is in front of the program or subcommand";
  return "";
}

const Value* ListOf(const PodPlace& place, const Word& word) {
  return place.container->Find(word.list == 'c' ? "command" : "args");
}

std::string SpelledName(const Word& word) { return word.text.substr(0, word.text.find('=')); }

// Where the last item of a list goes, "[]" comes behind the key, or the key goes too.
void AddEmptied(std::string_view before, const PodPlace& old_place, const PodPlace& new_place,
                std::vector<Change>& changes) {
  for (const Entry& entry : old_place.container->entries) {
    const Value& was = *entry.value;
    const bool list = (entry.key == "command" || entry.key == "args") && !was.items.empty();
    const Value* const is = new_place.container->Find(entry.key);
    if (!list || was.flow || (is != nullptr && !is->items.empty())) continue;
    const size_t behind = before.find(':', entry.key_begin) + 1;
    if (is == nullptr) {
      changes.push_back({entry.key_begin, behind, false, std::nullopt});
    } else {
      changes.push_back({behind, behind, false, " []"});
    }
  }
}

// The uses that stay (`kept`, as many as new_uses) become new_uses, the others go.
std::string JudgeUses(std::string_view before, std::string_view after, const PodPlace& old_place,
                      const PodPlace& new_place, const Uses& old_uses, const Uses& kept,
                      const Uses& new_uses) {
  std::vector<Change> changes;
  AddEmptied(before, old_place, new_place, changes);
  for (const Word* const use : old_uses) {
    const auto found = std::find(kept.begin(), kept.end(), use);
    if (found == kept.end()) {
      for (const Value* const item : use->items)
        changes.push_back(Gone(*item, ListOf(old_place, *use)->flow));
      continue;
    }
    const Word& now = *new_uses[static_cast<size_t>(found - kept.begin())];
    if (use->items.size() != now.items.size()) return "one item became two, or two became one";
    if (SpelledName(*use) != SpelledName(now)) return "the flag's spelling changed";
    if (use->list != now.list) return "the flag moved to the other list";
    for (size_t i = 0; i < use->items.size(); ++i) {
      const std::string_view old_bytes = BytesOf(before, *use->items[i]);
      const std::string_view new_bytes = BytesOf(after, *now.items[i]);
      const char quote = old_bytes.empty() ? ' ' : old_bytes[0];
      if ((quote == '"' || quote == '\'') && (new_bytes.empty() || new_bytes[0] != quote))
        return "the quotes changed";
      changes.push_back(Replaced(*use->items[i], new_bytes));
    }
  }
  return JudgeBytes(before, after, std::move(changes));
}

std::string JudgeInserted(std::string_view before, std::string_view after,
                          const PodPlace& old_place, const PodPlace& new_place, const Word& use) {
  const char* const key = use.list == 'c' ? "command" : "args";
  const Value& list = *new_place.container->Find(key);
  if (use.items.size() != 1) return "a new flag of two items";
  const Value* const old_list = old_place.container->Find(key);
  if (old_list == nullptr) {
    for (const Entry& entry : new_place.container->entries) {
      if (entry.key == key)
        return JudgeBytes(after, before,
                          {{entry.key_begin, list.end, new_place.container->flow, std::nullopt}});
    }
  }
  if (old_list != nullptr && old_list->kind == Value::Kind::Null && list.flow) {
    return JudgeBytes(after, before,
                      {{list.begin, list.end, true, std::string(BytesOf(before, *old_list))}});
  }
  const std::string looks = JudgeNewItem(after, list, *use.items.front());
  if (!looks.empty()) return looks;
  return JudgeBytes(after, before, {Gone(*use.items.front(), list.flow)});
}

std::string_view Middle(std::string_view text, std::string_view other) {
  size_t front = 0;
  while (front < text.size() && front < other.size() && text[front] == other[front]) ++front;
  size_t back = 0;
  while (back + front < text.size() && back + front < other.size() &&
         text[text.size() - 1 - back] == other[other.size() - 1 - back]) {
    ++back;
  }
  return text.substr(front, text.size() - back - front);
}

// Inside of a script only the flag's words may change; the other bytes of the file may not at all.
std::string JudgeScript(std::string_view before, std::string_view after, const Value& old_script,
                        const Value& new_script, const Uses& old_uses, const Uses& new_uses) {
  const std::string_view new_bytes = BytesOf(after, new_script);
  std::string wrong = JudgeBytes(before, after, {Replaced(old_script, new_bytes)});
  if (!wrong.empty()) return wrong;
  size_t words = 0;
  for (const Word* const use : old_uses) words += use->end - use->begin;
  // Twice for escapes, and some for blanks and quotes.
  if (old_uses.size() <= 1 && Middle(BytesOf(before, old_script), new_bytes).size() > 2 * words + 8)
    return "more of the script changed than the flag's word";
  const auto without = [](const Value& script, const Uses& uses) {
    std::string rest;
    for (size_t i = 0; i < script.text.size(); ++i) {
      const char c = script.text[i];
      if (script.text.compare(i, 2, "\\\n") == 0) {
        ++i;  // as good as a blank
        continue;
      }
      bool inside = c == ' ' || c == '\t';
      for (const Word* const use : uses) inside = inside || (i >= use->begin && i < use->end);
      if (!inside) rest += c;
    }
    return rest;
  };
  if (without(old_script, old_uses) != without(new_script, new_uses))
    return "something else in the script changed";
  return "";
}

}  // namespace

std::vector<std::string> ListElements(const std::vector<std::string>& values) {
  std::vector<std::string> elements;
  for (const std::string& value : values) {
    std::string element;
    for (const char c : value + ",") {
      if (c != ',') {
        element += c;
        continue;
      }
      const size_t first = element.find_first_not_of(" \t");
      const size_t last = element.find_last_not_of(" \t");
      if (first != std::string::npos) elements.push_back(element.substr(first, last - first + 1));
      element.clear();
    }
  }
  return elements;
}

std::string JudgeFlag(std::string_view before, std::string_view after, const PodPlace& old_place,
                      const PodPlace& new_place, const v1::Edit& edit) {
  if (!Same(*Without(old_place, {"command", "args"}, {}),
            *Without(new_place, {"command", "args"}, {}))) {
    return "something outside of the command line changed";
  }
  const CommandLine old_line = ReadCommandLine(*old_place.container, old_place.names);
  const CommandLine new_line = ReadCommandLine(*new_place.container, new_place.names);
  std::string flag = FlagOf(edit);
  Uses old_uses = UsesOf(old_line, flag);
  Uses new_uses = UsesOf(new_line, flag);
  // The old name of the same setting may be merged into (EDIT_CASES C2).
  if (flag == "enable-admission-plugins" && old_uses.empty() && new_uses.empty()) {
    old_uses = UsesOf(old_line, "admission-control");
    new_uses = UsesOf(new_line, "admission-control");
  }
  std::set<const Word*> all(old_uses.begin(), old_uses.end());
  all.insert(new_uses.begin(), new_uses.end());
  std::string wrong = JudgeOthers(old_line, new_line, all);
  if (wrong.empty()) wrong = JudgeValues(old_uses, new_uses, edit);
  if (!wrong.empty()) return wrong;
  // Several uses with one value may become one use, or stay.
  const bool several = edit.has_set_flag() && old_uses.size() > 1;
  if (Satisfied(old_uses, edit) && before != after && !several)
    return "there was nothing to do, but bytes changed";
  if (before == after) return "";
  if ((old_line.script == nullptr) != (new_line.script == nullptr))
    return "the script came or went";
  if (old_line.script != nullptr)
    return JudgeScript(before, after, *old_line.script, *new_line.script, old_uses, new_uses);
  if (old_uses.empty())
    return JudgeInserted(before, after, old_place, new_place, *new_uses.front());
  if (new_uses.size() == old_uses.size())
    return JudgeUses(before, after, old_place, new_place, old_uses, old_uses, new_uses);
  std::string best;
  if (new_uses.empty()) return JudgeUses(before, after, old_place, new_place, old_uses, {}, {});
  for (const Word* const kept : old_uses) {
    best = JudgeUses(before, after, old_place, new_place, old_uses, {kept}, new_uses);
    if (best.empty()) return "";
  }
  return best;
}

}  // namespace belay::oracle
