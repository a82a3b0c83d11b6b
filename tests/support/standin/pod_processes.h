// Makes the running processes what the directory says, as kubelet 1.20 does: the old process of
// changed content gets SIGTERM and, after the grace period, SIGKILL, while the new one already
// starts; the same content waits until its old process is gone; exits are retried at once, then
// with doubling back-off counted per content.  One thread; times are monotonic milliseconds.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <list>
#include <map>
#include <string>

#include "tests/support/standin/pod_spec.h"

namespace belay::standin {

struct RunnerOptions {
  std::string root;
  std::string logs;  // laid out as kubelet's: NAMESPACE_NAME-standin_UID/CONTAINER/ATTEMPT.log
  std::int64_t grace_ms = 30'000;
  std::int64_t start_delay_ms = 300;  // from noticing a change to the new process
  std::int64_t retry_ms = 1'000;      // after the first exit
  std::int64_t back_off_ms = 10'000;  // after the second, then doubling
  std::int64_t back_off_cap_ms = 300'000;
  std::int64_t back_off_forgotten_ms = 600'000;
};

class PodProcesses {
 public:
  explicit PodProcesses(RunnerOptions options);

  // Starts, ends and kills what is due; call after every change and whenever NextDeadline has come.
  void Reconcile(const std::map<std::string, PodSpec>& pods, std::int64_t now_ms);
  void Exited(pid_t pid, int wait_status, std::int64_t now_ms);
  std::int64_t NextDeadline() const;  // INT64_MAX: none
  // SIGTERM to all; true as soon as none is left.
  bool End(std::int64_t now_ms);

 private:
  struct Instance {
    std::string pod, container, identity;
    pid_t pid = 0;
    std::int64_t started_ms = 0;
    std::int64_t kill_ms = 0;  // 0: not asked to end
  };
  struct History {  // of one container of one content
    int failures = 0;
    int attempts = 0;
    std::int64_t not_before_ms = 0;
    bool wanted = false;  // at the last Reconcile
  };
  void Terminate(Instance& instance, std::int64_t now_ms, std::int64_t grace_ms);
  void Start(const PodSpec& pod, const ContainerSpec& container, std::int64_t now_ms);
  bool PrepareHostPaths(const PodSpec& pod) const;
  std::string Key(const Instance& instance) const;

  const RunnerOptions options_;
  std::list<Instance> instances_;
  std::map<std::string, History> history_;
  std::int64_t next_ms_ = 0;
};

}  // namespace belay::standin
