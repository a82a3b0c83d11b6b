#include "node-agent/transaction/restore_commands.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/os/file_system.h"

namespace belay {
namespace {

std::string Quote(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

}  // namespace

std::vector<std::string> RestoreCommands(const v1::Prepared& prepared,
                                         const std::string& path_prefix) {
  std::vector<std::string> commands;
  for (int i = prepared.changes_size() - 1; i >= 0; --i) {
    const v1::FileChange& change = prepared.changes(i);
    const std::string path = path_prefix + change.path();
    if (!change.before().exists()) {
      commands.push_back(absl::StrCat("rm -f -- ", Quote(path)));
      continue;
    }
    // The dot keeps kubelet from reading the half-written copy as a pod.
    const std::string temporary =
        absl::StrCat(ParentDirectory(path), "/.", BaseName(path), ".belay-restore");
    commands.push_back(absl::StrCat("cp -a -- ", Quote(change.backup_path()), " ", Quote(temporary),
                                    " && sync && mv -f -- ", Quote(temporary), " ", Quote(path)));
  }
  for (int i = prepared.created_directories_size() - 1; i >= 0; --i) {
    commands.push_back(absl::StrCat("rmdir --ignore-fail-on-non-empty -- ",
                                    Quote(path_prefix + prepared.created_directories(i))));
  }
  commands.push_back("sync");
  return commands;
}

}  // namespace belay
