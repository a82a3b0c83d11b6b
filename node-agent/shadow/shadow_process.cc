#include "node-agent/shadow/shadow_process.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "common/os/errno_status.h"

namespace belay {
namespace {

constexpr rlim_t kLargestFile = rlim_t{128} << 20;

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Nothing of the machine is to be found under any name any more.
bool EnterRoot(const std::string& root) {
  return unshare(CLONE_NEWNS) == 0 && chdir(root.c_str()) == 0 &&
         syscall(SYS_pivot_root, ".", ".") == 0 && umount2(".", MNT_DETACH) == 0 && chdir("/") == 0;
}

// The rights over files are those of the original; over the machine there are none.  A program file
// may itself bring the right to open low ports and is not run without it.
bool KeepCapabilities(bool overrides) {
  static constexpr std::array<int, 4> kFiles = {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER,
                                                CAP_FSETID};
  for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; ++capability) {
    const bool of_files =
        std::find(kFiles.begin(), kFiles.end(), capability) != kFiles.end() && overrides;
    if (of_files || capability == CAP_NET_BIND_SERVICE) continue;
    if (prctl(PR_CAPBSET_DROP, capability) != 0) return false;
  }
  return true;
}

bool BecomeUser(const ShadowProgram& program) {
  const std::vector<gid_t> groups(program.groups.begin(), program.groups.end());
  return setgroups(groups.size(), groups.data()) == 0 &&
         setresgid(program.gid, program.gid, program.gid) == 0 &&
         setresuid(program.uid, program.uid, program.uid) == 0;
}

bool Bound() {
  const rlimit file = {kLargestFile, kLargestFile};
  const rlimit core = {0, 0};
  return setrlimit(RLIMIT_FSIZE, &file) == 0 && setrlimit(RLIMIT_CORE, &core) == 0;
}

[[noreturn]] void Become(const ShadowProgram& program, char* const* argv,
                         char* const* environment) {
  setsid();
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int log =
      open(program.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (nothing < 0 || log < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 ||
      dup2(log, STDERR_FILENO) < 0) {
    _exit(kShadowNotStarted);
  }
  constexpr unsigned kOnExec = 4;  // CLOSE_RANGE_CLOEXEC
  const bool ready = syscall(SYS_close_range, 3U, ~0U, kOnExec) == 0 && EnterRoot(program.root) &&
                     Bound() && KeepCapabilities(program.overrides) && BecomeUser(program) &&
                     prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
  if (!ready) _exit(kShadowNotStarted);
  if (chdir(program.folder.c_str()) != 0) _exit(kShadowNotStarted);
  execve(program.path.c_str(), argv, environment);
  _exit(kShadowNotStarted);
}

}  // namespace

absl::StatusOr<ShadowChild> StartInShadow(const ShadowProgram& program) {
  std::vector<std::string> argv_texts = program.argv;
  std::vector<std::string> environment_texts = program.environment;
  const std::vector<char*> argv = Pointers(argv_texts);
  const std::vector<char*> environment = Pointers(environment_texts);
  ShadowChild child;
  child.pid = fork();
  if (child.pid < 0) return ErrnoStatus("start", program.path, errno);
  if (child.pid == 0) Become(program, argv.data(), environment.data());
  child.pidfd = Descriptor(static_cast<int>(syscall(SYS_pidfd_open, child.pid, 0)));
  if (!child.pidfd.valid()) return ErrnoStatus("watch", program.path, errno);
  return child;
}

std::optional<int> EndOfChild(const ShadowChild& child) {
  int status = 0;
  if (waitpid(child.pid, &status, WNOHANG) != child.pid) return std::nullopt;
  return status;
}

}  // namespace belay
