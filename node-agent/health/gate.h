// Decides, sample by sample, whether a configuration has been adopted and is healthy.  Pure: fed
// with observations, it knows no clock and asks nobody.  A sample counts only after adoption is
// proved: the one process that owns the listener runs what is expected (adoption.h).  docs/gates.md
// says what each part of the proof is good for.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "belay/v1/journal.pb.h"
#include "common/os/health_probe.h"
#include "common/os/process_table.h"
#include "node-agent/health/adoption.h"
#include "node-agent/health/exits.h"
#include "node-agent/health/sample_log.h"

namespace belay {

struct GateSpec {
  AdoptionRule adoption;
  std::int64_t opened_boottime_ns = 0;  // when this gate began to look; deadlines count from here
  std::int64_t deadline_ns = 0;         // first healthy adopted sample must come within
  std::int64_t stable_ns = 0;           // and then no other sample for this long
  std::int64_t interval_ns = 0;         // between samples; the resolution of the outage
  // Of a rollback's gate: since when the forward gate had not seen the component well; 0: unknown.
  std::int64_t down_since_boottime_ns = 0;
  // Nothing is known about a longer gap between samples (a suspended machine): stable begins again.
  std::int64_t longest_gap_ns = 5'000'000'000;
  // So often; a machine that cannot be watched for longer has no proof to offer.
  int most_gaps = 3;
};

// What kubelet's own probe would be told.
struct KubeletAnswer {
  std::string what;  // "livenessProbe on /livez"
  std::int64_t period_ns = 0;
  std::int64_t patience_ns = 0;  // kubelet kills the container when it has failed for so long
  bool success = false;
  std::string answer;  // "401", "refused"
};

struct Observation {
  std::int64_t boottime_ns = 0;    // when the probe had answered
  std::vector<Process> processes;  // of the component, looked up before the probe was sent
  // Pids among them that own the port's LISTEN socket, before the probe and still after it.
  std::vector<std::int64_t> listeners;
  ProbeResult probe;
  std::string objection = "";               // why a 200 is not believed: "it is a learner"
  std::vector<KubeletAnswer> kubelet = {};  // where the probe was answered with 200
  std::vector<ContainerRun> runs = {};      // of any pod of this manifest
};

enum class GateVerdict { Pending, Passed, Failed };

class Gate {
 public:
  explicit Gate(GateSpec spec) : spec_(std::move(spec)) {}
  // Never goes back once it is Passed or Failed.
  GateVerdict Observe(const Observation& observation);
  GateVerdict verdict() const { return verdict_; }
  // Why it failed, for people: "not adopted: ...", "crash loop: ...", "never healthy: ...", "did
  // not stay healthy: ...".
  const std::string& reason() const { return reason_; }
  // What it is waiting for, for live views.
  std::string Waiting() const;
  // The process that served the last healthy sample; nothing before the first.
  const std::optional<Process>& adopted() const { return adopted_; }
  // Of the newest attempt at a container of the expected pod; empty when none was seen to begin.
  const std::string& newest_log() const { return exits_.newest_log(); }
  // Adds this gate's evidence to a report.
  void Report(v1::StepReport* report) const;

 private:
  // The process that answers, when it is the only one that listens and it qualifies.
  std::optional<Process> Serving(const Observation& observation) const;
  std::string Explain(const Observation& observation, bool served) const;
  void CountExits(const Observation& observation);
  void CountService(std::int64_t now_ns, bool absent);
  void LookAhead(const Observation& observation);
  void SeeGap(std::int64_t now_ns);
  void CountOutage(std::int64_t now_ns, bool well);
  void ReportOutage(bool never_replaced, v1::StepReport* report) const;
  void Healthy(const Observation& observation, const Process& server);
  void Unhealthy(const Observation& observation);
  void Fail(std::string reason);
  bool forward() const { return spec_.adoption.direction == GateDirection::Forward; }
  const std::string& name() const { return spec_.adoption.component.component(); }
  std::int64_t Published() const;
  double SincePublishing(std::int64_t boottime_ns) const;

  const GateSpec spec_;
  GateVerdict verdict_ = GateVerdict::Pending;
  std::string reason_;
  std::string last_what_ = "the first sample";
  std::string last_answer_;  // of a process that qualifies, when it was not healthy
  bool adoption_seen_ = false;
  std::optional<Process> adopted_;
  std::optional<std::int64_t> stable_since_ns_;
  std::optional<std::int64_t> last_sample_ns_;
  int gaps_ = 0;  // inside of stable
  std::optional<std::int64_t> first_healthy_ns_;
  std::optional<std::int64_t> last_well_ns_;  // as far as the outage is concerned
  bool down_ = false;                         // not well since then
  std::int64_t later_outages_ns_ = 0;         // those that have ended since first_healthy_ns_
  std::optional<std::int64_t>
      last_ok_before_ns_;  // 200 from anybody else, before first_healthy_ns_
  std::int64_t component_start_ns_ = 0;
  std::map<std::string, std::int64_t> kubelet_unhappy_since_ns_;  // by KubeletAnswer::what
  Exits exits_;
  std::optional<std::int64_t>
      absent_since_ns_;  // of a service: last seen running, or the first look
  SampleLog samples_;
};

}  // namespace belay
