#include "node-agent/shadow/shadow_root.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/os/descriptor.h"
#include "common/os/errno_status.h"
#include "node-agent/shadow/shadow_files.h"

namespace belay {
namespace {

// A folder with more is not taken apart.
constexpr std::size_t kMostChildren = 5000;
constexpr mode_t kFolderMode = 0755;
constexpr mode_t kModeBits = 07777;

std::string ParentOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string Below(const std::string& folder, const std::string& name) {
  return absl::StrCat(folder == "/" ? "" : folder, "/", name);
}

// With everything that is mounted below it, and never to be written to.
absl::Status MountReadOnly(const std::string& from, const std::string& at) {
  const Descriptor tree(
      open_tree(AT_FDCWD, from.c_str(),
                OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW));
  if (!tree.valid()) return ErrnoStatus("take the mounts of", from, errno);
  struct mount_attr attributes = {};
  attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID;
  if (mount_setattr(tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes,
                    sizeof(attributes)) != 0) {
    return ErrnoStatus("make read-only", from, errno);
  }
  if (move_mount(tree.get(), "", AT_FDCWD, at.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0) {
    return ErrnoStatus("mount", at, errno);
  }
  return absl::OkStatus();
}

absl::Status MakeFolder(const std::string& path) {
  if (mkdir(path.c_str(), kFolderMode) == 0 || errno == EEXIST) return absl::OkStatus();
  return ErrnoStatus("make", path, errno);
}

absl::Status MakeFile(const std::string& path) {
  const Descriptor file(
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  return file.valid() ? absl::OkStatus() : ErrnoStatus("make", path, errno);
}

absl::Status SetOwnerAndMode(const std::string& path, uid_t uid, gid_t gid, mode_t mode) {
  if (lchown(path.c_str(), uid, gid) != 0 || chmod(path.c_str(), mode & kModeBits) != 0) {
    return ErrnoStatus("set owner and mode of", path, errno);
  }
  return absl::OkStatus();
}

absl::Status LikeFolder(const std::string& original, const std::string& path) {
  struct stat entry = {};
  if (stat(original.c_str(), &entry) != 0) return ErrnoStatus("look at", original, errno);
  return SetOwnerAndMode(path, entry.st_uid, entry.st_gid, entry.st_mode);
}

}  // namespace

absl::StatusOr<ShadowRoot> ShadowRoot::Make(const std::string& source, const std::string& at,
                                            const std::string& options) {
  if (mount("belay-shadow", at.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) != 0) {
    return ErrnoStatus("mount a file system in memory at", at, errno);
  }
  ShadowRoot root(source, at);
  root.open_.insert("/");
  RETURN_IF_ERROR(LikeFolder(source, at));
  RETURN_IF_ERROR(root.ShowChildren(source, "/"));
  return root;
}

// What is there is named as the kernel names it; the rest of the path is what will be made.
absl::StatusOr<std::string> ShadowRoot::Resolve(const std::string& path) const {
  if (path.empty() || path.front() != '/') {
    return absl::FailedPreconditionError(absl::StrCat(path, " is no absolute path"));
  }
  const Descriptor root(open(source_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) return ErrnoStatus("open", source_, errno);
  struct open_how how = {};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  std::string there = path;
  while (there.size() > 1 && there.back() == '/') there.pop_back();
  std::string rest;
  for (;;) {
    const Descriptor found(
        static_cast<int>(syscall(SYS_openat2, root.get(), there.c_str(), &how, sizeof(how))));
    if (found.valid()) {
      const std::string name = LinkTarget(absl::StrCat("/proc/self/fd/", found.get()));
      if (name != source_ && !absl::StartsWith(name, source_ + "/")) {
        return absl::InternalError(absl::StrCat(path, " leads out of the shadow"));
      }
      const std::string inside = name.substr(source_.size());
      return inside.empty() && rest.empty() ? "/" : absl::StrCat(inside, rest);
    }
    if ((errno != ENOENT && errno != ENOTDIR) || there == "/") {
      return ErrnoStatus("look at", path, errno);
    }
    rest = absl::StrCat(there.substr(there.rfind('/')), rest);
    there = ParentOf(there);
  }
}

absl::Status ShadowRoot::ShowChildren(const std::string& from, const std::string& path) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesIn(from));
  if (names.size() > kMostChildren) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " holds ", names.size(), " entries, too many to be taken apart"));
  }
  for (const std::string& name : names) {
    if (path == "/" && name == "proc") continue;
    RETURN_IF_ERROR(ShowChild(Below(from, name), Below(path, name)));
  }
  return absl::OkStatus();
}

