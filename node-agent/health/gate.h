// Decides, sample by sample, whether a configuration has been adopted and is healthy.  Pure: fed
// with observations, it knows no clock and asks nobody.  A sample counts only after adoption is
// proved: every process that owns the listener started after publishing and runs the expected
// arguments.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "belay/v1/journal.pb.h"
#include "common/os/health_probe.h"
#include "common/os/process_table.h"
#include "node-agent/health/sample_log.h"

namespace belay {

// Forward: the new configuration must have been adopted.  Backward: the restored one must serve; a
// process that was never replaced is as good as one started after the restore.
enum class GateDirection { Forward, Backward };

struct GateSpec {
  GateDirection direction = GateDirection::Forward;
  v1::ComponentExpectation component;
  std::int64_t applied_boottime_ns = 0;   // publishing of the edit; 0: in an earlier boot
  std::int64_t restored_boottime_ns = 0;  // Backward: publishing of the restore; 0: earlier boot
  std::int64_t opened_boottime_ns = 0;    // when this gate began to look; deadlines count from here
  std::int64_t deadline_ns = 0;           // first healthy adopted sample must come within
  std::int64_t stable_ns = 0;             // and then no other sample for this long
  std::int64_t interval_ns = 0;           // between samples; the resolution of the outage
  // Nothing is known about a longer gap between samples (a suspended machine): stable begins again.
  std::int64_t longest_gap_ns = 5'000'000'000;
};

struct Observation {
  std::int64_t boottime_ns = 0;         // when the probe had answered
  std::vector<Process> processes;       // of the component, looked up before the probe was sent
  std::vector<std::int64_t> listeners;  // pids among them that own the port's LISTEN socket
  ProbeResult probe;
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
  // Adds this gate's evidence to a report.
  void Report(v1::StepReport* report) const;

 private:
  bool Expected(const Process& process) const;
  bool InTime(const Process& process) const;
  // The process that answers, when it is the only one that listens and it qualifies.
  std::optional<Process> Serving(const Observation& observation) const;
  std::string Explain(const Observation& observation, bool served) const;
  void CountGenerations(const Observation& observation);
  void Healthy(const Observation& observation, const Process& server);
  void Unhealthy(const Observation& observation);
  void Fail(std::string reason);
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
  std::optional<std::int64_t> first_healthy_ns_;
  std::optional<std::int64_t> last_ok_before_ns_;  // 200 from whomever, before first_healthy_ns_
  std::int64_t component_start_ns_ = 0;
  std::vector<std::pair<std::int64_t, std::int64_t>> generation_;  // (pid, start) that qualify
  int generations_gone_ = 0;
  SampleLog samples_;
};

}  // namespace belay
