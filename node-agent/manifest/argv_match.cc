// ArgvMatches: is this the command line that kubelet made of the manifest's?
#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "node-agent/manifest/pod.h"
#include "node-agent/manifest/programs.h"
#include "node-agent/manifest/shell_words.h"

namespace belay {
namespace {

// The literal pieces between the "$(NAME)" of an item; "$$" is "$".
std::vector<std::string> PiecesOf(std::string_view item) {
  std::vector<std::string> pieces(1);
  for (size_t at = 0; at < item.size(); ++at) {
    const std::string_view two = item.substr(at, 2);
    const size_t close = two == "$(" ? item.find(')', at) : std::string_view::npos;
    if (close != std::string_view::npos) {
      pieces.emplace_back();
      at = close;
    } else {
      if (two == "$$") ++at;
      pieces.back() += item[at];
    }
  }
  return pieces;
}

// Anything may stand in a variable's place.  Without backtracking: the first piece is a prefix, the
// last a suffix, and each between is taken where it comes first.
bool MatchesExpanded(std::string_view item, std::string_view text) {
  const std::vector<std::string> pieces = PiecesOf(item);
  if (pieces.size() == 1) return text == pieces.front();
  const std::string& first = pieces.front();
  const std::string& last = pieces.back();
  if (text.size() < first.size() + last.size() || text.substr(0, first.size()) != first ||
      text.substr(text.size() - last.size()) != last) {
    return false;
  }
  text = text.substr(first.size(), text.size() - first.size() - last.size());
  for (size_t i = 1; i + 1 < pieces.size(); ++i) {
    const auto at =
        std::search(text.begin(), text.end(),
                    std::boyer_moore_horspool_searcher(pieces[i].begin(), pieces[i].end()));
    if (at == text.end() && !pieces[i].empty()) return false;
    text.remove_prefix(static_cast<size_t>(at - text.begin()) + pieces[i].size());
  }
  return true;
}

// What a shell starts has the words of its script, with what the shell puts for variables.
bool MatchesScript(const std::vector<std::string>& expected,
                   const std::vector<std::string>& running, std::string_view component) {
  if (expected.size() != 3 || !IsShell(expected[0])) return false;
  const absl::StatusOr<std::vector<ShellWord>> words =
      ProgramWords(expected[2], {std::string(component)});
  if (!words.ok() || words->size() != running.size()) return false;
  for (size_t i = 0; i < running.size(); ++i) {
    const ShellWord& word = (*words)[i];
    const std::string fixed = word.text.substr(0, word.text.find_first_of("$*?[~"));
    const bool same =
        word.literal ? word.text == running[i] : running[i].compare(0, fixed.size(), fixed) == 0;
    if (!same) return false;
  }
  return true;
}

// Do expected[from...] and running[skip...] match, item by item?
bool TailMatches(const std::vector<std::string>& expected, size_t from,
                 const std::vector<std::string>& running, size_t skip) {
  if (expected.size() - from != running.size() - skip) return false;
  for (size_t i = from; i < expected.size(); ++i) {
    if (!MatchesExpanded(expected[i], running[i - from + skip])) return false;
  }
  return true;
}

}  // namespace

bool ArgvMatches(const std::vector<std::string>& expected, const std::vector<std::string>& running,
                 std::string_view component) {
  if (expected.empty() || running.empty()) return false;
  if (TailMatches(expected, 0, running, 0) || MatchesScript(expected, running, component))
    return true;
  for (size_t i = 1; i < expected.size(); ++i) {
    const std::string_view base = BaseName(expected[i]);
    if ((base == component || base == "hyperkube") && TailMatches(expected, i, running, 0))
      return true;
  }
  // Without `command` the image's entry point stands in front of args.
  return IsFlagWord(expected.front()) && BaseName(running.front()) == component &&
         TailMatches(expected, 0, running, 1);
}

}  // namespace belay
