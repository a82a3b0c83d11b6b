#include "tests/unit/configfile_random.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"

namespace belay {
namespace {

using Kind = RandomValue::Kind;

std::string Quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out + '"';
}

// Letters in front, then letters, digits and what is harmless everywhere; no word of YAML 1.1.
bool IsHarmless(const std::string& text) {
  static constexpr std::array<const char*, 11> kWords = {"true", "false", "yes", "no", "on", "off",
                                                         "null", "y",     "n",   "Y",  "N"};
  if (text.empty() || std::find(kWords.begin(), kWords.end(), text) != kWords.end()) return false;
  if (!((text[0] >= 'a' && text[0] <= 'z') || (text[0] >= 'A' && text[0] <= 'Z'))) return false;
  return text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-") ==
         std::string::npos;
}

}  // namespace

std::string JsonOf(const RandomValue& value) {
  std::string out;
  switch (value.kind) {
    case Kind::Null:
      return "null";
    case Kind::Bool:
    case Kind::Number:
      return value.text;
    case Kind::Text:
      return Quoted(value.text);
    case Kind::List:
      for (const RandomValue& item : value.list) {
        absl::StrAppend(&out, out.empty() ? "" : ",", JsonOf(item));
      }
      return "[" + out + "]";
    case Kind::Map:
      for (const auto& [key, item] : value.map) {
        absl::StrAppend(&out, out.empty() ? "" : ",", Quoted(key), ":", JsonOf(item));
      }
      return "{" + out + "}";
  }
  return out;
}

std::string ConfigGenerator::Word() {
  static constexpr std::array<const char*, 16> kWords = {
      "name", "path", "enabled", "mode",  "key",  "memory.available", "group", "verbs",
      "a",    "b",    "rules",   "users", "x509", "cacheTTL",         "on",    "12"};
  return kWords[Below(kWords.size())];
}

std::string ConfigGenerator::HardText() {
  static constexpr std::array<const char*, 34> kTexts = {"true",   "no",
                                                         "On",     "y",
                                                         "null",   "~",
                                                         "",       "010",
                                                         "1e3",    "0x1F",
                                                         "1_000",  "2001-01-01",
                                                         "1:30",   "a: b",
                                                         "a #b",   "#c",
                                                         "'q'",    "\"q\"",
                                                         "\\",     "- x",
                                                         "[a]",    "{a}",
                                                         "*star",  "&and",
                                                         "!tag",   "%25",
                                                         "@at",    "trailing:",
                                                         " lead",  "tail ",
                                                         "a,b",    "two\nlines",
                                                         "tab\tx", "\xC3\xA4\xE4\xBD\xA0"};
  return kTexts[Below(kTexts.size())];
}

RandomValue ConfigGenerator::Map(int depth) {
  RandomValue value;
  value.kind = Kind::Map;
  for (uint32_t i = 0, n = Below(5); i < n; ++i) {
    const std::string key = Word();
    const bool there = std::any_of(value.map.begin(), value.map.end(),
                                   [&](const auto& entry) { return entry.key == key; });
    if (!there) value.map.push_back({key, Value(depth + 1)});
  }
  return value;
}

RandomValue ConfigGenerator::Value(int depth) {
  RandomValue value;
  const uint32_t which = Below(depth > 4 ? 60 : 100);
  if (which < 5) return value;
  if (which < 15) {
    value.kind = Kind::Bool;
    value.text = Chance(50) ? "true" : "false";
  } else if (which < 25) {
    static constexpr std::array<const char*, 6> kNumbers = {"0",     "7",   "-12",
                                                            "10250", "1.5", "-0.25"};
    value.kind = Kind::Number;
    value.text = kNumbers[Below(kNumbers.size())];
  } else if (which < 60) {
    static constexpr std::array<const char*, 8> kPlain = {
        "Webhook",       "/etc/kubernetes/pki/ca.crt",
        "cluster.local", "5m0s",
        "10.96.0.10",    "100Mi",
        "systemd",       "RequestReceived"};
    value.kind = Kind::Text;
    value.text = Chance(30) ? HardText() : kPlain[Below(kPlain.size())];
  } else if (which < 80) {
    return Map(depth);
  } else {
    value.kind = Kind::List;
    const bool named = Chance(40);
    for (uint32_t i = 0, n = Below(4); i < n; ++i) {
      RandomValue item = named ? Map(depth + 1) : Value(depth + 1);
      if (named) {
        std::erase_if(item.map, [](const auto& entry) { return entry.key == "name"; });
        RandomValue name;
        name.kind = Kind::Text;
        name.text = absl::StrCat("item", i);
        item.map.insert(item.map.begin() + Below(static_cast<uint32_t>(item.map.size()) + 1),
                        {"name", name});
      }
      value.list.push_back(std::move(item));
    }
  }
  return value;
}

