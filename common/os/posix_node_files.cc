#include "common/os/posix_node_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "common/os/errno_status.h"

namespace belay {
namespace {

EntryType TypeOf(mode_t mode) {
  if (S_ISREG(mode)) return EntryType::RegularFile;
  if (S_ISDIR(mode)) return EntryType::Directory;
  return S_ISLNK(mode) ? EntryType::SymbolicLink : EntryType::Other;
}

EntryType TypeOfEntry(unsigned char type) {
  switch (type) {
    case DT_REG:
      return EntryType::RegularFile;
    case DT_DIR:
      return EntryType::Directory;
    case DT_LNK:
      return EntryType::SymbolicLink;
    default:
      return EntryType::Other;
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<PosixNodeFiles>> PosixNodeFiles::Open(const std::string& root) {
  Descriptor fd(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus("open the root directory", root, errno);
  std::unique_ptr<PosixNodeFiles> files(new PosixNodeFiles(std::move(fd)));
  if (const Descriptor probe = files->OpenAt("/", O_PATH); !probe.valid()) {
    return absl::UnavailableError(
        absl::StrCat(ErrnoStatus("openat2 in", root, errno).message(),
                     "; Belay needs Linux 5.6 or newer and a seccomp profile that allows openat2"));
  }
  return files;
}

Descriptor PosixNodeFiles::OpenAt(const std::string& path, int flags) const {
  struct open_how how = {};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  long fd = -1;
  // EAGAIN: a rename elsewhere on the machine raced with the resolution.
  for (int attempt = 0; attempt < 100; ++attempt) {
    fd = syscall(SYS_openat2, root_.get(), path.c_str(), &how, sizeof(how));
    if (fd >= 0 || (errno != EINTR && errno != EAGAIN)) break;
  }
  return Descriptor(static_cast<int>(fd));
}

absl::StatusOr<FileFacts> PosixNodeFiles::Look(const std::string& path) const {
  const Descriptor fd = OpenAt(path, O_PATH);
  struct stat facts = {};
  if (!fd.valid() || fstat(fd.get(), &facts) != 0) return ErrnoStatus("look at", path, errno);
  return FileFacts{TypeOf(facts.st_mode), facts.st_mode & 07777U, facts.st_uid, facts.st_gid};
}

absl::StatusOr<std::string> PosixNodeFiles::ReadSmall(const std::string& path,
                                                      std::size_t most) const {
  // Looked at first: opening a FIFO blocks, opening a device can have effects.
  const Descriptor look = OpenAt(path, O_PATH);
  struct stat seen = {};
  if (!look.valid() || fstat(look.get(), &seen) != 0) return ErrnoStatus("read", path, errno);
  const auto irregular = [&path] {
    return absl::FailedPreconditionError(absl::StrCat("read ", path, ": it is no regular file"));
  };
  if (!S_ISREG(seen.st_mode)) return irregular();
  const Descriptor fd = OpenAt(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  struct stat opened = {};
  if (!fd.valid() || fstat(fd.get(), &opened) != 0) return ErrnoStatus("read", path, errno);
  if (!S_ISREG(opened.st_mode)) return irregular();
  std::string bytes(std::min<std::size_t>(most, 4096) + 1, '\0');
  std::size_t used = 0;
  for (;;) {
    const ssize_t got = read(fd.get(), bytes.data() + used, bytes.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus("read", path, errno);
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
    if (used > most) {
      return absl::FailedPreconditionError(
          absl::StrCat("read ", path, ": larger than ", most, " bytes"));
    }
    if (used == bytes.size()) bytes.resize(std::min(used * 4, most + 1));
  }
  bytes.resize(used);
  return bytes;
}

absl::StatusOr<std::vector<DirectoryEntry>> PosixNodeFiles::ListAt(
    const std::string& directory) const {
  Descriptor fd = OpenAt(directory, O_RDONLY | O_DIRECTORY);
  DIR* const stream = fd.valid() ? fdopendir(fd.get()) : nullptr;
  if (stream == nullptr) return ErrnoStatus("list", directory, errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> closer(stream, &closedir);
  fd.Release();  // closed by closedir
  std::vector<DirectoryEntry> entries;
  for (;;) {
    errno = 0;
    const struct dirent* const entry = readdir(stream);
    if (entry == nullptr && errno != 0) return ErrnoStatus("list", directory, errno);
    if (entry == nullptr) break;
    const std::string name(entry->d_name);
    if (name == "." || name == "..") continue;
    EntryType type = TypeOfEntry(entry->d_type);
    if (entry->d_type == DT_UNKNOWN) {  // file systems need not say it here
      struct stat facts = {};
      if (fstatat(dirfd(stream), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) continue;
      type = TypeOf(facts.st_mode);
    }
    entries.push_back({name, type});
  }
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return entries;
}

}  // namespace belay
