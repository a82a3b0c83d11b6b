#include "tests/support/small_file_system.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/os/errno_status.h"

namespace belay {
namespace {

absl::Status Shell(const std::string& command) {
  const int status = std::system(command.c_str());
  if (status == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(command, ": status ", status));
}

}  // namespace

absl::StatusOr<std::unique_ptr<SmallFileSystem>> SmallFileSystem::Mount(
    Kind kind, const std::string& directory) {
  if (unshare(CLONE_NEWNS) != 0) return ErrnoStatus("make mounts of its own in", directory, errno);
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return ErrnoStatus("make the mounts private below", "/", errno);
  }
  const std::string root = directory + "/mounted";
  mkdir(root.c_str(), 0755);
  if (kind == Kind::Tmpfs) {
    if (mount("tmpfs", root.c_str(), "tmpfs", 0, "size=4m") != 0) {
      return ErrnoStatus("mount a tmpfs at", root, errno);
    }
  } else {
    const std::string image = directory + "/image";
    const char* const type = kind == Kind::Ext3 ? "ext3" : "ext4";
    if (absl::Status made =
            Shell(absl::StrCat("truncate -s 8M '", image, "' && PATH=$PATH:/sbin:/usr/sbin mkfs.",
                               type, " -q -m 0 -F '", image, "' >/dev/null 2>&1 && mount -o loop '",
                               image, "' '", root, "' 2>/dev/null"));
        !made.ok()) {
      return made;
    }
  }
  return std::unique_ptr<SmallFileSystem>(new SmallFileSystem(root));
}

SmallFileSystem::~SmallFileSystem() { umount2(root_.c_str(), MNT_DETACH); }

void SmallFileSystem::FillUp() const {
  // Smaller and smaller pieces, each synced: what is delayed counts too.
  int number = 0;
  for (std::size_t piece = std::size_t{1} << 20; piece > 0; piece /= 16) {
    const std::vector<char> bytes(piece, 'x');
    const std::string path = absl::StrCat(root_, "/filler-", number++);
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) continue;  // not even a name fits
    while (write(fd, bytes.data(), bytes.size()) > 0) {
    }
    static_cast<void>(fsync(fd));
    close(fd);
  }
}

}  // namespace belay