RandomValue ConfigGenerator::Mutated(const RandomValue& value, int depth) {
  if (value.kind != Kind::Map && value.kind != Kind::List) return Chance(70) ? value : Value(depth);
  RandomValue out;
  out.kind = value.kind;
  for (const auto& [key, item] : value.map) {
    if (!Chance(15)) out.map.push_back({key, Mutated(item, depth + 1)});
  }
  for (const RandomValue& item : value.list) {
    if (Chance(10)) out.list.push_back(Value(depth + 1));
    if (!Chance(15)) out.list.push_back(Mutated(item, depth + 1));
  }
  while (Chance(35)) {
    const std::string key = absl::StrCat("fresh", out.map.size());
    if (value.kind == Kind::Map) out.map.push_back({key, Value(depth + 1)});
    if (value.kind == Kind::List) out.list.push_back(Value(depth + 1));
  }
  return out;
}

std::string ConfigGenerator::Text(const std::string& text, const Look& look, bool) {
  if (look.json) return Quoted(text);
  if (IsHarmless(text) && !Chance(look.quotes)) return text;
  const bool single = text.find_first_of("\n\t") == std::string::npos && Chance(40);
  if (!single) return Quoted(text);
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + "'";
}

std::string ConfigGenerator::Scalar(const RandomValue& value, const Look& look, bool flow) {
  if (value.kind == Kind::Text) return Text(value.text, look, flow);
  if (value.kind == Kind::Null) return look.json || Chance(50) ? "null" : "~";
  if (value.kind == Kind::Bool && !look.json && Chance(20)) {
    return value.text == "true" ? "yes" : "Off";
  }
  return value.text;
}

std::string ConfigGenerator::Flow(const RandomValue& value, const Look& look,
                                  const std::string& indent) {
  if (value.kind != Kind::List && value.kind != Kind::Map) return Scalar(value, look, true);
  const bool list = value.kind == Kind::List;
  const size_t size = list ? value.list.size() : value.map.size();
  if (size == 0) return list ? "[]" : "{}";
  const bool many_lines = look.json ? look.pretty && (!list || Chance(80)) : Chance(15);
  const std::string inner = indent + std::string(look.step, ' ');
  std::string out = list ? "[" : "{";
  for (size_t i = 0; i < size; ++i) {
    if (i > 0) out += many_lines || Chance(20) ? "," : ", ";
    if (many_lines) out += look.eol + inner;
    if (!list) out += Text(value.map[i].key, look, true) + ": ";
    out += Flow(list ? value.list[i] : value.map[i].value, look, many_lines ? inner : indent);
  }
  if (many_lines) out += look.eol + indent;
  return out + (list ? "]" : "}");
}

std::string ConfigGenerator::Trailing(const Look& look) {
  if (!look.comments) return Chance(5) ? "  " : "";
  return Chance(20) ? " # said: \"why\" {it} is" : "";
}

void ConfigGenerator::Noise(std::string& out, const Look& look, size_t indent) {
  if (!look.comments) return;
  if (Chance(10)) absl::StrAppend(&out, std::string(indent, ' '), "# key: commented out", look.eol);
  if (Chance(8)) out += look.eol;
}

void ConfigGenerator::BehindMark(std::string& out, const RandomValue& value, const Look& look,
                                 size_t indent, bool dash) {
  const bool collection = value.kind == Kind::List || value.kind == Kind::Map;
  const bool empty = collection && value.list.empty() && value.map.empty();
  const std::string lead = dash ? "" : " ";
  if (value.kind == Kind::Text && value.text == "two\nlines" && Chance(70)) {
    const std::string inner(indent + look.step, ' ');
    absl::StrAppend(&out, lead, "|-", look.eol, inner, "two", look.eol, inner, "lines", look.eol);
    return;
  }
  if (value.kind == Kind::Null && !dash && Chance(60)) {
    absl::StrAppend(&out, Trailing(look), look.eol);
    return;
  }
  if (!collection || empty || Chance(look.flow)) {
    absl::StrAppend(&out, lead, Flow(value, look, std::string(indent + look.step, ' ')),
                    Trailing(look), look.eol);
    return;
  }
  if (dash) {
    Block(out, value, look, indent + look.dash_width, true);
    return;
  }
  absl::StrAppend(&out, Trailing(look), look.eol);
  Block(out, value, look, indent + (value.kind == Kind::Map ? look.step : look.dash_step), false);
}

void ConfigGenerator::Block(std::string& out, const RandomValue& value, const Look& look,
                            size_t indent, bool first_inline) {
  const std::string blanks(indent, ' ');
  for (const auto& [key, item] : value.map) {
    if (!first_inline) Noise(out, look, indent);
    absl::StrAppend(&out, first_inline ? "" : blanks, Text(key, look, false), ":");
    first_inline = false;
    BehindMark(out, item, look, indent, false);
  }
  for (const RandomValue& item : value.list) {
    if (!first_inline) Noise(out, look, indent);
    absl::StrAppend(&out, first_inline ? "" : blanks, "-", std::string(look.dash_width - 1, ' '));
    first_inline = false;
    BehindMark(out, item, look, indent, true);
  }
}

