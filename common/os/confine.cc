#include "common/os/confine.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace belay {
namespace {

bool Limit(unsigned cpu_seconds) {
  const std::array<std::pair<int, rlim_t>, 5> limits = {{{RLIMIT_CPU, cpu_seconds},
                                                         {RLIMIT_FSIZE, 0},
                                                         {RLIMIT_CORE, 0},
                                                         {RLIMIT_NOFILE, 64},
                                                         {RLIMIT_NPROC, 64}}};
  for (const auto& [what, most] : limits) {
    const rlimit limit = {most, most};
    if (setrlimit(static_cast<__rlimit_resource>(what), &limit) != 0) return false;
  }
  return true;
}

// Not needed for safety: a kernel that does not know it is no reason to give up.
void GoFirst() {
  const int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  constexpr std::array<char, 4> kFirst = {'1', '0', '0', '0'};
  if (write(fd, kFirst.data(), kFirst.size()) < 0) {
    // Goes on at its ordinary place.
  }
  close(fd);
}

// The kernel's own calls: libc's would send signals to threads that this process does not have.
bool BecomeNobody(unsigned uid) {
  return syscall(SYS_setgroups, 0, nullptr) == 0 && syscall(SYS_setresgid, uid, uid, uid) == 0 &&
         syscall(SYS_setresuid, uid, uid, uid) == 0;
}

}  // namespace

bool ConfineMyself(const Confinement& confinement) {
  GoFirst();
  setpriority(PRIO_PROCESS, 0, 10);
  return unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) == 0 &&
         fchdir(confinement.root_fd) == 0 && chroot(".") == 0 && chdir("/") == 0 &&
         Limit(confinement.cpu_seconds) && BecomeNobody(confinement.uid) &&
         prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
}

}  // namespace belay
