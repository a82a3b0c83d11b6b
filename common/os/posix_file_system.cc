#include "common/os/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "common/os/errno_status.h"
#include "common/os/extended_attributes.h"

namespace belay {
namespace {

constexpr std::size_t kMostBytes = std::size_t{64} << 20;
constexpr int kReadFlags = O_RDONLY | O_NONBLOCK | O_NOCTTY;

absl::Status WriteAll(int fd, const std::string& path, const std::string& bytes, off_t offset) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t wrote =
        pwrite(fd, bytes.data() + done, bytes.size() - done, offset + static_cast<off_t>(done));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return ErrnoStatus("write", path, wrote < 0 ? errno : EIO);
    done += static_cast<std::size_t>(wrote);
  }
  return absl::OkStatus();
}

absl::Status CheckPath(const std::string& path) {
  const auto bad = [&path](absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat("the path \"", path, "\" ", why));
  };
  if (path.empty() || path[0] != '/') return bad("is not absolute");
  if (path.find('\0') != std::string::npos) return bad("has a NUL byte");
  for (const absl::string_view part : absl::StrSplit(path, '/')) {
    if (part == "." || part == "..") return bad("has a component \".\" or \"..\"");
  }
  return absl::OkStatus();
}

EntryType TypeOf(mode_t mode) {
  if (S_ISREG(mode)) return EntryType::RegularFile;
  if (S_ISDIR(mode)) return EntryType::Directory;
  if (S_ISLNK(mode)) return EntryType::SymbolicLink;
  return EntryType::Other;
}

absl::Status NotRegular(const std::string& doing, const std::string& path, mode_t mode) {
  const char* what = S_ISDIR(mode)    ? "a directory"
                     : S_ISFIFO(mode) ? "a FIFO"
                     : S_ISSOCK(mode) ? "a socket"
                                      : "a device";
  return absl::FailedPreconditionError(
      absl::StrCat(doing, " ", path, ": it is ", what, ", not a regular file"));
}

absl::StatusOr<struct stat> StatOf(int fd, const std::string& doing, const std::string& path) {
  struct stat facts = {};
  if (fstat(fd, &facts) != 0) return ErrnoStatus(doing, path, errno);
  return facts;
}

// Owner first (it clears set-id bits and capabilities), mode last (it sets the mask of an ACL).
absl::Status SetAttributes(int fd, const std::string& path, const FileAttributes& wanted) {
  ASSIGN_OR_RETURN(const struct stat now, StatOf(fd, "stat", path));
  if ((now.st_uid != wanted.uid || now.st_gid != wanted.gid) &&
      fchown(fd, wanted.uid, wanted.gid) != 0) {
    return ErrnoStatus(absl::StrCat("set the owner ", wanted.uid, ":", wanted.gid, " of"), path,
                       errno);
  }
  RETURN_IF_ERROR(WriteExtendedAttributes(fd, path, wanted.xattrs));
  if (fchmod(fd, wanted.mode & 07777U) != 0) return ErrnoStatus("set the mode of", path, errno);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<PosixFileSystem>> PosixFileSystem::Open(const std::string& root) {
  Descriptor fd(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus("open the root directory", root, errno);
  std::unique_ptr<PosixFileSystem> files(new PosixFileSystem(std::move(fd)));
  const Descriptor probe(files->OpenRaw("/", O_PATH | O_DIRECTORY, 0));
  if (!probe.valid()) {
    return absl::UnavailableError(
        absl::StrCat(ErrnoStatus("openat2 in", root, errno).message(),
                     "; Belay needs Linux 5.6 or newer and a seccomp profile that allows openat2"));
  }
  return files;
}

int PosixFileSystem::OpenRaw(const std::string& path, int flags, unsigned mode) const {
  struct open_how how = {};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC | O_NOFOLLOW);
  how.mode = mode;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  long fd = -1;
  // EAGAIN: a rename elsewhere on the machine raced with the resolution.
  for (int attempt = 0; attempt < 100; ++attempt) {
    fd = syscall(SYS_openat2, root_.get(), path.c_str(), &how, sizeof(how));
    if (fd >= 0 || (errno != EINTR && errno != EAGAIN)) break;
  }
  return static_cast<int>(fd);
}

absl::Status PosixFileSystem::Failure(const std::string& doing, const std::string& path,
                                      int error) const {
  if (error != ELOOP && error != ENOTDIR) return ErrnoStatus(doing, path, error);
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    const Descriptor fd(OpenRaw(part, O_PATH, 0));
    struct stat facts = {};
    if (fd.valid() && fstat(fd.get(), &facts) == 0 && S_ISLNK(facts.st_mode)) {
      return absl::FailedPreconditionError(absl::StrCat(
          doing, " ", path, ": ", part,
          " is a symbolic link, which Belay does not follow; use the real path, or put the file "
          "itself in the link's place"));
    }
    if (end == std::string::npos) return ErrnoStatus(doing, path, error);
  }
}

