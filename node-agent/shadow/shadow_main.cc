// The copy of the agent that makes the namespaces: it waits, and its end is theirs.
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/os/descriptor.h"
#include "common/os/errno_status.h"
#include "node-agent/shadow/namespace_boot.h"
#include "node-agent/shadow/shadow_files.h"
#include "node-agent/shadow/shadow_init.h"

namespace belay {
namespace {

constexpr int kNiceness = 10;  // the API server that serves comes first

bool Write(int fd, const v1::ShadowResult& result) {
  const std::string text = result.SerializeAsString();
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = write(fd, text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    done += static_cast<std::size_t>(count);
  }
  return true;
}

// First to go when memory is short; a kernel that does not know it is no reason to give up.
void StandBack() {
  setpriority(PRIO_PROCESS, 0, kNiceness);
  const Descriptor adjust(open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  constexpr std::array<char, 4> kFirst = {'1', '0', '0', '0'};
  if (adjust.valid() && write(adjust.get(), kFirst.data(), kFirst.size()) < 0) return;
}

int NotBooted(int out, const absl::Status& status) {
  v1::ShadowResult result;
  result.set_end(v1::ShadowResult::NOT_BOOTED);
  result.set_why(std::string(status.message()));
  return Write(out, result) ? 0 : 1;
}

// The other end of the pipe is held by the process that waits, and by nobody else.
[[noreturn]] void BeFirst(const v1::ShadowRequest& request, int out, int alive) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  pollfd parent = {alive, POLLIN, 0};
  if (poll(&parent, 1, 0) != 0) _exit(1);  // it ended before the line above
  _exit(Write(out, BootHere(request)) ? 0 : 1);
}

}  // namespace

int ShadowMain() {
  signal(SIGPIPE, SIG_IGN);
  const absl::StatusOr<std::string> input = ReadAll(STDIN_FILENO);
  v1::ShadowRequest request;
  if (!input.ok() || !request.ParseFromString(*input) || request.agent_pid() == 0) return 1;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != request.agent_pid()) return 1;
  // What libraries say must not get between the bytes of the result.
  const Descriptor out(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
  const Descriptor nothing(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!out.valid() || !nothing.valid() || dup2(nothing.get(), STDOUT_FILENO) < 0 ||
      dup2(nothing.get(), STDERR_FILENO) < 0 || dup2(nothing.get(), STDIN_FILENO) < 0) {
    return 1;
  }
  StandBack();
  std::array<int, 2> ends = {-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    return NotBooted(out.get(), ErrnoStatus("make", "a pipe", errno));
  const Descriptor alive(ends[0]);
  Descriptor held(ends[1]);
  if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) != 0) {
    return NotBooted(out.get(),
                     ErrnoStatus("make", "namespaces of its own (see docs/gates.md)", errno));
  }
  const pid_t first = fork();
  if (first < 0) return NotBooted(out.get(), ErrnoStatus("start", "a process", errno));
  if (first == 0) {
    held.Reset();
    BeFirst(request, out.get(), alive.get());
  }
  int status = 0;
  while (waitpid(first, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace belay
