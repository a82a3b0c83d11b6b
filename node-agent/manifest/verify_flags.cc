// JudgeCommandLine: the words of a command line before and after.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "node-agent/manifest/programs.h"
#include "node-agent/manifest/verify_parts.h"

namespace belay {
namespace {

struct Item {
  std::string list;
  const Model* value;
};

// One word of a command line: a flag with its value, or anything else.
struct Word {
  std::string flag;  // empty when it is not a flag
  std::string list;
  std::string text;
  std::string value;
  std::vector<const Model*> items;

  bool SameAs(const Word& other) const {
    if (list != other.list || text != other.text || value != other.value ||
        items.size() != other.items.size())
      return false;
    for (size_t i = 0; i < items.size(); ++i)
      if (!(*items[i] == *other.items[i])) return false;
    return true;
  }
};

bool IsScalar(const Model& model) {
  return model.kind == Model::Kind::Text || model.kind == Model::Kind::Other;
}

std::vector<Item> ItemsOf(const Model& container) {
  std::vector<Item> items;
  for (const char* const key : {"command", "args"}) {
    const Model* const list = container.Find(key);
    if (list == nullptr) continue;
    for (const Model& item : list->list) items.push_back({key, &item});
  }
  return items;
}

// Where the program stands: what is in front of it is a wrapper's.
size_t ProgramIndex(const std::vector<Item>& items, const std::vector<std::string>& names) {
  const auto is_program = [&](size_t i) {
    const std::string& text = items[i].value->text;
    return IsScalar(*items[i].value) && !IsFlagWord(text) &&
           (IsNamedProgram(text, names) || IsKnownProgram(text));
  };
  if (items.empty() || is_program(0)) return 0;
  const bool wrapped = IsWrapper(items[0].value->text);
  for (size_t i = 1; i < items.size(); ++i) {
    const std::string& before = items[i - 1].value->text;
    const bool operand = IsFlagWord(before) && before.find('=') == std::string::npos;
    const bool in_command = items[i].list == items[0].list && items[0].list == "command";
    if (is_program(i) && (wrapped || (in_command && !operand))) return i;
  }
  return 0;
}

std::vector<Word> WordsOf(const Model& container, const std::vector<std::string>& names) {
  const std::vector<Item> items = ItemsOf(container);
  const size_t program = ProgramIndex(items, names);
  std::vector<Word> words;
  bool over = false;
  for (size_t i = 0; i < items.size(); ++i) {
    const std::string& text = items[i].value->text;
    Word word{"", items[i].list, text, "", {items[i].value}};
    over = over || (i > program && text == "--");
    if (i >= program && !over && IsScalar(*items[i].value) && IsFlagWord(text)) {
      const std::string body = text.substr(text[1] == '-' ? 2 : 1);
      const size_t equals = body.find('=');
      word.flag = NormalFlagName(body.substr(0, equals));
      const bool next = i + 1 < items.size() && IsScalar(*items[i + 1].value) &&
                        !IsFlagWord(items[i + 1].value->text) && items[i + 1].value->text != "--";
      if (equals != std::string::npos) {
        word.value = body.substr(equals + 1);
      } else if (next) {
        ++i;
        word.value = items[i].value->text;
        word.items.push_back(items[i].value);
      } else {
        word.value = "true";
      }
    }
    words.push_back(std::move(word));
  }
  return words;
}

struct FlagWords {
  std::vector<const Word*> others;
  std::vector<const Word*> uses;
  std::vector<std::string> values;
};
FlagWords Split(const std::vector<Word>& words, const std::string& flag) {
  FlagWords split;
  for (const Word& word : words) {
    if (word.flag.empty() || word.flag != flag) {
      split.others.push_back(&word);
      continue;
    }
    split.uses.push_back(&word);
    split.values.push_back(word.value);
  }
  return split;
}

std::vector<std::string> Elements(const std::vector<std::string>& values) {
  std::vector<std::string> elements;
  for (const std::string& value : values) {
    for (const auto part : absl::StrSplit(value, ',')) {
      const std::string element(absl::StripAsciiWhitespace(part));
      if (!element.empty()) elements.push_back(element);
    }
  }
  return elements;
}

absl::Status CheckMerge(const std::vector<std::string>& before,
                        const std::vector<std::string>& after, const v1::MergeListFlag& edit) {
  std::vector<std::string> intended;
  for (const std::string& element : Elements(before)) {
    const std::string key = element.substr(0, element.find('='));
    bool gone = false;
    for (const std::string& remove : edit.remove())
      gone = gone || remove == element || remove == key;
    if (!gone) intended.push_back(element);
  }
  for (const std::string& add : edit.add()) {
    const size_t equals = add.find('=');
    bool there = false;
    for (std::string& element : intended) {
      const bool same_key = equals != std::string::npos &&
                            element.substr(0, element.find('=')) == add.substr(0, equals);
      if (same_key) element = add;
      there = there || element == add;
    }
    if (!there) intended.push_back(add);
  }
  // Which of several uses takes the new element is free, so the union is compared, sorted.
  std::vector<std::string> found = Elements(after);
  std::sort(found.begin(), found.end());
  std::sort(intended.begin(), intended.end());
  if (found != intended) return WrongResult("the list is not the intended one");
  return absl::OkStatus();
}

std::string FlagOf(const v1::Edit& edit) {
  if (edit.has_set_flag()) return NormalFlagName(edit.set_flag().flag());
  if (edit.has_unset_flag()) return NormalFlagName(edit.unset_flag().flag());
  return NormalFlagName(edit.merge_list_flag().flag());
}

// What the edit wrote must be read as text by everybody; what it left may be anything.
bool AreTexts(const FlagWords& before, const FlagWords& after) {
  for (const Word* const use : after.uses) {
    const bool kept = std::any_of(before.uses.begin(), before.uses.end(),
                                  [&](const Word* old) { return old->SameAs(*use); });
    if (kept) continue;
    for (const Model* const item : use->items)
      if (item->kind != Model::Kind::Text) return false;
  }
  return true;
}

}  // namespace

absl::Status JudgeCommandLine(const JudgedPlace& before, const JudgedPlace& after,
                              const std::string& manifest, const v1::Edit& edit) {
  const std::vector<std::string> names = {before.name, manifest};
  const std::vector<Word> old_words = WordsOf(*before.container, names);
  const std::vector<Word> new_words = WordsOf(*after.container, names);
  std::string flag = FlagOf(edit);
  FlagWords a = Split(old_words, flag);
  FlagWords b = Split(new_words, flag);
  if (edit.has_merge_list_flag() && flag == "enable-admission-plugins" && a.uses.empty() &&
      b.uses.empty()) {
    // The list's old name; the API server takes only one of the two.
    flag = "admission-control";
    a = Split(old_words, flag);
    b = Split(new_words, flag);
  }
  const bool same = a.others.size() == b.others.size() &&
                    std::equal(a.others.begin(), a.others.end(), b.others.begin(),
                               [](const Word* x, const Word* y) { return x->SameAs(*y); });
  if (!same) return WrongResult("another argument would change as well");
  if (!AreTexts(a, b)) return WrongResult("a text would become something else");
  if (edit.has_set_flag() && b.values != std::vector<std::string>{edit.set_flag().value()}) {
    return WrongResult("the flag would not have the value");
  }
  if (edit.has_unset_flag() && !b.values.empty())
    return WrongResult("the flag would still be there");
  if (edit.has_merge_list_flag()) return CheckMerge(a.values, b.values, edit.merge_list_flag());
  return absl::OkStatus();
}

}  // namespace belay