absl::StatusOr<Descriptor> PosixFileSystem::OpenPath(const std::string& path, int flags,
                                                     const std::string& doing) const {
  RETURN_IF_ERROR(CheckPath(path));
  Descriptor fd(OpenRaw(path, flags, 0));
  if (!fd.valid()) return Failure(doing, path, errno);
  return fd;
}

absl::StatusOr<Descriptor> PosixFileSystem::OpenRegular(const std::string& path, int flags,
                                                        const std::string& doing) const {
  // Looked at before it is opened: opening a device or a FIFO can have effects of its own.
  ASSIGN_OR_RETURN(const Descriptor look, OpenPath(path, O_PATH, doing));
  ASSIGN_OR_RETURN(const struct stat seen, StatOf(look.get(), doing, path));
  if (S_ISLNK(seen.st_mode)) return Failure(doing, path, ELOOP);
  if (!S_ISREG(seen.st_mode)) return NotRegular(doing, path, seen.st_mode);
  ASSIGN_OR_RETURN(Descriptor fd, OpenPath(path, flags | O_NONBLOCK | O_NOCTTY, doing));
  ASSIGN_OR_RETURN(const struct stat opened, StatOf(fd.get(), doing, path));
  if (!S_ISREG(opened.st_mode)) return NotRegular(doing, path, opened.st_mode);
  return fd;
}

absl::StatusOr<PosixFileSystem::Place> PosixFileSystem::PlaceOf(const std::string& path,
                                                                const std::string& doing) const {
  RETURN_IF_ERROR(CheckPath(path));
  Place place;
  place.name = BaseName(path);
  if (place.name.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(doing, " ", path, ": it names no file"));
  }
  Descriptor parent(OpenRaw(ParentDirectory(path), O_PATH | O_DIRECTORY, 0));
  if (!parent.valid()) return Failure(doing, path, errno);
  place.directory = std::move(parent);
  return place;
}

