#include "node-agent/transaction/images.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/digest.h"
#include "common/base/status_macros.h"
#include "common/base/time_text.h"

namespace belay {
namespace {

absl::Status MakeFolder(FileSystem& fs, const std::string& path) {
  const absl::Status made = fs.MakeDirectory(path, 0700);
  return absl::IsAlreadyExists(made) ? absl::OkStatus() : made;
}

}  // namespace

absl::Status ImageStore::MakeFolders() {
  RETURN_IF_ERROR(MakeFolder(fs_, images_));
  RETURN_IF_ERROR(MakeFolder(fs_, backups_));
  return fs_.Sync(ParentDirectory(images_));
}

absl::Status ImageStore::Save(const std::string& bytes) {
  const std::string path = absl::StrCat(images_, "/", Sha256Hex(bytes));
  const absl::StatusOr<FileContent> there = fs_.Read(path);
  if (there.ok() && there->bytes != bytes) {
    // Half of an image: an earlier life was cut here, before its intent was journalled.
    RETURN_IF_ERROR(WithContext(fs_.Remove(path), "remove a torn image"));
  }
  if (!there.ok() || there->bytes != bytes) {
    RETURN_IF_ERROR(WithContext(fs_.Create(path, bytes, FileAttributes{}), "save an image"));
  }
  // Also when it was there: the life that wrote it may have been cut before its own sync.
  return WithContext(fs_.Sync(path), "sync an image");
}

absl::StatusOr<std::string> ImageStore::SaveBackup(const std::string& path,
                                                   const FileContent& content,
                                                   std::int64_t wall_unix_ms) {
  const std::string time =
      absl::StrReplaceAll(FormatUnixSeconds(wall_unix_ms / 1000), {{"-", ""}, {":", ""}});
  const std::string name = absl::StrCat(backups_, "/", BaseName(path), ".bak_", time);
  constexpr int kTries = 1000;  // two steps of one second share a name, and so does a torn copy
  for (int i = 1; i <= kTries; ++i) {
    std::string backup = i == 1 ? name : absl::StrCat(name, "_", i);
    const absl::Status made = fs_.Create(backup, content.bytes, content.attributes);
    if (absl::IsAlreadyExists(made)) continue;
    RETURN_IF_ERROR(WithContext(made, "save a backup"));
    RETURN_IF_ERROR(WithContext(fs_.Sync(backup), "sync a backup"));
    return backup;
  }
  return absl::ResourceExhaustedError(
      absl::StrCat("save a backup: ", name, " and ", kTries, " names like it are taken"));
}

absl::Status ImageStore::SyncFolders() {
  RETURN_IF_ERROR(WithContext(fs_.Sync(images_), "sync the images"));
  return WithContext(fs_.Sync(backups_), "sync the backups");
}

absl::StatusOr<std::string> ImageStore::Load(const std::string& digest,
                                             const std::string& backup_path) const {
  const std::string path = absl::StrCat(images_, "/", digest);
  absl::StatusOr<FileContent> content = fs_.Read(path);
  if (content.ok() && Sha256Hex(content->bytes) == digest) return std::move(content->bytes);
  if (!backup_path.empty()) {
    absl::StatusOr<FileContent> backup = fs_.Read(backup_path);
    if (backup.ok() && Sha256Hex(backup->bytes) == digest) return std::move(backup->bytes);
  }
  return absl::DataLossError(absl::StrCat(
      "image ", path, ": ", content.ok() ? "its bytes are damaged" : content.status().message()));
}

absl::Status ImageStore::KeepOnly(const std::set<std::string>& digests,
                                  const std::set<std::string>& backups) {
  for (const std::string& folder : {images_, backups_}) {
    ASSIGN_OR_RETURN(const std::vector<DirectoryEntry> entries, fs_.List(folder));
    for (const DirectoryEntry& entry : entries) {
      const std::string path = absl::StrCat(folder, "/", entry.name);
      const bool kept = folder == images_ ? digests.contains(entry.name) : backups.contains(path);
      if (kept || entry.type != EntryType::RegularFile) continue;
      RETURN_IF_ERROR(WithContext(fs_.Remove(path), "remove what no recent step names"));
    }
  }
  return absl::OkStatus();
}

}  // namespace belay
