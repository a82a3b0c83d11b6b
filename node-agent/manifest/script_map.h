// Where the words of a script stand in the bytes of the scalar that holds it.  Pure.
#pragma once
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "node-agent/manifest/shell_words.h"
#include "node-agent/manifest/tree.h"

namespace belay {

inline bool IsScriptBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// For each character of the script that is no blank, where it stands in the file.
class ScriptMap {
 public:
  static absl::StatusOr<ScriptMap> Make(std::string_view bytes, const ManifestNode& node);

  size_t BeginOf(const ShellWord& word) const { return begin_[word.begin]; }
  size_t EndOf(const ShellWord& word) const { return end_[word.end - 1]; }

 private:
  std::vector<size_t> begin_;
  std::vector<size_t> end_;
};

}  // namespace belay
