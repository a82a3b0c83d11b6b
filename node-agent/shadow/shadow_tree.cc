#include "node-agent/shadow/shadow_tree.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "common/os/errno_status.h"
#include "common/os/proc_files.h"
#include "node-agent/shadow/shadow_files.h"

namespace belay {
namespace {

absl::StatusOr<Descriptor> OpenPath(const std::string& path, int flags) {
  Descriptor file(open(path.c_str(), flags | O_CLOEXEC));
  if (!file.valid()) return ErrnoStatus("open", path, errno);
  return file;
}

bool SameFile(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// In the other namespace as short as can be; nothing there is changed.
absl::StatusOr<Descriptor> TakeTree(const Descriptor& theirs, const Descriptor& ours,
                                    const struct stat& root) {
  if (setns(theirs.get(), CLONE_NEWNS) != 0) {
    return ErrnoStatus("enter", "the mount namespace of the process", errno);
  }
  struct stat here = {};
  absl::StatusOr<Descriptor> tree = absl::FailedPreconditionError(
      "the process has been given another root than its mount namespace's; this form is not "
      "supported");
  if (stat("/", &here) == 0 && SameFile(here, root)) tree = CopyMounts("/");
  if (setns(ours.get(), CLONE_NEWNS) != 0) {
    return ErrnoStatus("return to", "the own mount namespace", errno);
  }
  return tree;
}

}  // namespace

absl::StatusOr<Descriptor> CopyMounts(const std::string& path) {
  Descriptor tree(
      open_tree(AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
  if (!tree.valid()) return ErrnoStatus("take the mounts of", path, errno);
  return tree;
}

absl::Status AttachMounts(const Descriptor& tree, const std::string& at) {
  struct mount_attr attributes = {};
  attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID;
  attributes.propagation = MS_PRIVATE;
  if (mount_setattr(tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes,
                    sizeof(attributes)) != 0) {
    return ErrnoStatus("make read-only", at, errno);
  }
  if (move_mount(tree.get(), "", AT_FDCWD, at.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0) {
    return ErrnoStatus("mount", at, errno);
  }
  return absl::OkStatus();
}

absl::StatusOr<ProcessLook> LookAtProcess(const v1::ShadowProcess& process) {
  const std::string base = absl::StrCat("/proc/", process.pid());
  ASSIGN_OR_RETURN(const Descriptor theirs, OpenPath(base + "/ns/mnt", O_RDONLY));
  ASSIGN_OR_RETURN(const Descriptor ours, OpenPath("/proc/self/ns/mnt", O_RDONLY));
  struct stat root = {};
  struct stat program = {};
  if (stat((base + "/root").c_str(), &root) != 0 || stat((base + "/exe").c_str(), &program) != 0) {
    return ErrnoStatus("look at", base, errno);
  }
  ProcessLook look;
  look.program = LinkTarget(base + "/exe");
  look.folder = LinkTarget(base + "/cwd");
  look.device = program.st_dev;
  look.inode = program.st_ino;
  const std::string environment = ReadProcFile(base + "/environ").value_or("");
  look.environment = absl::StrSplit(environment, '\0', absl::SkipEmpty());
  // All of it is of the process that was meant only if that is still there.
  if (StartedNs(ReadProcFile(base + "/stat").value_or("")) != process.started_boottime_ns()) {
    return absl::UnavailableError(absl::StrCat("process ", process.pid(), " has ended"));
  }
  ASSIGN_OR_RETURN(look.tree, TakeTree(theirs, ours, root));
  return look;
}

}  // namespace belay
