// Which items of a container's command line are flags of the program, as pflag reads them: behind
// the binary and its subcommand, before "--", with "--f=v", "--f v" and bare "--f".  What a shell
// starts, and a command in which several items could be the program, is refused.  Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "node-agent/manifest/programs.h"

namespace belay {

struct FlagUse {
  std::string name;                   // without dashes, '_' as '-'
  size_t index = 0;                   // of the item that names the flag
  std::optional<size_t> value_index;  // of the second item in "--f v"
  std::optional<std::string> value;   // nothing for a bare flag
};

struct ArgvView {
  size_t flags_begin = 0;     // behind binary and subcommand
  std::vector<FlagUse> uses;  // in order
};

// An item of the command line with its place in the file, for messages.
struct ArgvItem {
  std::string text;
  bool is_text = true;  // false for items that are lists, maps or null
  int line = 1;
};

// `names` are what the binary may be called (manifest and container); `has_command` is false when
// the image's entry point is the binary.
absl::StatusOr<ArgvView> ReadArgv(const std::vector<ArgvItem>& argv,
                                  const std::vector<std::string>& names, bool has_command);

}  // namespace belay
