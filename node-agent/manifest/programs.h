// Names as they stand in the containers of control planes: what is a shell, what only starts
// another program, what is the program itself, what is a key.  Data only, shared by who locates and
// who judges; everything else of the two is apart.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace belay {

std::string_view BaseName(std::string_view path);

bool IsShell(std::string_view word);
// The option behind which a shell takes its script: letters of which the last is c ("-c", "-euxc").
bool IsScriptOption(std::string_view word);
// Takes flags and operands of its own and then the program ("/go-runner --log-file=x PROGRAM ...").
bool IsWrapper(std::string_view word);
// Called like one of `names` (with or without "kube-"), or like a well-known program.
bool IsNamedProgram(std::string_view word, const std::vector<std::string>& names);
bool IsKnownProgram(std::string_view word);
// Without command and args, this image runs a program that giving it args would replace.
bool IsRunByImageCommand(std::string_view image);

// A key that kubelet knows in a container; it ignores every other, so that `comand` is none.
bool IsContainerKey(std::string_view key);

// "-999" is a number, not a flag.
bool IsFlagWord(std::string_view word);

// '_' counts as '-', as in the programs themselves.
std::string NormalFlagName(std::string_view name);

}  // namespace belay
