// What an operator does with the agent's journal and backups on the node itself, with no
// coordinator in reach.
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/base/time_text.h"
#include "common/os/file_lock.h"
#include "common/os/local_user.h"
#include "common/os/posix_file_system.h"
#include "common/os/random_id.h"
#include "common/os/system_clock.h"
#include "node-agent/driver/commands.h"
#include "node-agent/driver/local_clear.h"
#include "node-agent/driver/local_files.h"
#include "node-agent/driver/local_journal.h"
#include "node-agent/driver/restore.h"

namespace belay {
namespace {

struct LocalState {
  AgentConfig config;
  std::unique_ptr<PosixFileSystem> files;
  std::vector<v1::Record> records;
};

absl::StatusOr<LocalState> ReadState(const std::string& config_path) {
  LocalState state;
  ASSIGN_OR_RETURN(state.files, PosixFileSystem::Open("/"));
  ASSIGN_OR_RETURN(state.config, LoadConfig(*state.files, config_path));
  ASSIGN_OR_RETURN(state.records, ReadLocalJournal(*state.files, state.config.state_dir));
  return state;
}

// Only one process at a time acts on a node.
absl::StatusOr<std::unique_ptr<FileLock>> LockOut(const AgentConfig& config,
                                                  const std::string& owner) {
  absl::StatusOr<std::unique_ptr<FileLock>> lock =
      FileLock::Acquire(config.state_dir + "/lock", owner);
  if (lock.ok()) return lock;
  return WithContext(lock.status(), "stop the agent first (systemctl stop belay-agent)");
}

}  // namespace

absl::StatusOr<std::string> ShowJournal(const std::string& config_path) {
  ASSIGN_OR_RETURN(const LocalState state, ReadState(config_path));
  return JournalText(state.records);
}

absl::StatusOr<std::string> ListBackups(const std::string& config_path) {
  ASSIGN_OR_RETURN(const LocalState state, ReadState(config_path));
  std::string out;
  ASSIGN_OR_RETURN(const NodeState node, Fold(state.records));
  for (const Backup& backup : BackupsOf(node)) {
    if (!state.files->Read(backup.copy).ok()) continue;  // an old one that was removed since
    absl::StrAppend(&out, FormatUnixSeconds(backup.wall_unix_ms / 1000), "  ", backup.path,
                    "\n    ", backup.copy, "\n");
  }
  return out.empty() ? "no backups\n" : out;
}

absl::StatusOr<std::string> RestoreBackup(const std::string& config_path, const std::string& copy) {
  ASSIGN_OR_RETURN(const LocalState state, ReadState(config_path));
  // A running agent may be in the middle of a step over this very file.
  ASSIGN_OR_RETURN(const std::unique_ptr<FileLock> lock,
                   LockOut(state.config, "belay-agent restore"));
  ASSIGN_OR_RETURN(const std::unique_ptr<PosixFileSystem> host,
                   PosixFileSystem::Open(state.config.host_root));
  return RestoreFile(*host, *state.files, state.records, copy);
}

absl::StatusOr<std::string> ClearEmergencyOnNode(const std::string& config_path,
                                                 const std::string& reason) {
  ASSIGN_OR_RETURN(const LocalState state, ReadState(config_path));
  // Only one process may append to a journal; and where an agent runs, a coordinator is near.
  absl::StatusOr<std::unique_ptr<FileLock>> lock =
      LockOut(state.config, "belay-agent clear-emergency");
  if (!lock.ok()) {
    return WithContext(lock.status(),
                       absl::StrCat("or: belayctl node clear-emergency ", state.config.cluster, "/",
                                    state.config.node, " --reason REASON"));
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<SystemClock> clock, SystemClock::Open());
  return ClearEmergencyHere(*state.files, *clock, state.config.state_dir,
                            {reason, absl::StrCat(LocalUser(), " on the node ", state.config.node),
                             absl::StrCat("local-", RandomHex(16))});
}

}  // namespace belay
