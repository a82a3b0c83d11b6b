#include "node-agent/health/gate.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "node-agent/health/ask.h"

namespace belay {
namespace {

// One process may be gone for many reasons; a second one is a pattern.
constexpr int kCrashLoop = 2;
// A service was restarted by us a moment ago: when its new process ends, that is what the new
// configuration does to it.
constexpr int kServiceCrashLoop = 1;
// One that ends too quickly to be seen, or was not started at all.
constexpr std::int64_t kServiceGoneNs = 10'000'000'000;

double Seconds(std::int64_t ns) { return static_cast<double>(ns) / 1e9; }

std::string WithObjection(const ProbeResult& probe, const std::string& objection) {
  const std::string answer = AnswerText(probe);
  return objection.empty() ? answer : absl::StrCat(answer, ", but ", objection);
}

// Only the status decides; 401 and 403 say nothing about health.
bool IsOk(const ProbeResult& probe) {
  return probe.kind == ProbeResult::Kind::Answered && probe.status == 200;
}

bool KubeletIsHappy(const Observation& observation) {
  return std::all_of(observation.kubelet.begin(), observation.kubelet.end(),
                     [](const KubeletAnswer& answer) { return answer.success; });
}

const Process* Find(const std::vector<Process>& processes, std::int64_t pid) {
  const auto at = std::find_if(processes.begin(), processes.end(),
                               [pid](const Process& process) { return process.pid == pid; });
  return at == processes.end() ? nullptr : &*at;
}

bool Same(const Process& a, const Process& b) {
  return a.pid == b.pid && a.started_boottime_ns == b.started_boottime_ns;
}

}  // namespace

std::optional<Process> Gate::Serving(const Observation& observation) const {
  // With SO_REUSEPORT two may listen, and nobody knows which of them has answered.
  if (observation.listeners.size() != 1) return std::nullopt;
  const Process* const process = Find(observation.processes, observation.listeners.front());
  if (process == nullptr || !spec_.adoption.Qualifies(*process)) return std::nullopt;
  return *process;
}

GateVerdict Gate::Observe(const Observation& observation) {
  if (verdict_ != GateVerdict::Pending) return verdict_;
  const std::int64_t now = observation.boottime_ns;
  const std::optional<Process> server = Serving(observation);
  const bool ok = IsOk(observation.probe);
  const bool believed = ok && observation.objection.empty();
  const bool healthy = server.has_value() && believed && KubeletIsHappy(observation);
  last_what_ = Explain(observation, server.has_value());
  samples_.Add(SincePublishing(now), last_what_, healthy);
  if (server) {
    adoption_seen_ = true;
    if (!healthy) last_answer_ = last_what_.substr(last_what_.find(": ") + 2);
  }
  SeeGap(now);
  CountExits(observation);
  if (server && believed) {
    LookAhead(observation);
  } else {
    kubelet_unhappy_since_ns_.clear();
  }
  // What the new process says before it is believed does not make the outage shorter.
  const bool other_ok = ok && !server && !first_healthy_ns_;
  CountOutage(now, healthy || other_ok);
  if (verdict_ != GateVerdict::Pending) return verdict_;
  if (healthy) {
    Healthy(observation, *server);
  } else {
    if (other_ok) last_ok_before_ns_ = now;
    Unhealthy(observation);
  }
  return verdict_;
}

void Gate::CountOutage(std::int64_t now_ns, bool well) {
  if (!last_well_ns_ && Published() != 0) last_well_ns_ = Published();
  if (!well) {
    down_ = true;
    return;
  }
  // The outage until it was healthy for the first time is counted apart, in Report.
  if (down_ && first_healthy_ns_) later_outages_ns_ += now_ns - *last_well_ns_;
  down_ = false;
  last_well_ns_ = now_ns;
}

void Gate::SeeGap(std::int64_t now_ns) {
  const bool gap = last_sample_ns_ && now_ns - *last_sample_ns_ > spec_.longest_gap_ns;
  last_sample_ns_ = now_ns;
  if (!gap || !stable_since_ns_) return;
  stable_since_ns_.reset();
  if (++gaps_ > spec_.most_gaps) {
    Fail(absl::StrFormat("did not stay healthy: nobody could look for more than %.0f s, %d times",
                         Seconds(spec_.longest_gap_ns), gaps_));
  }
}

// A pass now and a kill by kubelet's own probe minutes later is no pass.
void Gate::LookAhead(const Observation& observation) {
  for (const KubeletAnswer& answer : observation.kubelet) {
    if (answer.success) {
      kubelet_unhappy_since_ns_.erase(answer.what);
      continue;
    }
    const std::int64_t since =
        kubelet_unhappy_since_ns_.emplace(answer.what, observation.boottime_ns).first->second;
    // The rollback's gate has nothing to fall back to: it waits for its deadline.
    if (!forward() || observation.boottime_ns - since < answer.period_ns) continue;
    Fail(absl::StrFormat(
        "kubelet would kill it: its %s is answered %s while the component is healthy; the "
        "container would be ended after %.0f s",
        answer.what, answer.answer, Seconds(answer.patience_ns)));
    return;
  }
}

void Gate::Healthy(const Observation& observation, const Process& server) {
  const std::int64_t now = observation.boottime_ns;
  const bool late = now - spec_.opened_boottime_ns > spec_.deadline_ns;
  const bool other = adopted_.has_value() && !Same(*adopted_, server);
  if (other && stable_since_ns_) {
    // Whoever answers now has not been watched yet.
    stable_since_ns_.reset();
    if (late) {
      Fail(absl::StrCat("did not stay healthy: process ", adopted_->pid, " was replaced by ",
                        server.pid));
      return;
    }
  }
  if (!first_healthy_ns_) {
    if (late) {
      Unhealthy(observation);
      return;
    }
    first_healthy_ns_ = now;
  }
  if (!adopted_ || other) component_start_ns_ = now - server.started_boottime_ns;
  adopted_ = server;
  if (!stable_since_ns_) stable_since_ns_ = now;
  if (now - *stable_since_ns_ >= spec_.stable_ns) verdict_ = GateVerdict::Passed;
}

void Gate::Unhealthy(const Observation& observation) {
  stable_since_ns_.reset();
  const std::int64_t waited = observation.boottime_ns - spec_.opened_boottime_ns;
  if (waited <= spec_.deadline_ns) return;
  const std::string within = absl::StrFormat(" within %.0f s", Seconds(spec_.deadline_ns));
  if (first_healthy_ns_) {
    Fail(absl::StrCat("did not stay healthy: ", last_what_));
  } else if (adoption_seen_) {
    Fail(absl::StrCat(
        "never healthy", within, ": ",
        last_answer_.empty() ? last_what_ : absl::StrCat("last answer: ", last_answer_)));
  } else {
    Fail(absl::StrCat("not adopted", within, ": ", last_what_));
  }
}

void Gate::CountExits(const Observation& observation) {
  std::vector<Process> qualifying;
  for (const Process& process : observation.processes) {
    if (spec_.adoption.Qualifies(process)) qualifying.push_back(process);
  }
  // Of the old pod's containers nothing is to be learnt about the new one, and the other way round.
  const std::string& before = spec_.adoption.component.pod_uid_before();
  std::vector<ContainerRun> runs;
  for (const ContainerRun& run : observation.runs) {
    if (before.empty() || (run.pod_uid == before) != forward()) runs.push_back(run);
  }
  exits_.See(observation.boottime_ns, qualifying, runs);
  if (!forward()) return;
  if (spec_.adoption.component.has_service()) {
    CountService(observation.boottime_ns, qualifying.empty());
    return;
  }
  if (exits_.count() < kCrashLoop) return;
  Fail(absl::StrFormat(
      "crash loop: %s has started with the new configuration and ended %d times; read the "
      "container's log for its last words",
      name(), exits_.count()));
}

void Gate::CountService(std::int64_t now_ns, bool absent) {
  if (!absent || !absent_since_ns_) absent_since_ns_ = now_ns;
  if (exits_.count() >= kServiceCrashLoop) {
    Fail(absl::StrCat(name(), " has started with the new configuration and ended; read its log (",
                      "journalctl -u ", name(), ") for its last words"));
  } else if (now_ns - *absent_since_ns_ >= kServiceGoneNs) {
    Fail(
        absl::StrFormat("%s does not run with the new configuration: no process of it was seen "
                        "for %.0f s after its restart; read its log (journalctl -u %s)",
                        name(), Seconds(kServiceGoneNs), name()));
  }
}

std::string Gate::Explain(const Observation& observation, bool served) const {
  const std::string answer = WithObjection(observation.probe, observation.objection);
  if (served) {
    std::string what = absl::StrCat(forward() ? "new process: " : "old configuration: ", answer);
    for (const KubeletAnswer& kubelet : observation.kubelet) {
      if (kubelet.success) continue;
      absl::StrAppend(&what, ", but kubelet's ", kubelet.what, " gets ", kubelet.answer);
    }
    return what;
  }
  bool right = false;
  bool right_but_early = false;
  for (const Process& process : observation.processes) {
    if (!spec_.adoption.Expected(process)) continue;
    if (spec_.adoption.InTime(process)) {
      right = true;
    } else {
      right_but_early = true;
    }
  }
  if (observation.processes.empty()) return absl::StrCat("no ", name(), " process: ", answer);
  if (right) {
    return absl::StrCat(
        forward() ? "new process" : "process of the old configuration",
        observation.listeners.empty() ? " does not own the port: " : " is not alone on the port: ",
        answer);
  }
  if (right_but_early) {
    return absl::StrCat(forward() ? "the process started before the edit: "
                                  : "the process may have read a file before it was put back: ",
                        answer);
  }
  return absl::StrCat(forward() ? "old process: " : "process of another configuration: ", answer);
}

std::string Gate::Waiting() const {
  switch (verdict_) {
    case GateVerdict::Passed:
      return "passed";
    case GateVerdict::Failed:
      return reason_;
    case GateVerdict::Pending:
      break;
  }
  if (stable_since_ns_) {
    return absl::StrFormat("healthy for %.0f of %.0f s",
                           Seconds(*last_sample_ns_ - *stable_since_ns_), Seconds(spec_.stable_ns));
  }
  return last_what_;
}

void Gate::Fail(std::string reason) {
  verdict_ = GateVerdict::Failed;
  reason_ = std::move(reason);
}

std::int64_t Gate::Published() const {
  const std::int64_t at =
      forward() ? spec_.adoption.applied_boottime_ns : spec_.adoption.restored_boottime_ns;
  return at == 0 ? spec_.opened_boottime_ns : at;
}

double Gate::SincePublishing(std::int64_t boottime_ns) const {
  return Seconds(boottime_ns - Published());
}

void Gate::Report(v1::StepReport* report) const {
  samples_.Report(report);
  if (last_sample_ns_) report->set_gate_seconds(SincePublishing(*last_sample_ns_));
  if (verdict_ != GateVerdict::Passed && down_ && last_well_ns_) {
    const std::int64_t since = report->down_since_boottime_ns();
    report->set_down_since_boottime_ns(since == 0 ? *last_well_ns_
                                                  : std::min(since, *last_well_ns_));
  }
  if (!adopted_) return;
  v1::Adoption* const adoption = report->add_adoptions();
  adoption->set_component(name());
  adoption->set_pid(adopted_->pid);
  adoption->set_started_after_seconds(SincePublishing(adopted_->started_boottime_ns));
  adoption->set_arguments_match(true);
  adoption->set_owns_listener(true);
  if (stable_since_ns_) report->set_stable_seconds(Seconds(*last_sample_ns_ - *stable_since_ns_));
  const bool never_replaced =
      !forward() && adopted_->started_boottime_ns < spec_.adoption.applied_boottime_ns;
  // An old process's age says nothing about how long the component takes to start.
  if (!never_replaced) report->set_component_start_seconds(Seconds(component_start_ns_));
  if (first_healthy_ns_) ReportOutage(never_replaced, report);
}

void Gate::ReportOutage(bool never_replaced, v1::StepReport* report) const {
  // Before an edit the component was ready; after a boot nobody saw when it went away.
  const bool seen_before = forward() && last_ok_before_ns_.has_value();
  const bool known = seen_before || spec_.adoption.applied_boottime_ns != 0;
  std::int64_t from = last_ok_before_ns_.value_or(Published());
  // A rollback ends what the edit began.
  if (spec_.down_since_boottime_ns != 0) from = spec_.down_since_boottime_ns;
  const bool never_down = never_replaced && spec_.down_since_boottime_ns == 0;
  const double seconds = Seconds((never_down ? 0 : *first_healthy_ns_ - from) + later_outages_ns_);
  v1::Outage* const outage = report->mutable_outage();
  if (outage->measured() && known && outage->seconds() > seconds) return;  // another component's
  outage->set_measured(known);
  if (!known) return;
  outage->set_seconds(seconds);
  outage->set_resolution_seconds(Seconds(spec_.interval_ns));
}

}  // namespace belay
