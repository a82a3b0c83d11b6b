#include "common/plan/json_value.h"

#include <algorithm>
#include <regex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace belay {
namespace {

enum class Plain { Text, True, False, Number, Uncertain };

// The patterns run over one short word each: std::regex recurses once a character.
constexpr std::size_t kLongestWord = 64;

bool Matches(const std::string& text, const char* pattern) {
  return std::regex_match(text, std::regex(pattern, std::regex::ECMAScript));
}

bool IsOneOf(const std::string& text, std::initializer_list<const char*> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

// A scalar without quotes, as YAML 1.1 (kubelet) and YAML 1.2 read it where they agree.
Plain ReadPlain(const std::string& text) {
  if (IsOneOf(text, {"true", "True", "TRUE"})) return Plain::True;
  if (IsOneOf(text, {"false", "False", "FALSE"})) return Plain::False;
  if (IsOneOf(text, {"y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO",
                     "off", "Off", "OFF", "<<", "="})) {
    return Plain::Uncertain;
  }
  if (text.empty() ||
      text.find_first_not_of("0123456789+-.:_abcdefoxABCDEFOXTtZz inINyY") != std::string::npos) {
    return Plain::Text;
  }
  if (text.size() > kLongestWord) {
    // Nothing this long is a date, and a number this long is none that survives being read.
    return text.find_first_not_of("0123456789+-._eE") == std::string::npos ? Plain::Uncertain
                                                                           : Plain::Text;
  }
  if (Matches(text, "-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][-+]?[0-9]{1,2})?")) return Plain::Number;
  if (Matches(text, "[-+]?(0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+)") ||
      Matches(text, "[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\\.[0-9_]*)?") ||
      Matches(text, "[-+]?([0-9][0-9_]*(\\.[0-9_]*)?|\\.[0-9_]+)([eE][-+]?[0-9]+)?") ||
      Matches(text, "[-+]?\\.(inf|Inf|INF|nan|NaN|NAN)") ||
      Matches(text, "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?")) {
    return Plain::Uncertain;
  }
  return Plain::Text;
}

std::string Quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += c;
    }
  }
  return out + '"';
}

class Writer {
 public:
  explicit Writer(std::vector<Mistake>& mistakes) : mistakes_(mistakes) {}

  std::string Write(const YamlNode& node) {
    switch (node.kind) {
      case YamlNode::Kind::Null:
        if (node.text.empty()) {
          Report(node.line, node.column,
                 "a value is missing: write null, or \"\" for an empty text");
        }
        return "null";
      case YamlNode::Kind::Scalar:
        return WriteScalar(node);
      case YamlNode::Kind::Sequence: {
        std::vector<std::string> items;
        for (const YamlNode& item : node.items) items.push_back(Write(item));
        return absl::StrCat("[", absl::StrJoin(items, ","), "]");
      }
      case YamlNode::Kind::Map:
        return WriteMap(node);
    }
    return "";
  }

 private:
  void Report(int line, int column, std::string message) {
    mistakes_.push_back({line, column, std::move(message)});
  }

  std::string WriteText(const std::string& text, int line, int column) {
    const bool control = std::any_of(text.begin(), text.end(), [](char c) {
      return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' && c != '\r') ||
             c == 0x7f;
    });
    if (control) Report(line, column, "a text must not hold control characters");
    return Quoted(text);
  }

  std::string WriteScalar(const YamlNode& node) {
    if (node.quoted) return WriteText(node.text, node.line, node.column);
    switch (ReadPlain(node.text)) {
      case Plain::True:
        return "true";
      case Plain::False:
        return "false";
      case Plain::Number:
        return node.text;
      case Plain::Uncertain:
        Report(node.line, node.column,
               absl::StrCat("'", node.text,
                            "' is not read alike by every reader of YAML: write true, false or a "
                            "decimal number, or put it in quotes"));
        return "null";
      case Plain::Text:
        break;
    }
    return WriteText(node.text, node.line, node.column);
  }

  std::string WriteMap(const YamlNode& node) {
    std::vector<const YamlEntry*> entries;
    for (const YamlEntry& entry : node.entries) entries.push_back(&entry);
    std::stable_sort(entries.begin(), entries.end(),
                     [](const YamlEntry* a, const YamlEntry* b) { return a->key < b->key; });
    std::vector<std::string> parts;
    for (const YamlEntry* entry : entries) {
      if (!entry->key_quoted && ReadPlain(entry->key) != Plain::Text) {
        Report(entry->line, entry->column,
               absl::StrCat("the key '", entry->key, "' must be in quotes"));
      }
      parts.push_back(absl::StrCat(WriteText(entry->key, entry->line, entry->column), ":",
                                   Write(entry->value)));
    }
    return absl::StrCat("{", absl::StrJoin(parts, ","), "}");
  }

  std::vector<Mistake>& mistakes_;
};

}  // namespace

std::string JsonOfYaml(const YamlNode& node, std::vector<Mistake>& mistakes) {
  return Writer(mistakes).Write(node);
}

bool IsCanonicalJson(std::string_view text) {
  // JSON is read as the YAML it is; whatever YAML allows beyond it is not written back the same.
  YamlDocument document = ReadYaml(text);
  if (!document.readable || !document.mistakes.empty()) return false;
  const std::string again = JsonOfYaml(document.root, document.mistakes);
  return document.mistakes.empty() && again == text;
}

}  // namespace belay
