// The words of a simple shell script and where they stand in it: one program with flags, maybe with
// redirections, a pipe, `exec`, and commands before or behind.  Whatever can hide words (command
// substitution, subshells, control flow, here-documents) is refused.  Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace belay {

struct ShellWord {
  size_t begin = 0;
  size_t end = 0;
  std::string text;     // without its quotes
  bool literal = true;  // false when it holds variables or wildcards
};

// The words of the one command that runs the program, the program first; `names` are what it may be
// called.  FAILED_PRECONDITION without line when that is not certain.
absl::StatusOr<std::vector<ShellWord>> ProgramWords(std::string_view script,
                                                    const std::vector<std::string>& names);

// What [SHELL, -c, SCRIPT] comes to: the program's words.  Everything else, and a script that is
// not certain, stays as it is.
std::vector<std::string> WithScriptWords(const std::vector<std::string>& argv,
                                         const std::vector<std::string>& names);

// The text as one word: plain where nothing in it means anything to a shell, else in single quotes.
std::string ShellQuoted(std::string_view text);

}  // namespace belay
