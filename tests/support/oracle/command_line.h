// A container's command line as the program reads it: what starts it, its flags with their values,
// and what stands behind "--".  Written from EDIT_CASES.md, not from the editor.  Pure.
#pragma once
#include <string>
#include <vector>

#include "tests/support/oracle/yaml_value.h"

namespace belay::oracle {

struct Word {
  std::string flag;   // normal name; empty when it is no flag
  std::string value;  // of a flag; "true" where it is bare
  std::string text;   // the item that names it, as it stands
  char list = 'c';    // 'c' of command, 'a' of args
  bool bare = false;
  std::vector<const Value*> items;  // one, or two in "--flag value"; none of a script
  size_t begin = 0;                 // in a script's text
  size_t end = 0;

  bool SameAs(const Word& other) const;
};

// With [SHELL, -c, SCRIPT] the words are the script's.
struct CommandLine {
  const Value* script = nullptr;
  std::vector<Word> words;
  size_t flags_begin = 0;  // behind wrapper, program and subcommand
  size_t flags_end = 0;    // at "--" or the end
  bool has_program = false;
};

// `names` are what the program may be called.
CommandLine ReadCommandLine(const Value& container, const std::vector<std::string>& names);

std::string NormalName(std::string name);

// The flags of that name, in order.
std::vector<const Word*> UsesOf(const CommandLine& line, const std::string& flag);

}  // namespace belay::oracle
