#include "common/os/proc_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/os/descriptor.h"

namespace belay {

// With processes coming and going a failed read (ESRCH) is the ordinary case; a stream's buffer
// would throw there.
std::optional<std::string> ReadProcFile(const std::string& path) {
  const Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return std::nullopt;
  std::string text;
  std::array<char, 4096> buffer{};
  ssize_t got = 0;
  do {
    got = read(fd.get(), buffer.data(), buffer.size());
    if (got > 0) text.append(buffer.data(), static_cast<std::size_t>(got));
  } while (got > 0 || (got < 0 && errno == EINTR));
  if (got < 0) return std::nullopt;
  return text;
}

std::optional<std::vector<std::string>> ProcNames(const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(opendir(directory.c_str()), &closedir);
  if (stream == nullptr) return std::nullopt;
  std::vector<std::string> names;
  while (const struct dirent* entry = readdir(stream.get())) names.emplace_back(entry->d_name);
  return names;
}

std::string ProcLink(const std::string& path) {
  std::array<char, 64> target{};
  const ssize_t length = readlink(path.c_str(), target.data(), target.size());
  return length <= 0 ? "" : std::string(target.data(), static_cast<std::size_t>(length));
}

std::optional<std::int64_t> StartedNs(const std::string& stat) {
  // The second field is the name in parentheses and may itself hold ") ": count from the last.
  const std::size_t close = stat.rfind(')');
  if (close == std::string::npos) return std::nullopt;
  const std::vector<std::string> fields = absl::StrSplit(absl::string_view(stat).substr(close + 1),
                                                         absl::ByAnyChar(" \n"), absl::SkipEmpty());
  constexpr std::size_t kState = 0;       // field 3
  constexpr std::size_t kStartTime = 19;  // field 22
  std::int64_t ticks = 0;
  if (fields.size() <= kStartTime || !absl::SimpleAtoi(fields[kStartTime], &ticks)) {
    return std::nullopt;
  }
  if (fields[kState] == "Z" || fields[kState] == "X" || fields[kState] == "x") return std::nullopt;
  const long per_second = sysconf(_SC_CLK_TCK);
  if (per_second <= 0) return std::nullopt;
  return ticks * (1'000'000'000 / per_second);
}

std::string SocketInode(const std::string& descriptor_link) {
  absl::string_view text = descriptor_link;
  if (!absl::ConsumePrefix(&text, "socket:[") || !absl::ConsumeSuffix(&text, "]")) return "";
  return std::string(text);
}

}  // namespace belay
