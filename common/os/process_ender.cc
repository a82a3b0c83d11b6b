#include "common/os/process_ender.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <set>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/os/descriptor.h"
#include "common/os/errno_status.h"
#include "common/os/proc_files.h"
#include "common/os/proc_process_table.h"

namespace belay {
namespace {

constexpr int kPatienceMs = 2'000;

// Of every socket that listens in the network of the process behind `base`.
std::optional<std::set<std::string>> ListeningInodes(const std::string& base) {
  std::set<std::string> inodes;
  bool readable = false;
  for (const char* table : {"/net/tcp", "/net/tcp6"}) {
    const auto text = ReadProcFile(base + table);
    if (!text) continue;  // a kernel without IPv6
    readable = true;
    for (const absl::string_view line : absl::StrSplit(*text, '\n')) {
      const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ', absl::SkipEmpty());
      constexpr std::size_t kState = 3;
      constexpr std::size_t kInode = 9;
      if (fields.size() > kInode && fields[kState] == "0A") {
        inodes.insert(std::string(fields[kInode]));
      }
    }
  }
  if (!readable) return std::nullopt;
  return inodes;
}

// Nothing when it cannot be told.
std::optional<bool> Listens(const std::string& base) {
  const auto descriptors = ProcNames(base + "/fd");
  const auto listening = ListeningInodes(base);
  if (!descriptors || !listening) return std::nullopt;
  for (const std::string& name : *descriptors) {
    const std::string inode = SocketInode(ProcLink(absl::StrCat(base, "/fd/", name)));
    if (!inode.empty() && listening->contains(inode)) return true;
  }
  return false;
}

bool Alive(const std::string& base) {
  return StartedNs(ReadProcFile(base + "/stat").value_or("")).has_value();
}

// Readable once it has ended.
bool Ended(int pidfd, int timeout_ms) {
  pollfd wait = {pidfd, POLLIN, 0};
  int ready = 0;
  do {
    ready = poll(&wait, 1, timeout_ms);
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

}  // namespace

std::optional<bool> PidfdProcessEnder::PodListens(const std::string& pod_uid) const {
  const auto names = ProcNames(proc_);
  if (!names || pod_uid.empty()) return std::nullopt;
  bool unknown = false;
  for (const std::string& name : *names) {
    std::int64_t pid = 0;
    if (!absl::SimpleAtoi(name, &pid)) continue;
    const std::string base = absl::StrCat(proc_, "/", name);
    if (PodUidOf(ReadProcFile(base + "/cgroup").value_or("")) != pod_uid) continue;
    const std::optional<bool> listens = Listens(base);
    if (listens.value_or(false)) return true;
    // Whoever has ended meanwhile listens no more.
    if (!listens && Alive(base)) unknown = true;
  }
  if (unknown) return std::nullopt;
  return false;
}

absl::Status PidfdProcessEnder::End(const Process& process) {
  const auto pid = static_cast<pid_t>(process.pid);
  const std::string what = absl::StrCat("end process ", process.pid, ": ");
  // glibc's wrappers are younger than Debian 12.
  const Descriptor pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd.valid()) {
    return errno == ESRCH ? absl::OkStatus()
                          : ErrnoStatus("hold process", absl::StrCat(process.pid), errno);
  }
  const std::string base = absl::StrCat(proc_, "/", process.pid);
  const auto started = StartedNs(ReadProcFile(base + "/stat").value_or(""));
  const std::string pod = PodUidOf(ReadProcFile(base + "/cgroup").value_or(""));
  if (Ended(pidfd.get(), 0)) return absl::OkStatus();
  if (started != process.started_boottime_ns || pod != process.pod_uid || pod.empty()) {
    return absl::FailedPreconditionError(what + "it is not the process that was meant any more");
  }
  if (PodListens(pod).value_or(true)) {
    return absl::FailedPreconditionError(what + "its pod may still take connections");
  }
  if (syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0) != 0 && errno != ESRCH) {
    return ErrnoStatus("end process", absl::StrCat(process.pid), errno);
  }
  if (Ended(pidfd.get(), kPatienceMs)) return absl::OkStatus();
  return absl::DeadlineExceededError(what + "it was killed and has not ended within two seconds");
}

}  // namespace belay
