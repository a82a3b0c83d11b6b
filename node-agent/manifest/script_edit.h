// Flags that are words of a script (`sh -c "kube-apiserver --v=2 2>&1"`): which script a container
// runs, and changes of single words of it as splices of the scalar that holds it.  Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "node-agent/manifest/locate.h"
#include "node-agent/manifest/shell_words.h"
#include "node-agent/manifest/splice.h"

namespace belay {

struct ScriptPlace {
  const ManifestNode* node = nullptr;  // the scalar; points into the tree
  bool flow = false;                   // of the list it stands in
  std::vector<ShellWord> words;        // of the program, the program first
};

// Nothing when the container is not started by a shell as [SHELL, -c, SCRIPT]; refused with the
// line when it is, but the script is not one whose words are certain.
absl::StatusOr<std::optional<ScriptPlace>> FindScript(const EditPlace& place);

// Words are indexes into ScriptPlace::words; texts are not quoted yet.
absl::StatusOr<Splice> ReplaceWord(std::string_view bytes, const ScriptPlace& script, size_t word,
                                   const std::string& text);
absl::StatusOr<Splice> InsertWordBehind(std::string_view bytes, const ScriptPlace& script,
                                        size_t word, const std::string& text);
// The words, ascending and each once, with the blanks and line continuations that only they need.
absl::StatusOr<std::vector<Splice>> RemoveWords(std::string_view bytes, const ScriptPlace& script,
                                                const std::vector<size_t>& words);

}  // namespace belay
