#include "node-agent/health/gate.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "node-agent/manifest/pod.h"

namespace belay {
namespace {

// The kernel rounds start times down to this, so "before" is certain only a tick earlier.
constexpr std::int64_t kTickNs = 10'000'000;
// One process may be gone for many reasons; a second one is a pattern.
constexpr int kCrashLoop = 2;

double Seconds(std::int64_t ns) { return static_cast<double>(ns) / 1e9; }

std::string ProbeText(const ProbeResult& probe) {
  const auto with_detail = [&probe](const std::string& what) {
    return probe.detail.empty() ? what : absl::StrCat(what, " ", probe.detail);
  };
  switch (probe.kind) {
    case ProbeResult::Kind::Answered:
      if (probe.status == 200) return "ok";
      if (probe.status == 401 || probe.status == 403) {
        return absl::StrCat(probe.status, " (health unknown: not allowed to ask)");
      }
      return with_detail(absl::StrCat(probe.status));
    case ProbeResult::Kind::Refused:
      return "refused";
    case ProbeResult::Kind::TimedOut:
      return "timed out";
    case ProbeResult::Kind::TlsFailed:
      return with_detail("TLS failed:");
    case ProbeResult::Kind::Failed:
      return with_detail("failed:");
  }
  return "unknown answer";
}

// Only the status decides; 401 and 403 say nothing about health.
bool IsOk(const ProbeResult& probe) {
  return probe.kind == ProbeResult::Kind::Answered && probe.status == 200;
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

bool Gate::Expected(const Process& process) const {
  const auto& wanted = spec_.direction == GateDirection::Forward ? spec_.component.argv_after()
                                                                 : spec_.component.argv_before();
  return ArgvMatches({wanted.begin(), wanted.end()}, process.argv, spec_.component.component());
}

bool Gate::InTime(const Process& process) const {
  const std::int64_t started = process.started_boottime_ns;
  if (spec_.direction == GateDirection::Forward) return started > spec_.applied_boottime_ns;
  const bool never_replaced = started < spec_.applied_boottime_ns - kTickNs;
  return never_replaced || started > spec_.restored_boottime_ns;
}

std::optional<Process> Gate::Serving(const Observation& observation) const {
  // With SO_REUSEPORT two may listen, and nobody knows which of them has answered.
  if (observation.listeners.size() != 1) return std::nullopt;
  const Process* const process = Find(observation.processes, observation.listeners.front());
  if (process == nullptr || !InTime(*process) || !Expected(*process)) return std::nullopt;
  return *process;
}

GateVerdict Gate::Observe(const Observation& observation) {
  if (verdict_ != GateVerdict::Pending) return verdict_;
  const std::int64_t now = observation.boottime_ns;
  const std::optional<Process> server = Serving(observation);
  const bool ok = IsOk(observation.probe);
  const bool healthy = server.has_value() && ok;
  last_what_ = Explain(observation, server.has_value());
  samples_.Add(SincePublishing(now), last_what_, healthy);
  if (server) {
    adoption_seen_ = true;
    if (!ok) last_answer_ = ProbeText(observation.probe);
  }
  if (last_sample_ns_ && now - *last_sample_ns_ > spec_.longest_gap_ns) stable_since_ns_.reset();
  last_sample_ns_ = now;
  CountGenerations(observation);
  if (spec_.direction == GateDirection::Forward && generations_gone_ >= kCrashLoop) {
    Fail(
        absl::StrFormat("crash loop: %s has started with the new arguments and ended %d times; "
                        "read the container's log for its last words",
                        spec_.component.component(), generations_gone_));
    return verdict_;
  }
  if (healthy) {
    Healthy(observation, *server);
  } else {
    if (ok && !first_healthy_ns_) last_ok_before_ns_ = now;
    Unhealthy(observation);
  }
  return verdict_;
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

void Gate::CountGenerations(const Observation& observation) {
  std::vector<std::pair<std::int64_t, std::int64_t>> now;
  bool overlap = false;
  for (const Process& process : observation.processes) {
    if (!InTime(process) || !Expected(process)) continue;
    now.emplace_back(process.pid, process.started_boottime_ns);
    overlap = overlap ||
              std::find(generation_.begin(), generation_.end(), now.back()) != generation_.end();
  }
  // A wrapper and its child are one generation: it is gone when all of it is gone.
  if (!generation_.empty() && !overlap) ++generations_gone_;
  generation_ = std::move(now);
}

std::string Gate::Explain(const Observation& observation, bool served) const {
  const bool forward = spec_.direction == GateDirection::Forward;
  const std::string& name = spec_.component.component();
  const std::string answer = ProbeText(observation.probe);
  if (served) return absl::StrCat(forward ? "new process: " : "old configuration: ", answer);
  bool right = false;
  bool right_but_early = false;
  for (const Process& process : observation.processes) {
    if (!Expected(process)) continue;
    if (InTime(process)) {
      right = true;
    } else {
      right_but_early = true;
    }
  }
  if (observation.processes.empty()) return absl::StrCat("no ", name, " process: ", answer);
  if (right) {
    return absl::StrCat(
        forward ? "new process" : "process of the old configuration",
        observation.listeners.empty() ? " does not listen yet: " : " is not alone on the port: ",
        answer);
  }
  if (right_but_early) {
    return absl::StrCat(forward ? "the process started before the edit: "
                                : "the process started before the file was put back: ",
                        answer);
  }
  return absl::StrCat(forward ? "old process: " : "process of another configuration: ", answer);
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
  const std::int64_t at = spec_.direction == GateDirection::Forward ? spec_.applied_boottime_ns
                                                                    : spec_.restored_boottime_ns;
  return at == 0 ? spec_.opened_boottime_ns : at;
}

double Gate::SincePublishing(std::int64_t boottime_ns) const {
  return Seconds(boottime_ns - Published());
}

void Gate::Report(v1::StepReport* report) const {
  samples_.Report(report);
  if (last_sample_ns_) report->set_gate_seconds(SincePublishing(*last_sample_ns_));
  if (!adopted_) return;
  v1::Adoption* const adoption = report->add_adoptions();
  adoption->set_component(spec_.component.component());
  adoption->set_pid(adopted_->pid);
  adoption->set_started_after_seconds(SincePublishing(adopted_->started_boottime_ns));
  adoption->set_arguments_match(true);
  adoption->set_owns_listener(true);
  if (stable_since_ns_) report->set_stable_seconds(Seconds(*last_sample_ns_ - *stable_since_ns_));
  const bool never_replaced = spec_.direction == GateDirection::Backward &&
                              adopted_->started_boottime_ns < spec_.applied_boottime_ns;
  // An old process's age says nothing about how long the component takes to start.
  if (!never_replaced) report->set_component_start_seconds(Seconds(component_start_ns_));
  if (!first_healthy_ns_) return;
  // Before an edit the component was ready; after a boot nobody saw when it went away.
  const bool known = last_ok_before_ns_.has_value() || spec_.applied_boottime_ns != 0;
  v1::Outage* const outage = report->mutable_outage();
  outage->set_measured(known);
  if (!known) return;
  const std::int64_t from = last_ok_before_ns_.value_or(Published());
  outage->set_seconds(never_replaced ? 0 : Seconds(*first_healthy_ns_ - from));
  outage->set_resolution_seconds(Seconds(spec_.interval_ns));
}

}  // namespace belay
