#include "cli/files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace belay {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{8} * 1024 * 1024;

absl::Status Errno(const std::string& what, const std::string& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat(what, " ", path));
}

absl::Status WriteAll(int fd, const std::string& bytes, const std::string& path) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    const ssize_t written = ::write(fd, bytes.data() + at, bytes.size() - at);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Errno("write", path);
    at += static_cast<std::size_t>(written);
  }
  return absl::OkStatus();
}

// A device or a FIFO is written into: a rename would put a file in its place, /dev/null too.
absl::Status WriteInto(const std::string& path, const std::string& bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) return Errno("open", path);
  absl::Status status = WriteAll(fd, bytes, path);
  if (::close(fd) != 0 && status.ok()) status = Errno("close", path);
  return status;
}

// Where links lead; the path itself where nothing is there yet.
std::string BehindLinks(const std::string& path) {
  char* const real = ::realpath(path.c_str(), nullptr);
  if (real == nullptr) return path;
  std::string found(real);
  ::free(real);
  return found;
}

}  // namespace

absl::StatusOr<std::string> ReadUserFile(const std::string& path) {
  const int fd = path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Errno("open", path);
  std::string bytes;
  char buffer[65536];
  ssize_t got = 0;
  while ((got = ::read(fd, buffer, sizeof buffer)) != 0 && bytes.size() <= kMaxBytes) {
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const absl::Status status = Errno("read", path);
      ::close(fd);
      return status;
    }
    bytes.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(fd);
  if (bytes.size() > kMaxBytes) {
    return absl::InvalidArgumentError(absl::StrCat("read ", path, ": larger than 8 MiB"));
  }
  return bytes;
}

absl::Status WriteNewFile(const std::string& path, const std::string& bytes, unsigned mode) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return Errno("create", path);
  absl::Status status = WriteAll(fd, bytes, path);
  if (status.ok() && ::fsync(fd) != 0) status = Errno("sync", path);
  if (status.ok() && ::fchmod(fd, static_cast<mode_t>(mode)) != 0)
    status = Errno("set the mode of", path);
  if (::close(fd) != 0 && status.ok()) status = Errno("close", path);
  if (!status.ok()) ::unlink(path.c_str());
  return status;
}

absl::Status ReplaceFile(const std::string& given, const std::string& bytes, unsigned mode) {
  struct stat there {};
  const bool exists = ::stat(given.c_str(), &there) == 0;
  if (exists && !S_ISREG(there.st_mode)) return WriteInto(given, bytes);
  const std::string path = BehindLinks(given);
  // Dot-named: in a directory of manifests kubelet would run it.
  const std::size_t name = path.rfind('/') + 1;
  const std::string temporary =
      absl::StrCat(path.substr(0, name), ".", path.substr(name), ".tmp-", ::getpid());
  RETURN_IF_ERROR(WriteNewFile(temporary, bytes, mode));
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const absl::Status status = Errno("replace", path);
    ::unlink(temporary.c_str());
    return status;
  }
  return absl::OkStatus();
}

}  // namespace belay
