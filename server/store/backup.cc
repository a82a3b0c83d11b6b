#include "server/store/backup.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "server/store/database.h"

namespace belay::store {
namespace {

absl::StatusOr<bool> IsThere(const FileSystem& files, const std::string& path) {
  ASSIGN_OR_RETURN(const auto entries, files.List(ParentDirectory(path)));
  return std::any_of(entries.begin(), entries.end(),
                     [&](const DirectoryEntry& entry) { return entry.name == BaseName(path); });
}

absl::Status RemoveIfThere(FileSystem& files, const std::string& path) {
  ASSIGN_OR_RETURN(const bool there, IsThere(files, path));
  return there ? files.Remove(path) : absl::OkStatus();
}

// SQLite's own way: one consistent state, whatever is being written meanwhile.
absl::Status CopyTo(FileSystem& files, const std::string& from, const std::string& to) {
  RETURN_IF_ERROR(RemoveIfThere(files, to));  // of an earlier copy that failed
  ASSIGN_OR_RETURN(const auto source, Database::Open(from, Database::Mode::ReadOnly));
  RETURN_IF_ERROR(source->Prepare("VACUUM INTO ?").Text(to).Run());
  return files.Sync(to);
}

// So that the file alone is the whole database, and no log of it can be played into another.
absl::Status CloseLog(FileSystem& files, const std::string& database, const std::string& kept_as) {
  // Looked at without writing first: whoever opens a log to write may throw it away.
  if (Database::Open(database, Database::Mode::ReadOnly).ok()) {
    ASSIGN_OR_RETURN(const auto old, Database::Open(database, Database::Mode::Existing));
    return old->Execute("PRAGMA journal_mode = DELETE");
  }
  // Damaged, or not ours: perhaps the very reason for restoring.  Everything of it is kept.
  for (const char* suffix : {"-wal", "-shm"}) {
    ASSIGN_OR_RETURN(const bool there, IsThere(files, database + suffix));
    if (there) RETURN_IF_ERROR(files.Rename(database + suffix, kept_as + suffix));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status BackUp(FileSystem& files, const std::string& database, const std::string& to) {
  ASSIGN_OR_RETURN(const bool taken, IsThere(files, to));
  if (taken) {
    return absl::AlreadyExistsError(
        absl::StrCat("back up to ", to, ": it is there already; nothing was written"));
  }
  const std::string part = to + ".part";
  RETURN_IF_ERROR(WithContext(CopyTo(files, database, part), absl::StrCat("back up ", database)));
  {
    // What cannot be opened is no backup.
    const auto copy = Database::Open(part, Database::Mode::ReadOnly);
    RETURN_IF_ERROR(WithContext(copy.status(), "check the copy"));
  }
  RETURN_IF_ERROR(files.RenameNew(part, to));
  return files.Sync(ParentDirectory(to));
}

absl::StatusOr<std::string> Restore(FileSystem& files, const std::string& database,
                                    const std::string& from, std::int64_t now_unix) {
  const std::string fresh = database + ".restoring";
  RETURN_IF_ERROR(WithContext(CopyTo(files, from, fresh), absl::StrCat("read ", from)));
  {
    ASSIGN_OR_RETURN(const auto copy, Database::Open(fresh, Database::Mode::Existing));
    RETURN_IF_ERROR(copy->Prepare("UPDATE meta SET value = max(value, ?) WHERE name = 'epoch'")
                        .Integer(now_unix)
                        .Run());
    RETURN_IF_ERROR(copy->Prepare("INSERT OR REPLACE INTO meta VALUES('restored_unix', ?)")
                        .Integer(now_unix)
                        .Run());
    RETURN_IF_ERROR(copy->Execute("PRAGMA journal_mode = DELETE"));
  }
  RETURN_IF_ERROR(files.Sync(fresh));
  std::string kept_as;
  ASSIGN_OR_RETURN(const bool there, IsThere(files, database));
  if (there) {
    kept_as = absl::StrCat(database, ".replaced_", now_unix);
    RETURN_IF_ERROR(CloseLog(files, database, kept_as));
    RETURN_IF_ERROR(files.Link(database, kept_as));
  }
  RETURN_IF_ERROR(files.Rename(fresh, database));
  RETURN_IF_ERROR(files.Sync(ParentDirectory(database)));
  return kept_as;
}

}  // namespace belay::store
