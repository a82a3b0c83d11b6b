#include "tests/support/standin/pod_processes.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "tests/support/standin/posix.h"

namespace belay::standin {
namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

std::string Key(const std::string& container, const std::string& identity) {
  return absl::StrCat(container, "\n", identity);
}

// 32 hexadecimal digits, as kubelet's hash of a static pod.
std::string UidOf(const std::string& identity) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  EVP_Digest(identity.data(), identity.size(), digest, &length, EVP_sha256(), nullptr);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest), length / 2));
}

// Only what is safe between fork and exec in a process of one thread.
[[noreturn]] void BecomeContainer(const std::vector<char*>& argv, int log) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int null = open("/dev/null", O_RDONLY);
  dup2(null, 0);
  dup2(log, 1);
  dup2(log, 2);
  execvp(argv[0], argv.data());
  _exit(127);
}

}  // namespace

PodProcesses::PodProcesses(RunnerOptions options) : options_(std::move(options)) {}

std::string PodProcesses::Key(const Instance& instance) const {
  return standin::Key(instance.container, instance.identity);
}

void PodProcesses::Terminate(Instance& instance, std::int64_t now_ms, std::int64_t grace_ms) {
  if (instance.kill_ms != 0) return;
  Log(absl::StrCat("ending ", instance.pod, "/", instance.container, ", pid ", instance.pid));
  instance.kill_ms = now_ms + grace_ms;
  kill(-instance.pid, SIGTERM);
}

bool PodProcesses::PrepareHostPaths(const PodSpec& pod) const {
  for (const HostPath& host_path : pod.host_paths) {
    const std::string path = options_.root + host_path.path;
    struct stat status {};
    const bool exists = stat(path.c_str(), &status) == 0;
    if (exists || host_path.type.empty()) continue;
    if (host_path.type == "DirectoryOrCreate" && MakeDirectories(path).ok()) continue;
    if (host_path.type == "FileOrCreate") {
      const int fd = open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
      if (fd >= 0 && close(fd) == 0) continue;
    }
    Log(absl::StrCat(pod.name, ": hostPath ", host_path.path, " is not a ", host_path.type));
    return false;
  }
  return true;
}

void PodProcesses::Start(const PodSpec& pod, const ContainerSpec& container, std::int64_t now_ms) {
  History& history = history_[standin::Key(container.name, pod.identity)];
  if (!PrepareHostPaths(pod)) {
    history.not_before_ms = now_ms + options_.back_off_ms;
    return;
  }
  const std::string folder =
      absl::StrCat(options_.logs, "/", absl::StrReplaceAll(pod.name, {{"/", "_"}}), "-standin_",
                   UidOf(pod.identity), "/", container.name);
  if (const absl::Status made = MakeDirectories(folder); !made.ok()) {
    Log(std::string(made.message()));
  }
  const std::string file = absl::StrCat(folder, "/", history.attempts++, ".log");
  const int log = open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  setenv(kRootVariable, options_.root.c_str(), 1);
  setenv(kMountsVariable, EncodeMounts(container.mounts).c_str(), 1);
  std::vector<std::string> words = container.argv;
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t pid = fork();
  if (pid == 0) BecomeContainer(argv, log);
  close(log);
  Log(absl::StrCat("started ", pod.name, "/", container.name, ", pid ", pid, ": ",
                   absl::StrJoin(container.argv, " ")));
  instances_.push_back({pod.name, container.name, pod.identity, pid, now_ms, 0});
}

void PodProcesses::Reconcile(const std::map<std::string, PodSpec>& pods, std::int64_t now_ms) {
  next_ms_ = kNever;
  for (Instance& instance : instances_) {
    const auto pod = pods.find(instance.pod);
    if (pod == pods.end() || pod->second.identity != instance.identity)
      Terminate(instance, now_ms, options_.grace_ms);
    if (instance.kill_ms == 0) continue;
    if (now_ms >= instance.kill_ms) {
      kill(-instance.pid, SIGKILL);
    } else {
      next_ms_ = std::min(next_ms_, instance.kill_ms);
    }
  }
  std::set<std::string> wanted;
  for (const auto& [name, pod] : pods) {
    for (const ContainerSpec& container : pod.containers) {
      const std::string key = standin::Key(container.name, pod.identity);
      wanted.insert(key);
      History& history = history_[key];
      // kubelet never starts a process in the very instant of the edit, known content or not.
      if (!history.wanted)
        history.not_before_ms = std::max(history.not_before_ms, now_ms + options_.start_delay_ms);
      history.wanted = true;
      const bool present = std::any_of(
          instances_.begin(), instances_.end(), [&pod = pod, &container](const Instance& instance) {
            return instance.pod == pod.name && instance.container == container.name &&
                   instance.identity == pod.identity;
          });
      if (present) continue;  // running, or the same content is still on its way out
      if (now_ms >= history.not_before_ms) Start(pod, container, now_ms);
      if (history.not_before_ms > now_ms) next_ms_ = std::min(next_ms_, history.not_before_ms);
    }
  }
  for (auto& [key, history] : history_) history.wanted = wanted.contains(key);
}

void PodProcesses::Exited(pid_t pid, int wait_status, std::int64_t now_ms) {
  const auto instance = std::find_if(instances_.begin(), instances_.end(),
                                     [pid](const Instance& i) { return i.pid == pid; });
  if (instance == instances_.end()) return;
  const bool killed = WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL;
  Log(absl::StrCat("ended ", instance->pod, "/", instance->container, ", pid ", pid,
                   killed
                       ? ": killed"
                       : absl::StrCat(": exit ", WIFEXITED(wait_status) ? WEXITSTATUS(wait_status)
                                                                        : -WTERMSIG(wait_status))));
  History& history = history_[Key(*instance)];
  if (now_ms - instance->started_ms > options_.back_off_forgotten_ms) history.failures = 0;
  // Asked to end and gone in time is no failure; a kill counts against the content, as in kubelet.
  if (instance->kill_ms == 0 || killed) {
    ++history.failures;
    std::int64_t wait = options_.retry_ms;
    if (history.failures > 1)
      wait = std::min(options_.back_off_cap_ms,
                      options_.back_off_ms << std::min(history.failures - 2, 8));
    history.not_before_ms = now_ms + wait;
    if (history.failures > 1)
      Log(absl::StrCat("back-off ", wait / 1000,
                       "s restarting failed container=", instance->container));
  } else {
    history.not_before_ms = now_ms + options_.start_delay_ms;
  }
  instances_.erase(instance);
}

std::int64_t PodProcesses::NextDeadline() const { return next_ms_; }

bool PodProcesses::End(std::int64_t now_ms) {
  constexpr std::int64_t kLastGraceMs = 3000;
  for (Instance& instance : instances_) {
    Terminate(instance, now_ms, kLastGraceMs);
    if (now_ms >= std::min(instance.kill_ms, now_ms + kLastGraceMs)) kill(-instance.pid, SIGKILL);
  }
  return instances_.empty();
}

}  // namespace belay::standin
