// A script that a shell is given with -c, as words of a simple command: blanks, quotes,
// backslashes, redirections, comments and control operators.  No expansion: a word is kept as it
// stands.  Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace belay::oracle {

struct ShellWord {
  std::string text;  // without quotes
  size_t begin = 0;  // in the script
  size_t end = 0;
  bool redirects = false;  // holds an operator of redirection, or is the target of one
  bool controls = false;   // ends the simple command: | || & && ; or a new line
};
std::vector<ShellWord> SplitScript(std::string_view script);

bool IsShellName(std::string_view program);

}  // namespace belay::oracle
