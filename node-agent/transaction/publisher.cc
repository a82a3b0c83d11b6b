#include "node-agent/transaction/publisher.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "node-agent/transaction/file_image.h"

namespace belay {
namespace {

// A component outside of Belay reads what is in here (kubelet, the API server, maybe as another
// user); what must be secret is protected by the mode of the file itself.
constexpr std::uint32_t kDirectoryMode = 0755;

std::string TemporaryPrefix(const std::string& path) {
  return absl::StrCat(".", BaseName(path), ".belay-");
}

// From, to, or foreign.  A symbolic link or a directory in its place is foreign too.
absl::StatusOr<Published> Classify(const FileSystem& fs, const std::string& path,
                                   const v1::FileImage& from, const v1::FileImage& to) {
  const absl::StatusOr<v1::FileImage> now = ReadImage(fs, path);
  if (absl::IsFailedPrecondition(now.status())) return Published::Foreign;
  if (!now.ok()) return now.status();
  if (SameImage(*now, to)) return Published::Already;
  return SameImage(*now, from) ? Published::Written : Published::Foreign;
}

}  // namespace

absl::Status Publisher::RemoveTemporaries(const std::string& path) {
  const std::string directory = ParentDirectory(path);
  const absl::StatusOr<std::vector<DirectoryEntry>> entries = fs_.List(directory);
  if (absl::IsNotFound(entries.status())) return absl::OkStatus();
  RETURN_IF_ERROR(entries.status());
  for (const DirectoryEntry& entry : *entries) {
    if (!absl::StartsWith(entry.name, TemporaryPrefix(path))) continue;
    RETURN_IF_ERROR(fs_.Remove(absl::StrCat(directory, "/", entry.name)));
  }
  return absl::OkStatus();
}

absl::StatusOr<Published> Publisher::Replace(const std::string& path, const v1::FileImage& from,
                                             const v1::FileImage& to, const std::string& bytes) {
  const std::string what = absl::StrCat("publish ", path);
  const std::string directory = ParentDirectory(path);
  const std::string temporary = absl::StrCat(directory, "/", TemporaryPrefix(path), suffix_);
  const absl::StatusOr<Published> before = Classify(fs_, path, from, to);
  RETURN_IF_ERROR(WithContext(before.status(), what));
  const absl::Status tidied = RemoveTemporaries(path);
  if (*before == Published::Foreign) return Published::Foreign;  // said whether tidied or not
  RETURN_IF_ERROR(WithContext(tidied, what));
  if (*before == Published::Already) {
    // The life that renamed it may have been cut before this.
    const absl::Status synced = fs_.Sync(directory);
    if (!to.exists() && absl::IsNotFound(synced)) return Published::Already;
    RETURN_IF_ERROR(WithContext(synced, what));
    return Published::Already;
  }
  if (to.exists()) {
    RETURN_IF_ERROR(WithContext(fs_.Create(temporary, bytes, AttributesOf(to)), what));
    RETURN_IF_ERROR(WithContext(fs_.Sync(temporary), what));
  }
  // Writing the temporary took its time: look again, right before the one step that counts.
  const absl::StatusOr<Published> still = Classify(fs_, path, from, to);
  RETURN_IF_ERROR(WithContext(still.status(), what));
  if (*still != Published::Written) {
    RETURN_IF_ERROR(WithContext(RemoveTemporaries(path), what));
    return *still == Published::Already ? Replace(path, from, to, bytes) : Published::Foreign;
  }
  const absl::Status moved = to.exists() ? fs_.Rename(temporary, path) : fs_.Remove(path);
  RETURN_IF_ERROR(WithContext(moved, what));
  RETURN_IF_ERROR(WithContext(fs_.Sync(directory), what));
  return Published::Written;
}

absl::Status Publisher::MakeDirectories(const std::vector<std::string>& directories) {
  for (const std::string& directory : directories) {
    const absl::Status made = fs_.MakeDirectory(directory, kDirectoryMode);
    if (!made.ok() && !absl::IsAlreadyExists(made)) return WithContext(made, "make a directory");
    RETURN_IF_ERROR(WithContext(fs_.Sync(ParentDirectory(directory)), "sync a new directory"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> Publisher::RemoveDirectories(
    const std::vector<std::string>& directories) {
  std::vector<std::string> left;
  for (auto directory = directories.rbegin(); directory != directories.rend(); ++directory) {
    const absl::StatusOr<std::vector<DirectoryEntry>> entries = fs_.List(*directory);
    if (!entries.ok() && !absl::IsNotFound(entries.status())) return entries.status();
    if (entries.ok() && !entries->empty()) {
      left.push_back(*directory);
      continue;
    }
    if (entries.ok()) RETURN_IF_ERROR(WithContext(fs_.Remove(*directory), "remove a directory"));
    const absl::Status synced = fs_.Sync(ParentDirectory(*directory));
    if (!absl::IsNotFound(synced)) RETURN_IF_ERROR(WithContext(synced, "sync a removal"));
  }
  return left;
}

}  // namespace belay
