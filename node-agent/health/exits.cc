#include "node-agent/health/exits.h"

#include <algorithm>

namespace belay {
namespace {

// A container's log is made a moment before its process, on a busy machine a second or two.
constexpr std::int64_t kStartingNs = 3'000'000'000;

}  // namespace

void Exits::See(std::int64_t boottime_ns, const std::vector<Process>& qualifying,
                const std::vector<ContainerRun>& runs) {
  std::vector<std::pair<std::int64_t, std::int64_t>> now;
  bool overlap = false;
  for (const Process& process : qualifying) {
    now.emplace_back(process.pid, process.started_boottime_ns);
    overlap = overlap ||
              std::find(generation_.begin(), generation_.end(), now.back()) != generation_.end();
  }
  // A wrapper and its child are one generation: it is gone when all of it is gone.
  if (!generation_.empty() && !overlap) ++generations_gone_;
  generation_ = std::move(now);
  SeeRuns(boottime_ns, !qualifying.empty(), runs);
}

void Exits::SeeRuns(std::int64_t boottime_ns, bool alive, const std::vector<ContainerRun>& runs) {
  bool newer = false;
  for (const ContainerRun& run : runs) {
    // An attempt that was there at the first look may have ended long before.
    const auto [first, is_new] = first_.emplace(run.pod_uid, looked_ ? 0 : run.attempt);
    int& newest = newest_.emplace(run.pod_uid, first->second).first->second;
    const bool came = (is_new && looked_) || run.attempt > newest;
    if (came) newest_log_ = run.log;
    newer = newer || came || is_new;
    newest = std::max(newest, run.attempt);
  }
  looked_ = true;
  attempts_gone_ = 0;
  for (const auto& [pod, newest] : newest_) attempts_gone_ += newest - first_.at(pod);
  if (newer || alive) since_ns_ = boottime_ns;
  last_attempt_gone_ = attempts_gone_ > 0 && boottime_ns - since_ns_ > kStartingNs;
}

int Exits::count() const {
  return std::max(generations_gone_, attempts_gone_ + (last_attempt_gone_ ? 1 : 0));
}

}  // namespace belay
