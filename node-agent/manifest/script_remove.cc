// RemoveWords: taking words out of a script, so that every other word stays in its command.
#include "common/base/status_macros.h"
#include "node-agent/manifest/check_bytes.h"
#include "node-agent/manifest/script_edit.h"
#include "node-agent/manifest/script_map.h"

namespace belay {
namespace {

// Words that stand behind each other with nothing but blanks and line continuations between.
struct Run {
  size_t begin = 0;
  size_t end = 0;
};

bool OnlyBlanks(std::string_view between) {
  return between.find_first_not_of(" \t\r\n\\") == std::string_view::npos;
}

// bytes[at] is a backslash that joins its line to the next.
bool IsContinuation(std::string_view bytes, size_t at) {
  if (at >= bytes.size() || bytes[at] != '\\') return false;
  const std::string_view behind = bytes.substr(at + 1, 2);
  return behind.substr(0, 1) == "\n" || behind == "\r\n";
}

Splice Cut(std::string_view bytes, const ManifestNode& script, Run run) {
  const size_t limit = script.begin + script.length;
  size_t begin = run.begin;
  // A redirection may stand between two words; only the blanks right in front go.
  while (begin > script.begin && IsScriptBlank(bytes[begin - 1])) --begin;
  const std::string_view lead = bytes.substr(begin, run.begin - begin);
  if (lead.find('\n') == std::string_view::npos) return {begin, run.end, ""};
  const size_t next = std::min(bytes.find_first_not_of(" \t", run.end), bytes.size());
  if (IsContinuation(bytes, next)) {
    // They have their lines to themselves, and the line before goes on with the one behind.
    return {LineStart(bytes, run.begin), NextLine(bytes, next), ""};
  }
  const bool last = next >= limit || IsScriptBlank(bytes[next]);
  // Others follow on the line, and it stays theirs.
  if (!last) return {run.begin, next, ""};
  // Nothing follows: the line before must not go on, or what stands below would be joined to it.
  if (begin > script.begin && IsContinuation(bytes, begin - 1)) {
    --begin;
    while (begin > script.begin && (bytes[begin - 1] == ' ' || bytes[begin - 1] == '\t')) --begin;
  }
  return {begin, run.end, ""};
}

}  // namespace

absl::StatusOr<std::vector<Splice>> RemoveWords(std::string_view bytes, const ScriptPlace& script,
                                                const std::vector<size_t>& words) {
  ASSIGN_OR_RETURN(const ScriptMap map, ScriptMap::Make(bytes, *script.node));
  std::vector<Splice> splices;
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == 0) {
      return RefuseAtLine(script.node->line, "the program itself cannot be removed");
    }
    Run run{map.BeginOf(script.words[words[i]]), map.EndOf(script.words[words[i]])};
    while (i + 1 < words.size() && words[i + 1] == words[i] + 1) {
      const size_t begin = map.BeginOf(script.words[words[i + 1]]);
      if (!OnlyBlanks(bytes.substr(run.end, begin - run.end))) break;
      run.end = map.EndOf(script.words[words[++i]]);
    }
    splices.push_back(Cut(bytes, *script.node, run));
  }
  return splices;
}

}  // namespace belay