absl::Status PosixFileSystem::RefuseLink(const Place& place, const std::string& path,
                                         const std::string& doing) const {
  struct stat facts = {};
  if (fstatat(place.directory.get(), place.name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno == ENOENT ? absl::OkStatus() : ErrnoStatus(doing, path, errno);
  }
  return S_ISLNK(facts.st_mode) ? Failure(doing, path, ELOOP) : absl::OkStatus();
}

absl::StatusOr<FileContent> PosixFileSystem::Read(const std::string& path) const {
  ASSIGN_OR_RETURN(const Descriptor fd, OpenRegular(path, O_RDONLY, "read"));
  ASSIGN_OR_RETURN(const struct stat facts, StatOf(fd.get(), "read", path));
  FileContent content;
  const std::size_t expected = static_cast<std::size_t>(std::max<off_t>(facts.st_size, 0));
  // One byte more than expected shows the end of the file without another round.
  std::size_t used = 0;
  content.bytes.resize(std::min(expected, kMostBytes) + 1);
  for (;;) {
    const ssize_t got = read(fd.get(), content.bytes.data() + used, content.bytes.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus("read", path, errno);
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
    if (used > kMostBytes) {
      return absl::FailedPreconditionError(absl::StrCat("read ", path, ": larger than 64 MiB"));
    }
    if (used == content.bytes.size()) {
      content.bytes.resize(std::min(used * 2 + 4096, kMostBytes + 1));
    }
  }
  content.bytes.resize(used);
  content.attributes.mode = facts.st_mode & 07777U;
  content.attributes.uid = facts.st_uid;
  content.attributes.gid = facts.st_gid;
  ASSIGN_OR_RETURN(content.attributes.xattrs, ReadExtendedAttributes(fd.get(), path));
  content.inode = facts.st_ino;
  content.mtime_ns = facts.st_mtim.tv_sec * 1'000'000'000LL + facts.st_mtim.tv_nsec;
  return content;
}

absl::StatusOr<std::vector<DirectoryEntry>> PosixFileSystem::List(
    const std::string& directory) const {
  ASSIGN_OR_RETURN(Descriptor fd, OpenPath(directory, kReadFlags | O_DIRECTORY, "list"));
  DIR* stream = fdopendir(fd.get());
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
    struct stat facts = {};
    if (fstatat(dirfd(stream), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) continue;  // gone since it was listed
      return ErrnoStatus("list", absl::StrCat(directory, "/", name), errno);
    }
    entries.push_back({name, TypeOf(facts.st_mode)});
  }
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return entries;
}

absl::Status PosixFileSystem::Create(const std::string& path, const std::string& bytes,
                                     const FileAttributes& attributes) {
  ASSIGN_OR_RETURN(const Place place, PlaceOf(path, "create"));
  // 0600 until the owner is right: nobody else may read a secret meanwhile.
  const Descriptor fd(openat(place.directory.get(), place.name.c_str(),
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd.valid()) return Failure("create", path, errno);
  RETURN_IF_ERROR(WriteAll(fd.get(), path, bytes, 0));
  return SetAttributes(fd.get(), path, attributes);
}

absl::Status PosixFileSystem::WriteFrom(const std::string& path, std::uint64_t offset,
                                        const std::string& bytes) {
  ASSIGN_OR_RETURN(const Descriptor fd, OpenRegular(path, O_WRONLY, "write"));
  ASSIGN_OR_RETURN(const struct stat facts, StatOf(fd.get(), "write", path));
  const off_t from = static_cast<off_t>(offset);
  if (from < 0 || from > facts.st_size) {
    return absl::InvalidArgumentError(
        absl::StrCat("write ", path, " from ", offset, ": it has only ", facts.st_size, " bytes"));
  }
  if (from < facts.st_size && ftruncate(fd.get(), from) != 0) {
    return ErrnoStatus("cut off", path, errno);
  }
  return WriteAll(fd.get(), path, bytes, from);
}

absl::Status PosixFileSystem::WriteOver(const std::string& path, std::uint64_t offset,
                                        const std::string& bytes) {
  ASSIGN_OR_RETURN(const Descriptor fd, OpenRegular(path, O_WRONLY, "write over"));
  ASSIGN_OR_RETURN(const struct stat facts, StatOf(fd.get(), "write over", path));
  const std::uint64_t size = static_cast<std::uint64_t>(facts.st_size);
  if (offset > size || bytes.size() > size - offset) {
    return absl::InvalidArgumentError(absl::StrCat("write over ", path, ": ", bytes.size(),
                                                   " bytes from ", offset, ": it has only ", size));
  }
  return WriteAll(fd.get(), path, bytes, static_cast<off_t>(offset));
}

absl::Status PosixFileSystem::Reserve(const std::string& path, std::uint64_t bytes) {
  const std::string doing = absl::StrCat("reserve ", bytes, " bytes behind the end of");
  ASSIGN_OR_RETURN(const Descriptor fd, OpenRegular(path, O_WRONLY, doing));
  ASSIGN_OR_RETURN(const struct stat facts, StatOf(fd.get(), doing, path));
  int result = 0;
  do {
    result = fallocate(fd.get(), FALLOC_FL_KEEP_SIZE, facts.st_size, static_cast<off_t>(bytes));
  } while (result != 0 && errno == EINTR);
  if (result == 0) return absl::OkStatus();
  const int error = errno;
  const absl::Status failed = ErrnoStatus(doing, path, error);
  return error == EOPNOTSUPP ? absl::UnimplementedError(failed.message()) : failed;
}

absl::Status PosixFileSystem::Sync(const std::string& path) {
  ASSIGN_OR_RETURN(const Descriptor look, OpenPath(path, O_PATH, "sync"));
  ASSIGN_OR_RETURN(const struct stat facts, StatOf(look.get(), "sync", path));
  if (S_ISLNK(facts.st_mode)) return Failure("sync", path, ELOOP);
  if (!S_ISREG(facts.st_mode) && !S_ISDIR(facts.st_mode)) {
    return NotRegular("sync", path, facts.st_mode);
  }
  ASSIGN_OR_RETURN(const Descriptor fd, OpenPath(path, kReadFlags, "sync"));
  // Not tried again after any error, EINTR included: the kernel may have forgotten the dirty pages.
  if (fsync(fd.get()) != 0) return ErrnoStatus("sync", path, errno);
  return absl::OkStatus();
}

absl::Status PosixFileSystem::Rename(const std::string& from, const std::string& to) {
  const std::string doing = absl::StrCat("rename ", from, " to");
  ASSIGN_OR_RETURN(const Place source, PlaceOf(from, "rename"));
  ASSIGN_OR_RETURN(const Place target, PlaceOf(to, doing));
  RETURN_IF_ERROR(RefuseLink(source, from, "rename"));
  RETURN_IF_ERROR(RefuseLink(target, to, doing));
  if (renameat(source.directory.get(), source.name.c_str(), target.directory.get(),
               target.name.c_str()) != 0) {
    return ErrnoStatus(doing, to, errno);
  }
  return absl::OkStatus();
}

absl::Status PosixFileSystem::RenameNew(const std::string& from, const std::string& to) {
  const std::string doing = absl::StrCat("rename ", from, " to the new name");
  ASSIGN_OR_RETURN(const Place source, PlaceOf(from, "rename"));
  ASSIGN_OR_RETURN(const Place target, PlaceOf(to, doing));
  RETURN_IF_ERROR(RefuseLink(source, from, "rename"));
  if (syscall(SYS_renameat2, source.directory.get(), source.name.c_str(), target.directory.get(),
              target.name.c_str(), RENAME_NOREPLACE) != 0) {
    return ErrnoStatus(doing, to, errno);
  }
  return absl::OkStatus();
}

absl::Status PosixFileSystem::Link(const std::string& from, const std::string& to) {
  const std::string doing = absl::StrCat("link ", from, " to");
  ASSIGN_OR_RETURN(const Place source, PlaceOf(from, "link"));
  ASSIGN_OR_RETURN(const Place target, PlaceOf(to, doing));
  RETURN_IF_ERROR(RefuseLink(source, from, "link"));
  if (linkat(source.directory.get(), source.name.c_str(), target.directory.get(),
             target.name.c_str(), 0) != 0) {
    return ErrnoStatus(doing, to, errno);
  }
  return absl::OkStatus();
}

absl::Status PosixFileSystem::Remove(const std::string& path) {
  ASSIGN_OR_RETURN(const Place place, PlaceOf(path, "remove"));
  RETURN_IF_ERROR(RefuseLink(place, path, "remove"));
  if (unlinkat(place.directory.get(), place.name.c_str(), 0) == 0) return absl::OkStatus();
  if (errno != EISDIR) return ErrnoStatus("remove", path, errno);
  if (unlinkat(place.directory.get(), place.name.c_str(), AT_REMOVEDIR) == 0) {
    return absl::OkStatus();
  }
  return ErrnoStatus("remove", path, errno == EEXIST ? ENOTEMPTY : errno);
}

absl::Status PosixFileSystem::MakeDirectory(const std::string& path, std::uint32_t mode) {
  ASSIGN_OR_RETURN(const Place place, PlaceOf(path, "make the directory"));
  if (mkdirat(place.directory.get(), place.name.c_str(), mode & 07777U) != 0) {
    return Failure("make the directory", path, errno);
  }
  // The process's umask must not decide what others may see.
  const Descriptor fd(openat(place.directory.get(), place.name.c_str(),
                             O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus("open the new directory", path, errno);
  if (fchmod(fd.get(), mode & 07777U) != 0) return ErrnoStatus("set the mode of", path, errno);
  return absl::OkStatus();
}

}  // namespace belay
