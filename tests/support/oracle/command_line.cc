#include "tests/support/oracle/command_line.h"

#include <algorithm>

#include "tests/support/oracle/shell_words.h"

namespace belay::oracle {
namespace {

bool LooksLikeFlag(const std::string& text) {
  return text.size() > 1 && text[0] == '-' && (text[1] < '0' || text[1] > '9');
}

std::string LastPart(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

bool IsText(const Value& item) {
  return item.kind != Value::Kind::List && item.kind != Value::Kind::Map;
}

struct Item {
  const Value* value;
  std::string text;
  char list;
  bool is_text;
  size_t begin = 0;
  size_t end = 0;
  bool redirects = false;
  bool controls = false;
};

std::vector<Item> ItemsOf(const Value& container) {
  std::vector<Item> items;
  for (const auto& [key, list] : {std::pair("command", 'c'), std::pair("args", 'a')}) {
    const Value* const found = container.Find(key);
    if (found == nullptr) continue;
    for (const ValuePtr& item : found->items) {
      items.push_back(
          {item.get(), IsText(*item) ? AsString(*item) : Print(*item), list, IsText(*item)});
    }
  }
  return items;
}

// The script of [SHELL, -c, SCRIPT]; nullptr when it is another command line.
const Value* ScriptOf(const std::vector<Item>& items) {
  const bool script = items.size() == 3 && items[0].is_text && IsShellName(items[0].text) &&
                      items[1].is_text && items[1].text.rfind('-', 0) == 0 &&
                      items[1].text.back() == 'c' && items[2].value->kind == Value::Kind::Text;
  return script ? items[2].value : nullptr;
}

std::vector<Item> ItemsOfScript(const Value& script, char list) {
  std::vector<Item> items;
  for (ShellWord& word : SplitScript(script.text)) {
    items.push_back({nullptr, std::move(word.text), list, true, word.begin, word.end,
                     word.redirects, word.controls});
  }
  return items;
}

// Behind the program and its subcommands; 0 when the image's own program gets flags only.
size_t FlagsBegin(const std::vector<Item>& items, const std::vector<std::string>& names,
                  bool* has_program) {
  size_t at = 0;
  bool found = false;
  for (size_t i = 0; i < items.size() && !found; ++i) {
    const std::string base = LastPart(items[i].text);
    const bool named = base == "hyperkube" ||
                       std::find_if(names.begin(), names.end(), [&](const std::string& name) {
                         return base == name || "kube-" + base == name || base == "kube-" + name;
                       }) != names.end();
    if (items[i].is_text && named && !LooksLikeFlag(items[i].text)) {
      at = i + 1;
      found = true;
    }
  }
  if (!found && !items.empty() && items[0].list == 'c') {
    at = 1;
    found = true;
  }
  *has_program = found;
  while (at < items.size() && items[at].is_text && !LooksLikeFlag(items[at].text) &&
         items[at].text != "--" && !items[at].redirects && !items[at].controls) {
    ++at;
  }
  return at;
}

}  // namespace

std::string NormalName(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

bool Word::SameAs(const Word& other) const {
  return flag == other.flag && value == other.value && text == other.text && list == other.list &&
         bare == other.bare && items.size() == other.items.size();
}

CommandLine ReadCommandLine(const Value& container, const std::vector<std::string>& names) {
  CommandLine line;
  std::vector<Item> items = ItemsOf(container);
  line.script = ScriptOf(items);
  if (line.script != nullptr) items = ItemsOfScript(*line.script, items[2].list);
  const size_t begin = FlagsBegin(items, names, &line.has_program);
  bool over = false;
  for (size_t i = 0; i < items.size(); ++i) {
    const Item& item = items[i];
    if (i == begin) line.flags_begin = line.words.size();
    if (i >= begin && !over && (item.text == "--" || item.controls)) {
      over = true;
      line.flags_end = line.words.size();
    }
    Word word{"", "", item.text, item.list, false, {}, item.begin, item.end};
    if (item.value != nullptr) word.items.push_back(item.value);
    if (i >= begin && !over && item.is_text && !item.redirects && LooksLikeFlag(item.text)) {
      const std::string body = item.text.substr(item.text[1] == '-' ? 2 : 1);
      const size_t equals = body.find('=');
      word.flag = NormalName(body.substr(0, equals));
      const bool next_is_value = i + 1 < items.size() && items[i + 1].is_text &&
                                 !LooksLikeFlag(items[i + 1].text) && items[i + 1].text != "--" &&
                                 !items[i + 1].redirects && !items[i + 1].controls;
      if (equals != std::string::npos) {
        word.value = body.substr(equals + 1);
      } else if (next_is_value) {
        ++i;
        word.value = items[i].text;
        if (items[i].value != nullptr) word.items.push_back(items[i].value);
        word.end = items[i].end;
      } else {
        word.value = "true";
        word.bare = true;
      }
    }
    line.words.push_back(std::move(word));
  }
  if (begin >= items.size()) line.flags_begin = line.words.size();
  if (!over) line.flags_end = line.words.size();
  return line;
}

std::vector<const Word*> UsesOf(const CommandLine& line, const std::string& flag) {
  std::vector<const Word*> uses;
  for (size_t i = line.flags_begin; i < line.flags_end; ++i) {
    if (line.words[i].flag == flag && !flag.empty()) uses.push_back(&line.words[i]);
  }
  return uses;
}

}  // namespace belay::oracle