RandomFile ConfigGenerator::File() {
  Look look;
  look.step = 1 + Below(4);
  look.dash_step = Chance(50) ? 0 : look.step;
  look.dash_width = Chance(90) ? 2 : 4;
  look.json = Chance(25);
  look.pretty = Chance(80);
  look.comments = Chance(60);
  look.quotes = Chance(30) ? 80 : 10;
  look.flow = Chance(50) ? 0 : 40;
  if (Chance(20)) look.eol = "\r\n";
  RandomFile file;
  if (Chance(5)) file.bytes += "\xEF\xBB\xBF";
  if (look.comments && !look.json) file.bytes += "# licence" + look.eol;
  const uint32_t documents = look.json || Chance(80) ? 1 : 2 + Below(2);
  for (uint32_t i = 0; i < documents; ++i) {
    RandomValue root = Map(0);
    RandomValue kind;
    kind.kind = Kind::Text;
    kind.text = absl::StrCat("Kind", i);
    root.map.insert(root.map.begin() + Below(static_cast<uint32_t>(root.map.size()) + 1),
                    {"kind", kind});
    if (i > 0 || (!look.json && Chance(10))) absl::StrAppend(&file.bytes, "---", look.eol);
    if (look.json) {
      file.bytes += Flow(root, look, "") + look.eol;
    } else {
      Block(file.bytes, root, look, 0, false);
      if (look.comments && Chance(30)) file.bytes += "# at the end" + look.eol + look.eol;
    }
    file.documents.push_back(std::move(root));
  }
  if (Chance(20)) file.bytes.resize(file.bytes.size() - look.eol.size());
  return file;
}

v1::Edit ConfigGenerator::Edit(const RandomFile& file) {
  const uint32_t chosen = Below(static_cast<uint32_t>(file.documents.size()));
  const std::string kind =
      file.documents.size() == 1 && Chance(50) ? "" : absl::StrCat("Kind", chosen);
  const RandomValue* node = &file.documents[chosen];
  google::protobuf::RepeatedPtrField<v1::ConfigPathElement> path;
  const bool set = Chance(65);
  for (int tries = 0; tries < 20; ++tries) {
    if (node->kind == Kind::Map && !node->map.empty() && !(set && Chance(15))) {
      const auto& [key, item] = node->map[Below(static_cast<uint32_t>(node->map.size()))];
      // A document that is chosen by its kind keeps it.
      if (path.empty() && key == "kind" && !kind.empty()) continue;
      path.Add()->set_key(key);
      node = &item;
    } else if (node->kind == Kind::List && !node->list.empty() && !(set && Chance(25))) {
      const uint32_t index = Below(static_cast<uint32_t>(node->list.size()));
      const RandomValue& item = node->list[index];
      const bool named =
          !item.map.empty() &&
          std::any_of(item.map.begin(), item.map.end(), [&](const auto& entry) {
            return entry.key == "name" && entry.value.text == absl::StrCat("item", index);
          });
      if (named && item.map.size() > 1 && Chance(50)) {
        path.Add()->mutable_select()->set_key("name");
        path.rbegin()->mutable_select()->set_value(absl::StrCat("item", index));
        const auto& entry = item.map[Below(static_cast<uint32_t>(item.map.size()))];
        if (entry.key == "name") break;  // the item itself
        path.Add()->set_key(entry.key);
        node = &entry.value;
      } else {
        path.Add()->set_index(index);
        node = &item;
      }
    } else {
      break;
    }
    if (Chance(30)) break;
  }
  const bool collection = node->kind == Kind::Map || node->kind == Kind::List;
  if (set && collection && !path.empty() && !path.rbegin()->has_select() && Chance(50)) {
    v1::Edit edit;
    *edit.mutable_set_config_key()->mutable_path() = path;
    edit.mutable_set_config_key()->set_kind(kind);
    edit.mutable_set_config_key()->set_value_json(JsonOf(Mutated(*node, 2)));
    return edit;
  }
  const bool selected = !path.empty() && path.rbegin()->has_select();
  if (selected) path.Add()->set_key("fresh");
  if (set && !selected) {
    if ((node->kind == Kind::Map || node->kind == Kind::Null) && Chance(60)) {
      path.Add()->set_key(absl::StrCat("new", Below(3)));
      if (Chance(30)) path.Add()->set_key("below");
    } else if (node->kind == Kind::List && Chance(60)) {
      path.Add()->set_index(static_cast<uint32_t>(node->list.size()));
    }
  }
  if (path.empty()) path.Add()->set_key("kind2");
  v1::Edit edit;
  if (set || path.rbegin()->has_index()) {
    *edit.mutable_set_config_key()->mutable_path() = path;
    edit.mutable_set_config_key()->set_kind(kind);
    edit.mutable_set_config_key()->set_value_json(JsonOf(Value(2)));
  } else {
    *edit.mutable_unset_config_key()->mutable_path() = path;
    edit.mutable_unset_config_key()->set_kind(kind);
  }
  return edit;
}

}  // namespace belay
