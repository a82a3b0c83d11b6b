#include "common/os/run_program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>

#include "absl/strings/str_cat.h"
#include "common/os/descriptor.h"
#include "common/os/errno_status.h"

namespace belay {
namespace {

constexpr int kOldKernelsMostDescriptors = 4096;
constexpr std::int64_t kGiveUpEveryMs = 200;

std::int64_t NowMs() {
  struct timespec now = {};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

void CloseAllOnExec() {
  constexpr unsigned kOnExec = 4;  // CLOSE_RANGE_CLOEXEC: what is to be run may itself be one
  if (syscall(SYS_close_range, 3U, ~0U, kOnExec) == 0) return;
  for (int fd = 3; fd < kOldKernelsMostDescriptors; ++fd) fcntl(fd, F_SETFD, FD_CLOEXEC);
}

// Invalid, with errno, when it cannot be had.
Descriptor InputOf(const std::string& text) {
  Descriptor file(memfd_create("belay-input", MFD_CLOEXEC));
  std::size_t done = 0;
  while (file.valid() && done < text.size()) {
    const ssize_t count = write(file.get(), text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Descriptor();
    done += static_cast<std::size_t>(count);
  }
  if (file.valid() && lseek(file.get(), 0, SEEK_SET) != 0) return Descriptor();
  return file;
}

// In the child of a program with many threads: nothing here may take a lock.
[[noreturn]] void Become(const ProgramRun& run, int input, int output, char* const* argv,
                         char* const* environment) {
  setsid();
  const int in = input >= 0 ? input : open("/dev/null", O_RDONLY);
  if (in < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
      dup2(output, STDERR_FILENO) < 0) {
    _exit(kProgramNotStarted);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  CloseAllOnExec();
  if (run.confinement != nullptr && !ConfineMyself(*run.confinement)) _exit(kProgramNotStarted);
  if (run.fd >= 0) {
    syscall(SYS_execveat, run.fd, "", argv, environment, AT_EMPTY_PATH);
  } else {
    execve(run.path.c_str(), argv, environment);
  }
  _exit(kProgramNotStarted);
}

// What can be had now.  False when nobody holds the other end any more.
bool TakeOutput(int output, std::size_t most, ProgramEnd* end) {
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t got = read(output, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got < 0;
    const std::size_t room = most - std::min(most, end->output.size());
    end->output.append(buffer.data(), std::min(static_cast<std::size_t>(got), room));
  }
}

// Until the program ends; what it has left behind may hold its output for ever.  False: it did not
// end in time.
bool Attend(const ProgramRun& run, int output, int pidfd, std::int64_t until_ms, ProgramEnd* end) {
  const std::size_t most = run.most_output;
  std::array<pollfd, 2> waits = {{{output, POLLIN, 0}, {pidfd, POLLIN, 0}}};
  for (;;) {
    const std::int64_t left = std::max<std::int64_t>(until_ms - NowMs(), 0);
    const std::int64_t wait = run.give_up ? std::min(left, kGiveUpEveryMs) : left;
    const int ready = poll(waits.data(), waits.size(), static_cast<int>(wait));
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0 || (ready == 0 && wait == left) || (run.give_up && run.give_up())) return false;
    if (waits[0].revents != 0 && !TakeOutput(output, most, end)) waits[0].fd = -1;
    if (waits[1].revents == 0) continue;
    if (waits[0].fd >= 0) TakeOutput(output, most, end);
    return true;
  }
}

}  // namespace

absl::StatusOr<ProgramEnd> RunProgram(const ProgramRun& run) {
  std::vector<std::string> argv_texts = run.argv;
  std::vector<std::string> environment_texts = run.environment;
  const std::vector<char*> argv = Pointers(argv_texts);
  const std::vector<char*> environment = Pointers(environment_texts);
  std::array<int, 2> ends = {-1, -1};
  const std::string name = run.path.empty() ? run.argv.front() : run.path;
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return ErrnoStatus("run", name, errno);
  const Descriptor output(ends[0]);
  Descriptor written(ends[1]);
  Descriptor input;
  if (run.input != nullptr) {
    input = InputOf(*run.input);
    if (!input.valid()) return ErrnoStatus("write the input of", name, errno);
  }
  const pid_t pid = fork();
  if (pid < 0) return ErrnoStatus("run", name, errno);
  if (pid == 0) Become(run, input.get(), written.get(), argv.data(), environment.data());
  written.Reset();
  fcntl(output.get(), F_SETFL, O_NONBLOCK);  // our end only
  ProgramEnd end;
  const Descriptor pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  end.timed_out =
      !pidfd.valid() || !Attend(run, output.get(), pidfd.get(), NowMs() + run.deadline_ms, &end);
  if (end.timed_out) {
    kill(-pid, SIGKILL);  // also what it has started
    kill(pid, SIGKILL);
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status)) end.exit_code = WEXITSTATUS(status);
  return end;
}

}  // namespace belay