absl::Status ShadowRoot::ShowChild(const std::string& from, const std::string& path) {
  const std::string at = at_ + path;
  struct stat entry = {};
  if (lstat(from.c_str(), &entry) != 0) {
    return errno == ENOENT ? absl::OkStatus() : ErrnoStatus("look at", from, errno);
  }
  if (S_ISLNK(entry.st_mode)) {
    const std::string to = LinkTarget(from);
    if (symlink(to.c_str(), at.c_str()) != 0) return ErrnoStatus("link", at, errno);
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(S_ISDIR(entry.st_mode) ? MakeFolder(at) : MakeFile(at));
  RETURN_IF_ERROR(MountReadOnly(from, at));
  shown_[path] = from;
  return absl::OkStatus();
}

absl::Status ShadowRoot::OpenResolved(const std::string& path) {
  if (open_.contains(path)) return absl::OkStatus();
  RETURN_IF_ERROR(OpenResolved(ParentOf(path)));
  const std::string at = at_ + path;
  const auto shown = shown_.find(path);
  if (shown == shown_.end()) {
    RETURN_IF_ERROR(MakeFolder(at));
    open_.insert(path);
    return absl::OkStatus();
  }
  const std::string from = shown->second;
  if (umount2(at.c_str(), MNT_DETACH) != 0) return ErrnoStatus("unmount", at, errno);
  shown_.erase(shown);
  RETURN_IF_ERROR(LikeFolder(from, at));
  open_.insert(path);
  return ShowChildren(from, path);
}

absl::Status ShadowRoot::HideResolved(const std::string& path) {
  const std::string at = at_ + path;
  if (open_.contains(path)) {
    return absl::FailedPreconditionError(absl::StrCat(path, " is hidden and written to at once"));
  }
  if (shown_.erase(path) != 0 && umount2(at.c_str(), MNT_DETACH) != 0) {
    return ErrnoStatus("unmount", at, errno);
  }
  if (unlink(at.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  if (errno == EISDIR && rmdir(at.c_str()) == 0) return absl::OkStatus();
  return ErrnoStatus("hide", at, errno);
}

absl::Status ShadowRoot::Open(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string resolved, Resolve(path));
  return OpenResolved(resolved);
}

absl::Status ShadowRoot::Hide(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string resolved, Resolve(path));
  if (resolved == "/") return absl::FailedPreconditionError("the root cannot be hidden");
  RETURN_IF_ERROR(OpenResolved(ParentOf(resolved)));
  return HideResolved(resolved);
}

absl::Status ShadowRoot::Show(const std::string& from, const std::string& path, bool file) {
  RETURN_IF_ERROR(Hide(path));
  ASSIGN_OR_RETURN(const std::string resolved, Resolve(path));
  struct stat entry = {};
  if (stat(from.c_str(), &entry) != 0) {
    if (errno != ENOENT) return ErrnoStatus("look at", from, errno);
    if (file) return MakeFile(at_ + resolved);
    return OpenResolved(resolved);
  }
  RETURN_IF_ERROR(S_ISDIR(entry.st_mode) ? MakeFolder(at_ + resolved) : MakeFile(at_ + resolved));
  std::array<char, PATH_MAX> real{};
  if (realpath(from.c_str(), real.data()) == nullptr) return ErrnoStatus("look at", from, errno);
  RETURN_IF_ERROR(MountReadOnly(real.data(), at_ + resolved));
  shown_[resolved] = real.data();
  return absl::OkStatus();
}

absl::Status ShadowRoot::Put(const v1::ShadowFile& file) {
  RETURN_IF_ERROR(Hide(file.path()));
  ASSIGN_OR_RETURN(const std::string resolved, Resolve(file.path()));
  const std::string at = at_ + resolved;
  const Descriptor out(
      open(at.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!out.valid()) return ErrnoStatus("write", at, errno);
  std::size_t done = 0;
  while (done < file.content().size()) {
    const ssize_t count =
        write(out.get(), file.content().data() + done, file.content().size() - done);
    if (count < 0) return ErrnoStatus("write", at, errno);
    done += static_cast<std::size_t>(count);
  }
  return SetOwnerAndMode(at, file.uid(), file.gid(), file.mode());
}

absl::Status ShadowRoot::Give(const std::string& path, unsigned owner) {
  RETURN_IF_ERROR(Open(path));
  return SetOwnerAndMode(at_ + path, owner, owner, 0700);
}

absl::Status ShadowRoot::ShowProcesses() {
  const std::string at = at_ + "/proc";
  RETURN_IF_ERROR(MakeFolder(at));
  if (mount("proc", at.c_str(), "proc", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) !=
      0) {
    return ErrnoStatus("mount", at, errno);
  }
  return absl::OkStatus();
}

}  // namespace belay
