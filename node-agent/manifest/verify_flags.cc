// JudgeCommandLine: the words of a command line before and after.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "node-agent/manifest/programs.h"
#include "node-agent/manifest/verify_parts.h"

namespace belay {
namespace {

struct Item {
  std::string_view list;  // "command", "args" or "script"
  const Model* value;
};

// One word of a command line: a flag with its value, or anything else.
struct Word {
  std::string flag;  // empty when it is not a flag
  std::string_view list;
  std::string_view text;
  std::string value;
  const Model* item = nullptr;
  const Model* second = nullptr;  // of "--flag value"

  bool SameAs(const Word& other) const {
    if (list != other.list || text != other.text || value != other.value ||
        (second == nullptr) != (other.second == nullptr) || !(*item == *other.item))
      return false;
    return second == nullptr || *second == *other.second;
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

// `sh -c SCRIPT` and nothing else: the words of the script, in place of the three items.  Blanks
// divide them, quotes do not; where that is too simple the edit is refused.
bool IsScript(const std::vector<Item>& items) {
  return items.size() == 3 && IsShell(items[0].value->text) &&
         IsScriptOption(items[1].value->text) && items[2].value->kind == Model::Kind::Text;
}
std::vector<Model> ScriptWords(const std::string& script) {
  std::vector<Model> words;
  std::string word;
  char quote = 0;
  bool open = false;
  bool comment = false;
  const auto end_word = [&] {
    if (open) words.push_back(TextModel(word));
    word.clear();
    open = false;
  };
  // A backslash joins two lines; a newline otherwise ends the command and is a word of its own, as
  // are ; | and & where they belong to no redirection (2>&1, >|x).
  for (const char c : absl::StrReplaceAll(script, {{"\\\n", " "}}) + "\n") {
    comment = (comment || (quote == 0 && !open && c == '#')) && c != '\n';
    if (comment) continue;
    const bool redirects = !word.empty() && (word.back() == '>' || word.back() == '<');
    const bool ends =
        c == '\n' || (std::string_view(";|&").find(c) != std::string_view::npos && !redirects);
    if (quote == 0 && (ends || c == ' ' || c == '\t')) {
      end_word();
      if (ends) words.push_back(TextModel(std::string(1, c)));
      continue;
    }
    open = true;
    if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == quote && quote != 0) {
      quote = 0;
    } else {
      word += c;
    }
  }
  return words;
}

// "2>&1", ">/dev/null", "|": no value of the flag in front of it.
bool IsOperator(const Item& item) {
  if (item.list != "script") return false;
  const size_t at = item.value->text.find_first_not_of("0123456789");
  return at != std::string::npos &&
         std::string_view("<>|&;\n").find(item.value->text[at]) != std::string_view::npos;
}
// Behind it stands another command.
bool EndsCommand(const Item& item) {
  return IsOperator(item) &&
         std::string_view("|&;\n").find(item.value->text[0]) != std::string_view::npos;
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

// The words point into the container and into `script`, which takes the words of a script.
std::vector<Word> WordsOf(const Model& container, const std::vector<std::string>& names,
                          std::vector<Model>& script) {
  std::vector<Item> items = ItemsOf(container);
  size_t program = 0;
  if (IsScript(items)) {
    script = ScriptWords(items[2].value->text);
    items.clear();
    for (const Model& word : script) items.push_back({"script", &word});
    const auto found = std::find_if(items.begin(), items.end(), [&](const Item& item) {
      return IsNamedProgram(item.value->text, names) || IsKnownProgram(item.value->text);
    });
    program = static_cast<size_t>(found - items.begin());
  } else {
    program = ProgramIndex(items, names);
  }
  std::vector<Word> words;
  bool over = false;
  for (size_t i = 0; i < items.size(); ++i) {
    const std::string& text = items[i].value->text;
    Word word{"", items[i].list, text, "", items[i].value, nullptr};
    over = over || (i > program && (text == "--" || EndsCommand(items[i])));
    if (i >= program && !over && IsScalar(*items[i].value) && IsFlagWord(text)) {
      const std::string body = text.substr(text[1] == '-' ? 2 : 1);
      const size_t equals = body.find('=');
      word.flag = NormalFlagName(body.substr(0, equals));
      const bool next = i + 1 < items.size() && IsScalar(*items[i + 1].value) &&
                        !IsFlagWord(items[i + 1].value->text) && items[i + 1].value->text != "--" &&
                        !IsOperator(items[i + 1]);
      if (equals != std::string::npos) {
        word.value = body.substr(equals + 1);
      } else if (next) {
        ++i;
        word.value = items[i].value->text;
        word.second = items[i].value;
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
    if (use->item->kind != Model::Kind::Text ||
        (use->second != nullptr && use->second->kind != Model::Kind::Text)) {
      return false;
    }
  }
  return true;
}

}  // namespace

absl::Status JudgeCommandLine(const JudgedPlace& before, const JudgedPlace& after,
                              const std::string& manifest, const v1::Edit& edit) {
  const std::vector<std::string> names = {before.name, manifest};
  const std::vector<Item> old_items = ItemsOf(*before.container);
  const std::vector<Item> new_items = ItemsOf(*after.container);
  if (IsScript(old_items) != IsScript(new_items) ||
      (IsScript(old_items) &&
       !(*old_items[0].value == *new_items[0].value && *old_items[1].value == *new_items[1].value &&
         old_items[2].list == new_items[2].list))) {
    return WrongResult("the shell would be started in another way");
  }
  // args may come where nothing is given; command never does, it would replace the entry point.
  const auto has = [](const JudgedPlace& place, const char* key) {
    return place.container->Find(key) != nullptr;
  };
  if (has(before, "command") != has(after, "command") ||
      (has(before, "args") != has(after, "args") && !old_items.empty())) {
    return WrongResult("the entry point of the image would be replaced");
  }
  std::vector<Model> old_script;
  std::vector<Model> new_script;
  const std::vector<Word> old_words = WordsOf(*before.container, names, old_script);
  const std::vector<Word> new_words = WordsOf(*after.container, names, new_script);
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
  if (edit.has_set_flag()) {
    const bool right = std::all_of(b.values.begin(), b.values.end(), [&](const std::string& value) {
      return value == edit.set_flag().value();
    });
    // Several uses are right only where they were so already.
    if (!right || b.values.empty() || (b.values.size() > 1 && a.values != b.values))
      return WrongResult("the flag would not have the value");
  }
  if (edit.has_unset_flag() && !b.values.empty())
    return WrongResult("the flag would still be there");
  if (edit.has_merge_list_flag()) return CheckMerge(a.values, b.values, edit.merge_list_flag());
  return absl::OkStatus();
}

}  // namespace belay
