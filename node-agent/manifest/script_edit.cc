#include "node-agent/manifest/script_edit.h"

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "node-agent/manifest/check_bytes.h"
#include "node-agent/manifest/programs.h"

namespace belay {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// For each character of the script that is no blank, where it stands in the file.
class ScriptMap {
 public:
  static absl::StatusOr<ScriptMap> Make(std::string_view bytes, const ManifestNode& node) {
    ScriptMap map;
    map.begin_.resize(node.value.size());
    map.end_.resize(node.value.size());
    size_t at = node.begin;
    size_t limit = node.begin + node.length;
    switch (node.style) {
      case ManifestNode::Style::Plain:
        break;
      case ManifestNode::Style::SingleQuoted:
      case ManifestNode::Style::DoubleQuoted:
        ++at;
        --limit;
        break;
      case ManifestNode::Style::Block:
        at = NextLine(bytes, at);
        break;
    }
    for (size_t i = 0; i < node.value.size(); ++i) {
      if (IsBlank(node.value[i])) continue;
      at = SkipBlanks(bytes, at, limit, node.style);
      const size_t length = CharacterAt(bytes, at, limit, node.style, node.value[i]);
      if (length == 0) {
        return RefuseAtLine(node.line,
                            "the program is started by a shell and its script is written with "
                            "escapes; write it without them");
      }
      map.begin_[i] = at;
      at += length;
      map.end_[i] = at;
    }
    return map;
  }

  size_t BeginOf(const ShellWord& word) const { return begin_[word.begin]; }
  size_t EndOf(const ShellWord& word) const { return end_[word.end - 1]; }

 private:
  static size_t SkipBlanks(std::string_view bytes, size_t at, size_t limit,
                           ManifestNode::Style style) {
    while (at < limit) {
      const bool escaped =
          style == ManifestNode::Style::DoubleQuoted && bytes[at] == '\\' && at + 1 < limit &&
          std::string_view("nt \r\n").find(bytes[at + 1]) != std::string_view::npos;
      if (!escaped && !IsBlank(bytes[at])) break;
      at += escaped ? 2 : 1;
    }
    return at;
  }

  // How many bytes stand for `wanted`; 0 when it is something else.
  static size_t CharacterAt(std::string_view bytes, size_t at, size_t limit,
                            ManifestNode::Style style, char wanted) {
    if (at >= limit) return 0;
    if (style == ManifestNode::Style::SingleQuoted && bytes[at] == '\'')
      return wanted == '\'' && at + 1 < limit && bytes[at + 1] == '\'' ? 2 : 0;
    if (style == ManifestNode::Style::DoubleQuoted && bytes[at] == '\\') {
      const bool itself = at + 1 < limit && bytes[at + 1] == wanted &&
                          (wanted == '"' || wanted == '\\' || wanted == '/');
      return itself ? 2 : 0;
    }
    return bytes[at] == wanted ? 1 : 0;
  }

  std::vector<size_t> begin_;
  std::vector<size_t> end_;
};

// Inside of the quotes that stand around the script already.
absl::StatusOr<std::string> Written(const ScriptPlace& script, const std::string& text) {
  std::string out;
  switch (script.node->style) {
    case ManifestNode::Style::Plain:
      if (text.find(": ") != std::string::npos || text.find(" #") != std::string::npos ||
          text.back() == ':' ||
          (script.flow && text.find_first_of(",[]{}?") != std::string::npos)) {
        return RefuseAtLine(script.node->line,
                            "the program is started by a shell, its script stands without quotes "
                            "and the new word cannot; quote the script");
      }
      return text;
    case ManifestNode::Style::Block:
      return text;
    case ManifestNode::Style::SingleQuoted:
      for (const char c : text) out.append(c == '\'' ? 2 : 1, c);
      return out;
    case ManifestNode::Style::DoubleQuoted:
      for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
      }
      return out;
  }
  return out;
}

}  // namespace

absl::StatusOr<std::optional<ScriptPlace>> FindScript(const EditPlace& place) {
  std::vector<const ManifestNode*> items;
  ScriptPlace script;
  for (const ManifestNode* const list : {place.command, place.args}) {
    if (list == nullptr) continue;
    for (const ManifestNode& item : list->items) items.push_back(&item);
    if (!list->items.empty()) script.flow = list->flow;
  }
  const bool is_script = items.size() == 3 && IsShell(items[0]->value) &&
                         (items[1]->value == "-c" || items[1]->value == "-ec") &&
                         items[2]->kind == ManifestNode::Kind::Scalar;
  if (!is_script) return std::optional<ScriptPlace>();
  RETURN_IF_ERROR(CheckOwnValue(*items[2]));
  script.node = items[2];
  absl::StatusOr<std::vector<ShellWord>> words = ProgramWords(items[2]->value, place.names);
  if (!words.ok()) {
    return RefuseAtLine(items[0]->line,
                        absl::StrCat("the program is started by a shell ('", items[0]->value,
                                     "'); give its flags as items of command or args (the script ",
                                     words.status().message(), ")"));
  }
  script.words = *std::move(words);
  return std::optional<ScriptPlace>(std::move(script));
}

absl::StatusOr<Splice> ReplaceWord(std::string_view bytes, const ScriptPlace& script, size_t word,
                                   const std::string& text) {
  ASSIGN_OR_RETURN(const ScriptMap map, ScriptMap::Make(bytes, *script.node));
  ASSIGN_OR_RETURN(const std::string written, Written(script, ShellQuoted(text)));
  return Splice{map.BeginOf(script.words[word]), map.EndOf(script.words[word]), written};
}

absl::StatusOr<Splice> InsertWordBehind(std::string_view bytes, const ScriptPlace& script,
                                        size_t word, const std::string& text) {
  ASSIGN_OR_RETURN(const ScriptMap map, ScriptMap::Make(bytes, *script.node));
  ASSIGN_OR_RETURN(const std::string written, Written(script, ShellQuoted(text)));
  const size_t end = map.EndOf(script.words[word]);
  return Splice{end, end, " " + written};
}

absl::StatusOr<Splice> RemoveWord(std::string_view bytes, const ScriptPlace& script, size_t word) {
  ASSIGN_OR_RETURN(const ScriptMap map, ScriptMap::Make(bytes, *script.node));
  if (word == 0) return RefuseAtLine(script.node->line, "the program itself cannot be removed");
  // A redirection may stand between two words; only the blanks right in front go.
  const size_t start = map.BeginOf(script.words[word]);
  size_t end = map.EndOf(script.words[word]);
  size_t begin = start;
  while (begin > script.node->begin && IsBlank(bytes[begin - 1])) --begin;
  const bool first = bytes.substr(begin, start - begin).find('\n') != std::string_view::npos;
  const size_t next = bytes.find_first_not_of(" \t", end);
  const bool last = next == std::string_view::npos || IsBlank(bytes[next]) ||
                    next >= script.node->begin + script.node->length;
  if (first && !last) {
    // Others follow on the line, and it stays theirs.
    begin = start;
    end = next;
  }
  return Splice{begin, end, ""};
}

}  // namespace belay
