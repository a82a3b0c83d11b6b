// Counts how often the containers of the expected configuration have ended since a gate began to
// look: by the processes it sees and, for those that live and die between two looks, by the
// attempts that kubelet numbers in its log folders.  Pure.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/os/process_table.h"

namespace belay {

// The newest attempt kubelet has made at one container of one pod: 0 for the first.
struct ContainerRun {
  std::string pod_uid;
  int attempt = 0;
  std::string log;  // path of its log
};

class Exits {
 public:
  // `qualifying`: live processes of the expected configuration.  `runs`: of its pods, newest
  // attempts.
  void See(std::int64_t boottime_ns, const std::vector<Process>& qualifying,
           const std::vector<ContainerRun>& runs);
  int count() const;
  // Of the attempt that came last since the first look; empty when none has.
  const std::string& newest_log() const { return newest_log_; }

 private:
  void SeeRuns(std::int64_t boottime_ns, bool alive, const std::vector<ContainerRun>& runs);

  bool looked_ = false;
  std::vector<std::pair<std::int64_t, std::int64_t>> generation_;  // (pid, start)
  int generations_gone_ = 0;
  std::map<std::string, int> first_;   // by pod: attempts up to this one are not counted
  std::map<std::string, int> newest_;  // by pod
  std::string newest_log_;
  int attempts_gone_ = 0;
  bool last_attempt_gone_ = false;
  std::int64_t since_ns_ = 0;  // since when the newest attempt has been without a process
};

}  // namespace belay
