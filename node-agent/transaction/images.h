// The bytes of every image a transaction needs, by their digest, and readable copies for people.
// Durable before the intent is journalled, so that going forward or back never needs the plan.
//
// Under the state directory: images/<sha-256 hex> (0600) and backups/<file>.bak_<UTC time>, the
// latter with the attributes of the file itself, so that a plain `cp -a` restores it.  One thread.
#pragma once
#include <cstdint>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "belay/v1/journal.pb.h"
#include "common/os/file_system.h"

namespace belay {

class ImageStore {
 public:
  // `fs` outlives this; `state_dir` must exist when Prepare is called.
  ImageStore(FileSystem& fs, const std::string& state_dir)
      : fs_(fs), images_(state_dir + "/images"), backups_(state_dir + "/backups") {}

  // Makes the two folders, durably.
  absl::Status MakeFolders();

  // Saves `bytes`; durable only after SyncFolders.  Saving twice is fine.
  absl::Status Save(const std::string& bytes);
  // A readable copy with the file's own attributes; returns its path.  Durable after SyncFolders.
  absl::StatusOr<std::string> SaveBackup(const std::string& path, const FileContent& content,
                                         std::int64_t wall_unix_ms);
  absl::Status SyncFolders();

  // The bytes of `digest`; DATA_LOSS when they are damaged or gone.  Falls back to `backup_path`
  // (may be empty) when that holds the same bytes.
  absl::StatusOr<std::string> Load(const std::string& digest, const std::string& backup_path) const;

  // Removes every image and backup that is not named here, by digest and by path.
  absl::Status KeepOnly(const std::set<std::string>& digests, const std::set<std::string>& backups);

 private:
  FileSystem& fs_;
  const std::string images_;
  const std::string backups_;
};

}  // namespace belay
