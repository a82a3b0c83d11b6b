// A gate fed with scripted observations.  Times are seconds of CLOCK_BOOTTIME; the edit is
// published at 100 and the gate opens at the same moment; a rollback's is restored and opens at
// 160.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "node-agent/health/gate.h"

namespace belay {

inline std::int64_t Ns(double seconds) { return static_cast<std::int64_t>(seconds * 1e9); }

inline const std::vector<std::string> kOld = {"kube-apiserver", "--profiling=true"};
inline const std::vector<std::string> kNew = {"kube-apiserver", "--profiling=false"};

inline Process Proc(std::int64_t pid, double started, const std::vector<std::string>& argv) {
  return {pid, Ns(started), argv};
}
inline ProbeResult Status(int status) { return {ProbeResult::Kind::Answered, status, ""}; }
inline ProbeResult Refused() { return {ProbeResult::Kind::Refused, 0, ""}; }

class GateTest : public ::testing::Test {
 protected:
  static GateSpec Spec() {
    GateSpec spec;
    spec.adoption.component.set_component("kube-apiserver");
    for (const auto& element : kOld) spec.adoption.component.add_argv_before(element);
    for (const auto& element : kNew) spec.adoption.component.add_argv_after(element);
    spec.adoption.applied_boottime_ns = Ns(100);
    spec.opened_boottime_ns = Ns(100);
    spec.deadline_ns = Ns(60);
    spec.stable_ns = Ns(25);
    spec.interval_ns = Ns(0.2);
    return spec;
  }
  static GateSpec BackwardSpec() {
    GateSpec spec = Spec();
    spec.adoption.direction = GateDirection::Backward;
    spec.adoption.restored_boottime_ns = Ns(160);
    spec.opened_boottime_ns = Ns(160);
    spec.deadline_ns = Ns(180);
    return spec;
  }
  // The same sample once a second, from `from` to `to`.
  static GateVerdict Feed(Gate& gate, double from, double to, const std::vector<Process>& processes,
                          const std::vector<std::int64_t>& listeners, const ProbeResult& probe) {
    for (double at = from; at <= to + 1e-6; at += 1) {
      gate.Observe({Ns(at), processes, listeners, probe});
    }
    return gate.verdict();
  }
};

}  // namespace belay
