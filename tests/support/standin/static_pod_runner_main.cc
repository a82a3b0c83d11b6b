// A stand-in for kubelet: keeps the static pods of one directory running as plain processes of the
// host.  No containers, no probes, no API: what it shares with kubelet is how it reads the
// directory and when it starts, ends and retries.
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/support/standin/pod_directory.h"
#include "tests/support/standin/pod_processes.h"
#include "tests/support/standin/posix.h"

namespace {

using namespace belay::standin;

void ReadNotifications(int fd, PodDirectory* directory) {
  alignas(inotify_event) char buffer[16384];
  const ssize_t got = read(fd, buffer, sizeof buffer);
  for (ssize_t at = 0; at < got;) {
    const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
    at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    const std::string name = event->len > 0 ? event->name : "";
    if (name.empty() || name[0] == '.') continue;
    if ((event->mask & (IN_DELETE | IN_MOVED_FROM)) != 0)
      directory->FileGone(name);
    else
      directory->FileChanged(name);
  }
}

// False: asked to leave.
bool ReadSignals(int fd, PodProcesses* processes) {
  signalfd_siginfo info{};
  bool stay = true;
  while (read(fd, &info, sizeof info) == sizeof info)
    if (info.ssi_signo != SIGCHLD) stay = false;
  int status = 0;
  for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
    processes->Exited(pid, status, MonotonicMs());
  return stay;
}

int Run(const std::string& manifests, std::int64_t relist_ms, const RunnerOptions& options) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGCHLD}) sigaddset(&signals, number);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  const int signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  const int notify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  const std::string path = absl::StrCat(options.root, "/", manifests);
  for (const std::string& directory : {path, options.logs}) {
    if (const absl::Status made = MakeDirectories(directory); !made.ok()) {
      Log(std::string(made.message()));
      return 1;
    }
  }
  inotify_add_watch(notify_fd, path.c_str(),
                    IN_CREATE | IN_MOVED_TO | IN_MODIFY | IN_ATTRIB | IN_DELETE | IN_MOVED_FROM);
  PodDirectory directory(path);
  PodProcesses processes(options);
  std::int64_t relist_at = MonotonicMs();
  pollfd waits[2] = {{signal_fd, POLLIN, 0}, {notify_fd, POLLIN, 0}};
  for (bool stay = true; stay;) {
    const std::int64_t now = MonotonicMs();
    if (now >= relist_at) {
      directory.Relist();
      relist_at = now + relist_ms;
    }
    processes.Reconcile(directory.pods(), now);
    const std::int64_t wait = std::clamp<std::int64_t>(
        std::min(relist_at, processes.NextDeadline()) - MonotonicMs(), 0, 60'000);
    poll(waits, 2, static_cast<int>(wait));
    ReadNotifications(notify_fd, &directory);
    stay = ReadSignals(signal_fd, &processes);
  }
  Log("leaving; ending all pods");
  while (!processes.End(MonotonicMs())) {
    poll(waits, 1, 200);
    ReadSignals(signal_fd, &processes);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "static_pod_runner: Belay's stand-in for kubelet, for tests and the demo (NOT kubelet: no "
      "containers, no probes).\nRuns the pods of ROOT/MANIFESTS as processes of this host.");
  RunnerOptions options;
  std::string manifests = "etc/kubernetes/manifests";
  std::string programs;
  double relist_seconds = 20;
  double grace_seconds = 30;
  app.add_option("--root", options.root, "The node's root directory")->required();
  app.add_option("--manifests", manifests, "Static-pod directory below ROOT")
      ->capture_default_str();
  app.add_option("--programs", programs, "Directory searched first for the pods' commands");
  app.add_option("--relist", relist_seconds, "Seconds between whole listings")
      ->capture_default_str();
  app.add_option("--grace", grace_seconds, "Seconds from SIGTERM to SIGKILL")
      ->capture_default_str();
  app.add_option("--logs", options.logs, "Directory of the containers' logs (ROOT/var/log/pods)");
  CLI11_PARSE(app, argc, argv);
  if (options.logs.empty()) options.logs = options.root + "/var/log/pods";
  options.grace_ms = static_cast<std::int64_t>(grace_seconds * 1000);
  if (!programs.empty())
    setenv("PATH", absl::StrCat(programs, ":", Environment("PATH")).c_str(), 1);
  Log(absl::StrCat("this is a stand-in for kubelet; static pods of ", options.root, "/",
                   manifests));
  return Run(manifests, static_cast<std::int64_t>(relist_seconds * 1000), options);
}
