#include "node-agent/driver/restore.h"

#include "absl/strings/str_cat.h"
#include "common/base/digest.h"
#include "common/base/status_macros.h"
#include "node-agent/driver/local_journal.h"
#include "node-agent/transaction/file_image.h"
#include "node-agent/transaction/machine.h"
#include "node-agent/transaction/publisher.h"

namespace belay {

absl::StatusOr<std::string> RestoreFile(FileSystem& host, const FileSystem& state,
                                        const std::vector<v1::Record>& records,
                                        const std::string& copy) {
  ASSIGN_OR_RETURN(const NodeState node, Fold(records));
  if (node.phase != Phase::Idle) {
    return absl::FailedPreconditionError(
        absl::StrCat("a step is ", PhaseText(node.phase),
                     "; start the agent, it ends the step by itself. Nothing was changed"));
  }
  for (const Backup& backup : BackupsOf(node)) {
    if (backup.copy != copy) continue;
    ASSIGN_OR_RETURN(const FileContent content, state.Read(copy));
    if (Sha256Hex(content.bytes) != backup.image.digest()) {
      return absl::DataLossError(
          absl::StrCat(copy, " does not hold the bytes that were saved; nothing was changed"));
    }
    ASSIGN_OR_RETURN(const v1::FileImage now, ReadImage(host, backup.path));
    Publisher publisher(host, Sha256Hex(node.journal_id).substr(0, 12));
    ASSIGN_OR_RETURN(const Published published,
                     publisher.Replace(backup.path, now, backup.image, content.bytes));
    switch (published) {
      case Published::Already:
        return absl::StrCat(backup.path, " is already so; nothing was written\n");
      case Published::Foreign:
        return absl::AbortedError(absl::StrCat(
            backup.path, " was changed by somebody else at this moment; nothing was changed"));
      case Published::Written:
        return absl::StrCat(backup.path, " is restored from ", copy,
                            "\nNothing has proved it: see that its component is healthy\n");
    }
  }
  return absl::NotFoundError(
      absl::StrCat(copy,
                   " is no backup of this node's journal; belay-agent backups lists them. Nothing "
                   "was changed"));
}

}  // namespace belay
