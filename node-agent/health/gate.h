// Decides, sample by sample, whether a configuration has been adopted and is healthy.  Pure: fed with
// observations, it knows no clock and asks nobody.  A sample counts only after adoption is proved: the
// process that owns the listener started after publishing and runs the expected arguments.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "belay/v1/journal.pb.h"
#include "common/os/health_probe.h"
#include "common/os/process_table.h"

namespace belay {

// Forward: the new configuration must have been adopted.  Backward: the restored one must serve; a
// process that was never replaced is as good as one started after the restore.
enum class GateDirection { Forward, Backward };

struct GateSpec {
  GateDirection direction = GateDirection::Forward;
  v1::ComponentExpectation component;
  std::int64_t applied_boottime_ns = 0;   // publishing of the edit
  std::int64_t restored_boottime_ns = 0;  // Backward: publishing of the restore
  std::int64_t opened_boottime_ns = 0;    // when this gate began to look; deadlines count from here
  std::int64_t deadline_ns = 0;           // first healthy adopted sample must come within
  std::int64_t stable_ns = 0;             // and then no other sample for this long
};

struct Observation {
  std::int64_t boottime_ns = 0;
  std::vector<Process> processes;          // of the component
  std::vector<std::int64_t> listeners;     // pids among them that own the port's LISTEN socket
  ProbeResult probe;
};

enum class GateVerdict { Pending, Passed, Failed };

class Gate {
 public:
  explicit Gate(GateSpec spec);
  // Never goes back once it is Passed or Failed.
  GateVerdict Observe(const Observation& observation);
  GateVerdict verdict() const { return verdict_; }
  // Why it failed, for people: "not adopted: ...", "crash loop: ...", "never healthy: ...", "did not stay healthy: ...".
  const std::string& reason() const { return reason_; }
  // What it is waiting for, for live views.
  std::string Waiting() const;
  // Adds this gate's evidence to a report.
  void Report(v1::StepReport* report) const;

 private:
  GateSpec spec_;
  GateVerdict verdict_ = GateVerdict::Pending;
  std::string reason_;
  struct State;
  State* state() const;
};

}  // namespace belay
