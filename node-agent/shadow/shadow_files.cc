#include "node-agent/shadow/shadow_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <memory>

#include "absl/strings/string_view.h"
#include "common/os/descriptor.h"
#include "common/os/errno_status.h"

namespace belay {

std::string LinkTarget(const std::string& path) {
  std::array<char, PATH_MAX> target{};
  const ssize_t length = readlink(path.c_str(), target.data(), target.size());
  return length <= 0 ? "" : std::string(target.data(), static_cast<std::size_t>(length));
}

absl::StatusOr<std::vector<std::string>> NamesIn(const std::string& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(opendir(folder.c_str()), &closedir);
  if (stream == nullptr) return ErrnoStatus("list", folder, errno);
  std::vector<std::string> names;
  while (const struct dirent* entry = readdir(stream.get())) {
    const absl::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

absl::StatusOr<std::string> ReadAll(int fd) {
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus("read", "what was asked", errno);
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

std::string EndOf(const std::string& path, std::size_t most) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat entry = {};
  if (!file.valid() || fstat(file.get(), &entry) != 0) return "";
  const off_t begin = std::max<off_t>(entry.st_size - static_cast<off_t>(most), 0);
  if (lseek(file.get(), begin, SEEK_SET) < 0) return "";
  return ReadAll(file.get()).value_or("");
}

}  // namespace belay
