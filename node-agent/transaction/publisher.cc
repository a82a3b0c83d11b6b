#include "node-agent/transaction/publisher.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "node-agent/transaction/file_image.h"

namespace belay {
namespace {

// A component outside of Belay reads what is in here (kubelet, the API server, maybe as another
// user); what must be secret is protected by the mode of the file itself.
constexpr std::uint32_t kDirectoryMode = 0755;

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

// Both in the target's directory, and dot-named so that kubelet does not read them.
std::string Publisher::TemporaryOf(const std::string& path) const {
  return absl::StrCat(ParentDirectory(path), "/.", BaseName(path), ".belay-", suffix_);
}

std::string Publisher::KeptOf(const std::string& path) const {
  return absl::StrCat(TemporaryOf(path), "-was");
}

std::string Publisher::StagedOf(const std::string& path) const {
  return absl::StrCat(TemporaryOf(path), "-old");
}

std::optional<std::string> Publisher::Kept(const std::string& path) const {
  const std::string kept = KeptOf(path);
  if (!fs_.Read(kept).ok()) return std::nullopt;
  return kept;
}

absl::Status Publisher::RemoveTemporary(const std::string& path) {
  const absl::Status removed = fs_.Remove(TemporaryOf(path));
  return absl::IsNotFound(removed) ? absl::OkStatus() : removed;
}

absl::Status Publisher::Stage(const std::string& path, const v1::FileImage& image,
                              const std::string& bytes) {
  const std::string staged = StagedOf(path);
  const std::string what = absl::StrCat("keep what ", path, " is ready for a rollback");
  // One of a life that was cut may be half of it.
  const absl::Status removed = fs_.Remove(staged);
  if (!absl::IsNotFound(removed)) RETURN_IF_ERROR(WithContext(removed, what));
  RETURN_IF_ERROR(WithContext(fs_.Create(staged, bytes, AttributesOf(image)), what));
  RETURN_IF_ERROR(WithContext(fs_.Sync(staged), what));
  return WithContext(fs_.Sync(ParentDirectory(path)), what);
}

absl::Status Publisher::Unstage(const std::string& path) {
  const absl::Status removed = fs_.Remove(StagedOf(path));
  if (!removed.ok() && !absl::IsNotFound(removed)) return removed;
  // Also when it is gone: the life that removed it may have been cut before this.
  const absl::Status synced = fs_.Sync(ParentDirectory(path));
  return absl::IsNotFound(synced) ? absl::OkStatus() : synced;
}

absl::Status Publisher::Tidy(const std::string& path, const v1::FileImage& from,
                             const v1::FileImage& to) {
  const absl::StatusOr<Published> now = Classify(fs_, path, from, to);
  RETURN_IF_ERROR(now.status());
  RETURN_IF_ERROR(Settle(path, from, to, *now).status());
  return RemoveTemporary(path);
}

// Undoes the displacing of a file that is not ours to displace.
absl::Status Publisher::PutBack(const std::string& path) {
  const absl::Status free = fs_.RenameNew(KeptOf(path), path);
  if (!absl::IsAlreadyExists(free)) return free;
  return fs_.Rename(KeptOf(path), path);
}

// What a life that was cut has displaced, or was about to.  `now` is what `path` is.
absl::StatusOr<Published> Publisher::Settle(const std::string& path, const v1::FileImage& from,
                                            const v1::FileImage& to, Published now) {
  const std::string kept = KeptOf(path);
  const absl::StatusOr<FileContent> was = fs_.Read(kept);
  if (absl::IsNotFound(was.status())) return now;
  RETURN_IF_ERROR(was.status());
  const v1::FileImage image = ImageOf(was->bytes, was->attributes);
  const absl::StatusOr<FileContent> there = fs_.Read(path);
  const bool second_name = there.ok() && there->inode == was->inode;
  if (second_name || SameImage(image, from) || SameImage(image, to)) {
    RETURN_IF_ERROR(fs_.Remove(kept));
    return now;
  }
  // Written in the instant in which we displaced it.
  if (now == Published::Already) {
    RETURN_IF_ERROR(PutBack(path));
    RETURN_IF_ERROR(fs_.Sync(ParentDirectory(path)));
  }
  return Published::Foreign;
}

// The one step that counts; everything it needs is durable.  Written or Foreign.
absl::StatusOr<Published> Publisher::Swap(const std::string& path, const std::string& ready,
                                          const v1::FileImage& from, const v1::FileImage& to) {
  const std::string kept = KeptOf(path);
  if (!from.exists()) {
    const absl::Status moved = fs_.RenameNew(ready, path);
    if (absl::IsAlreadyExists(moved)) return Published::Foreign;
    RETURN_IF_ERROR(moved);
    return Published::Written;
  }
  if (to.exists()) {
    const absl::Status linked = fs_.Link(path, kept);
    if (absl::IsNotFound(linked)) return Published::Foreign;  // removed by somebody
    if (absl::IsResourceExhausted(linked) && ready == StagedOf(path)) {
      return SwapUnseen(path, ready, from, to);
    }
    RETURN_IF_ERROR(linked);
    // Through the second name: what is compared is what is displaced.
    ASSIGN_OR_RETURN(const v1::FileImage still, ReadImage(fs_, kept));
    if (!SameImage(still, from)) {
      RETURN_IF_ERROR(fs_.Remove(kept));
      return Published::Foreign;
    }
    RETURN_IF_ERROR(fs_.Rename(ready, path));
  } else {
    const absl::Status moved = fs_.Rename(path, kept);
    if (absl::IsNotFound(moved)) return Published::Written;  // removed by somebody else, as wanted
    if (absl::IsResourceExhausted(moved)) return SwapUnseen(path, ready, from, to);
    RETURN_IF_ERROR(moved);
  }
  ASSIGN_OR_RETURN(const v1::FileImage displaced, ReadImage(fs_, kept));
  if (!SameImage(displaced, from)) {
    RETURN_IF_ERROR(PutBack(path));
    return Published::Foreign;
  }
  const absl::Status gone = fs_.Remove(kept);
  RETURN_IF_ERROR(gone);
  return Published::Written;
}

// The directory has no room for one name more.  Compared is then what has the name, an instant
// before it is displaced; a rollback that stopped here instead would leave a node that is down.
absl::StatusOr<Published> Publisher::SwapUnseen(const std::string& path, const std::string& ready,
                                                const v1::FileImage& from,
                                                const v1::FileImage& to) {
  ASSIGN_OR_RETURN(const v1::FileImage still, ReadImage(fs_, path));
  if (!SameImage(still, from)) return Published::Foreign;
  RETURN_IF_ERROR(to.exists() ? fs_.Rename(ready, path) : fs_.Remove(path));
  return Published::Written;
}

absl::StatusOr<Published> Publisher::Replace(const std::string& path, const v1::FileImage& from,
                                             const v1::FileImage& to, const std::string& bytes) {
  const std::string what = absl::StrCat("publish ", path);
  const std::string directory = ParentDirectory(path);
  const absl::StatusOr<Published> found = Classify(fs_, path, from, to);
  RETURN_IF_ERROR(WithContext(found.status(), what));
  const absl::StatusOr<Published> before = Settle(path, from, to, *found);
  const absl::Status tidied = RemoveTemporary(path);
  // Foreign is said whether it could be tidied or not.
  if (*found == Published::Foreign || (before.ok() && *before == Published::Foreign)) {
    return Published::Foreign;
  }
  RETURN_IF_ERROR(WithContext(before.status(), what));
  RETURN_IF_ERROR(WithContext(tidied, what));
  if (*before == Published::Already) {
    // The life that renamed it may have been cut before this.
    const absl::Status synced = fs_.Sync(directory);
    if (!to.exists() && absl::IsNotFound(synced)) return Published::Already;
    RETURN_IF_ERROR(WithContext(synced, what));
    return Published::Already;
  }
  std::string ready = TemporaryOf(path);
  if (to.exists()) {
    const absl::StatusOr<v1::FileImage> staged = ReadImage(fs_, StagedOf(path));
    if (staged.ok() && SameImage(*staged, to)) {
      ready = StagedOf(path);
    } else {
      RETURN_IF_ERROR(WithContext(fs_.Create(ready, bytes, AttributesOf(to)), what));
    }
    RETURN_IF_ERROR(WithContext(fs_.Sync(ready), what));
  }
  const absl::StatusOr<Published> swapped = Swap(path, ready, from, to);
  RETURN_IF_ERROR(WithContext(swapped.status(), what));
  if (*swapped == Published::Foreign) RETURN_IF_ERROR(WithContext(RemoveTemporary(path), what));
  RETURN_IF_ERROR(WithContext(fs_.Sync(directory), what));
  return swapped;
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
