#include "node-agent/manifest/script_edit.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/status_macros.h"
#include "node-agent/manifest/check_bytes.h"
#include "node-agent/manifest/programs.h"
#include "node-agent/manifest/script_map.h"

namespace belay {
namespace {

// The same word to a shell, without what ends a plain text or begins a comment in YAML: a blank
// stands in the shell's quotes only, and these can be closed and opened anywhere.
std::string PlainInYaml(const std::string& word) {
  std::string text = absl::StrReplaceAll(word, {{": ", ":'' "}, {" #", " ''#"}});
  return text.back() == ':' ? absl::StrCat("'", text, "'") : text;
}

// Inside of the quotes that stand around the script already.
absl::StatusOr<std::string> Written(const ScriptPlace& script, const std::string& text) {
  std::string out;
  switch (script.node->style) {
    case ManifestNode::Style::Plain:
      if (script.flow && text.find_first_of(",[]{}?") != std::string::npos) {
        return RefuseAtLine(script.node->line,
                            "the program is started by a shell, its script stands without quotes "
                            "and the new word cannot; quote the script");
      }
      return PlainInYaml(text);
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
                         IsScriptOption(items[1]->value) &&
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

}  // namespace belay
