#include "common/os/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <array>
#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/os/errno_status.h"

namespace belay {

absl::StatusOr<std::unique_ptr<FileLock>> FileLock::Acquire(const std::string& path,
                                                            const std::string& owner) {
  Descriptor fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return ErrnoStatus("open the lock", path, errno);
  int result = 0;
  do {
    result = flock(fd.get(), LOCK_EX | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  if (result != 0 && errno == EWOULDBLOCK) {
    std::array<char, 64> holder{};
    const ssize_t length = pread(fd.get(), holder.data(), holder.size(), 0);
    return absl::FailedPreconditionError(
        absl::StrCat("lock ", path, ": it is held by ",
                     length > 0 ? absl::string_view(holder.data(), static_cast<std::size_t>(length))
                                : absl::string_view("another process"),
                     "; stop that one first. Nothing was changed."));
  }
  if (result != 0) return ErrnoStatus("lock", path, errno);
  // For people and for the message above; the lock does not depend on it.
  const std::string text = absl::StrCat(owner, " with pid ", getpid());
  if (ftruncate(fd.get(), 0) != 0 ||
      pwrite(fd.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return ErrnoStatus("write", path, errno);
  }
  return std::unique_ptr<FileLock>(new FileLock(std::move(fd)));
}

}  // namespace belay
