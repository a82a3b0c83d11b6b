#include "common/os/proc_process_table.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace belay {
namespace {

// Nothing when the process has gone, also in the middle of reading (ESRCH): with processes coming
// and going that is the ordinary case, and a stream's buffer would throw there.
std::optional<std::string> ReadSmall(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  std::string text;
  std::array<char, 4096> buffer{};
  ssize_t got = 0;
  do {
    got = read(fd, buffer.data(), buffer.size());
    if (got > 0) text.append(buffer.data(), static_cast<std::size_t>(got));
  } while (got > 0 || (got < 0 && errno == EINTR));
  close(fd);
  if (got < 0) return std::nullopt;
  return text;
}

std::vector<std::string> Names(const std::string& directory) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(opendir(directory.c_str()), &closedir);
  if (stream == nullptr) return names;
  while (const struct dirent* entry = readdir(stream.get())) names.emplace_back(entry->d_name);
  return names;
}

// Nothing for zombies and for what cannot be parsed.
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

std::vector<std::string> SplitArgv(const std::string& cmdline) {
  if (cmdline.empty()) return {};
  return absl::StrSplit(absl::StripSuffix(cmdline, std::string(1, '\0')), '\0');
}

bool RunsAs(const std::vector<std::string>& argv, const std::string& component) {
  return std::any_of(argv.begin(), argv.end(), [&component](const std::string& element) {
    const std::size_t slash = element.rfind('/');
    return element.compare(slash == std::string::npos ? 0 : slash + 1, std::string::npos,
                           component) == 0;
  });
}

// Inodes of the sockets in `table` (the text of /proc/PID/net/tcp or tcp6) that listen on `port`.
void AddListeners(const std::string& table, std::uint32_t port, std::set<std::string>* inodes) {
  const std::string wanted =
      absl::AsciiStrToUpper(absl::StrCat(":", absl::Hex(port, absl::kZeroPad4)));
  for (const absl::string_view line : absl::StrSplit(table, '\n')) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ', absl::SkipEmpty());
    constexpr std::size_t kLocal = 1;
    constexpr std::size_t kSocketState = 3;
    constexpr std::size_t kInode = 9;
    if (fields.size() <= kInode || fields[kSocketState] != "0A") continue;
    const std::size_t colon = fields[kLocal].rfind(':');
    if (colon == absl::string_view::npos || fields[kLocal].substr(colon) != wanted) continue;
    inodes->insert(std::string(fields[kInode]));
  }
}

}  // namespace

std::vector<Process> ProcProcessTable::List(const std::string& component) const {
  std::vector<Process> found;
  for (const std::string& name : Names(proc_)) {
    Process process;
    if (!absl::SimpleAtoi(name, &process.pid)) continue;
    const std::string base = absl::StrCat(proc_, "/", name);
    const auto before = ReadSmall(base + "/stat");
    const auto cmdline = ReadSmall(base + "/cmdline");
    if (!before || !cmdline || cmdline->empty()) continue;
    process.argv = SplitArgv(*cmdline);
    if (!RunsAs(process.argv, component)) continue;
    // Read twice: the pid may have been given to another process in between.
    const auto after = ReadSmall(base + "/stat");
    const auto started = StartedNs(*before);
    if (!started || !after || StartedNs(*after) != started) continue;
    process.started_boottime_ns = *started;
    found.push_back(std::move(process));
  }
  std::sort(found.begin(), found.end(), [](const Process& a, const Process& b) {
    return a.started_boottime_ns != b.started_boottime_ns
               ? a.started_boottime_ns < b.started_boottime_ns
               : a.pid < b.pid;
  });
  return found;
}

bool ProcProcessTable::OwnsListener(std::int64_t pid, std::uint32_t port) const {
  const std::string base = absl::StrCat(proc_, "/", pid);
  std::set<std::string> inodes;
  for (const char* table : {"/net/tcp", "/net/tcp6"}) {
    if (const auto text = ReadSmall(base + table)) AddListeners(*text, port, &inodes);
  }
  if (inodes.empty()) return false;
  for (const std::string& fd : Names(base + "/fd")) {
    std::array<char, 64> target{};
    const ssize_t length =
        readlink(absl::StrCat(base, "/fd/", fd).c_str(), target.data(), target.size());
    if (length <= 0) continue;
    absl::string_view text(target.data(), static_cast<std::size_t>(length));
    if (absl::ConsumePrefix(&text, "socket:[") && absl::ConsumeSuffix(&text, "]") &&
        inodes.count(std::string(text)) != 0) {
      return true;
    }
  }
  return false;
}

}  // namespace belay
