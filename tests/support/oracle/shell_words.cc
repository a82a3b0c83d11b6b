#include "tests/support/oracle/shell_words.h"

#include <algorithm>
#include <array>

namespace belay::oracle {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

}  // namespace

bool IsShellName(std::string_view program) {
  static constexpr std::array<std::string_view, 6> kShells = {"sh",   "bash", "ash",
                                                              "dash", "zsh",  "ksh"};
  const size_t slash = program.rfind('/');
  const std::string_view base =
      slash == std::string_view::npos ? program : program.substr(slash + 1);
  return std::find(kShells.begin(), kShells.end(), base) != kShells.end();
}

std::vector<ShellWord> SplitScript(std::string_view script) {
  std::vector<ShellWord> words;
  size_t at = 0;
  bool target = false;  // of a redirection that ended in its operator
  while (at < script.size()) {
    if (IsBlank(script[at])) {
      ++at;
      continue;
    }
    if (script.substr(at, 2) == "\\\n") {
      at += 2;
      continue;
    }
    if (script[at] == '#') {
      at = std::min(script.find('\n', at), script.size());
      continue;
    }
    ShellWord word;
    word.begin = at;
    if (script[at] == '\n' || script[at] == ';' || script[at] == '|' || script[at] == '&') {
      word.controls = true;
      word.text = std::string(1, script[at++]);
      word.end = at;
      // Blank lines at the end are nothing.
      if (script.find_first_not_of(" \t\n", word.begin) == std::string_view::npos) break;
      words.push_back(word);
      continue;
    }
    bool operator_last = false;
    while (at < script.size() && !IsBlank(script[at]) && script[at] != '\n' && script[at] != ';' &&
           script[at] != '|') {
      const char c = script[at];
      if (c == '&' && !operator_last) break;
      operator_last = c == '>' || c == '<' || (c == '&' && operator_last);
      word.redirects = word.redirects || operator_last;
      if (c == '\\' && at + 1 < script.size()) {
        if (script[at + 1] != '\n') word.text += script[at + 1];
        at += 2;
      } else if (c == '\'') {
        const size_t close = std::min(script.find('\'', at + 1), script.size());
        word.text += script.substr(at + 1, close - at - 1);
        at = close + 1;
      } else if (c == '"') {
        ++at;
        while (at < script.size() && script[at] != '"') {
          const bool escape =
              script[at] == '\\' && at + 1 < script.size() &&
              std::string_view("\"\\$`").find(script[at + 1]) != std::string_view::npos;
          if (escape) ++at;
          word.text += script[at++];
        }
        ++at;
      } else {
        word.text += c;
        ++at;
      }
    }
    at = std::min(at, script.size());
    word.end = at;
    if (target) word.redirects = true;
    target = operator_last;
    words.push_back(word);
  }
  return words;
}

}  // namespace belay::oracle
