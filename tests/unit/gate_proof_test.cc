// The gate against scripted observations: pods that look alike, exits that nobody sees, and what
// kubelet will do later.
#include <gtest/gtest.h>

#include <utility>

#include "node-agent/health/gate.h"
#include "tests/unit/gate_fixture.h"

namespace belay {
namespace {

// Only a mount was changed: the arguments say nothing.
class SameArgumentsTest : public GateTest {
 protected:
  static GateSpec MountSpec(GateSpec spec, const std::string& uid_before = "a") {
    *spec.adoption.component.mutable_argv_after() = spec.adoption.component.argv_before();
    spec.adoption.component.set_pod_uid_before(uid_before);
    return spec;
  }
  static Process InPod(std::int64_t pid, double started, const std::string& uid) {
    return {pid, Ns(started), kOld, uid};
  }
};

TEST_F(SameArgumentsTest, TheOldPodStartedAgainAfterTheEditIsNotTheNewOne) {
  Gate gate(MountSpec(Spec()));
  EXPECT_EQ(Feed(gate, 101, 161, {InPod(2, 101, "a")}, {2}, Status(200)), GateVerdict::Failed);
  EXPECT_EQ(gate.reason().rfind("not adopted", 0), 0U) << gate.reason();
  Gate other(MountSpec(Spec()));
  EXPECT_EQ(Feed(other, 101, 126, {InPod(2, 101, "b")}, {2}, Status(200)), GateVerdict::Passed);
  Gate unknown(MountSpec(Spec()));  // its pod cannot be told
  EXPECT_EQ(Feed(unknown, 101, 161, {InPod(2, 101, "")}, {2}, Status(200)), GateVerdict::Failed);
}

TEST_F(SameArgumentsTest, BackwardOnlyTheOldPodPasses) {
  Gate gate(MountSpec(BackwardSpec()));
  EXPECT_EQ(Feed(gate, 161, 341, {InPod(2, 161, "b")}, {2}, Status(200)), GateVerdict::Failed);
  Gate other(MountSpec(BackwardSpec()));
  EXPECT_EQ(Feed(other, 161, 186, {InPod(2, 161, "a")}, {2}, Status(200)), GateVerdict::Passed);
}

TEST_F(SameArgumentsTest, WithoutAPodToTellThemApartNothingPasses) {
  for (const GateSpec& spec : {MountSpec(Spec(), ""), MountSpec(BackwardSpec(), "")}) {
    Gate gate(spec);
    EXPECT_EQ(Feed(gate, 161, 341, {InPod(2, 161, "b")}, {2}, Status(200)), GateVerdict::Failed);
  }
}

class LogsTest : public GateTest {
 protected:
  static GateSpec WithPod(GateSpec spec) {
    spec.adoption.component.set_pod_uid_before("a");
    return spec;
  }
  static void See(Gate& gate, double at, std::vector<ContainerRun> runs,
                  std::vector<Process> processes = {}) {
    Observation seen{Ns(at), std::move(processes), {}, Refused()};
    seen.runs = std::move(runs);
    gate.Observe(seen);
  }
};

TEST_F(LogsTest, ACrashLoopOfProcessesThatNobodySawFails) {
  Gate gate(WithPod(Spec()));
  See(gate, 100.1, {{"a", 7, ""}});
  See(gate, 101, {{"a", 7, ""}, {"b", 0, "/l/0.log"}});
  See(gate, 102, {{"a", 7, ""}, {"b", 1, "/l/1.log"}});
  See(gate, 104.9, {{"b", 1, "/l/1.log"}});
  EXPECT_EQ(gate.verdict(), GateVerdict::Pending);
  See(gate, 105.1, {{"b", 1, "/l/1.log"}});  // the second one has had its time to be seen
  EXPECT_EQ(gate.verdict(), GateVerdict::Failed);
  EXPECT_EQ(gate.reason().rfind("crash loop:", 0), 0U) << gate.reason();
  EXPECT_EQ(gate.newest_log(), "/l/1.log");
  Gate third(WithPod(Spec()));
  See(third, 101, {{"b", 0, ""}});
  See(third, 101.1, {{"b", 2, ""}});
  EXPECT_EQ(third.verdict(), GateVerdict::Failed);
}

TEST_F(LogsTest, OneRestartThatStaysIsNoCrashLoop) {
  Gate gate(WithPod(Spec()));
  See(gate, 101, {{"b", 0, ""}});
  for (int i = 0; i < 30; ++i) {
    See(gate, 102 + i, {{"b", 1, ""}}, {{3, Ns(101.9), kNew, "b"}});
  }
  EXPECT_EQ(gate.verdict(), GateVerdict::Pending);
}

TEST_F(LogsTest, WhatWasThereBeforeAndWhatIsTheOldPodsDoesNotCount) {
  Gate gate(WithPod(Spec()));
  See(gate, 100.1, {{"a", 7, ""}, {"b", 5, ""}});  // the same manifest was tried once before
  See(gate, 101, {{"a", 9, ""}, {"b", 5, ""}});
  See(gate, 110, {{"a", 12, ""}, {"b", 6, ""}}, {{3, Ns(109), kNew, "b"}});
  EXPECT_EQ(gate.verdict(), GateVerdict::Pending);
  Gate backward(WithPod(BackwardSpec()));
  See(backward, 161, {{"a", 0, ""}});
  See(backward, 162, {{"a", 9, ""}});
  EXPECT_EQ(backward.verdict(), GateVerdict::Pending);
}

class LookAheadTest : public GateTest {
 protected:
  static GateVerdict FeedKubelet(Gate& gate, double from, double to, bool success) {
    const bool backward = from >= 160;
    for (double at = from; at <= to + 1e-6; at += 1) {
      Observation seen{
          Ns(at), {Proc(2, backward ? 10 : 101, backward ? kOld : kNew)}, {2}, Status(200)};
      seen.kubelet = {
          {"livenessProbe on /livez", Ns(10), Ns(80), success, success ? "200" : "401"}};
      gate.Observe(seen);
    }
    return gate.verdict();
  }
};

TEST_F(LookAheadTest, WhatKubeletWillKillFailsWithinOneProbePeriod) {
  Gate gate(Spec());
  EXPECT_EQ(FeedKubelet(gate, 107, 116, false), GateVerdict::Pending);
  EXPECT_EQ(FeedKubelet(gate, 117, 117, false), GateVerdict::Failed);
  EXPECT_EQ(gate.reason(),
            "kubelet would kill it: its livenessProbe on /livez is answered 401 while the "
            "component is healthy; the container would be ended after 80 s");
}

TEST_F(LookAheadTest, AProbeThatFailsInBetweenRestartsStable) {
  Gate gate(Spec());
  FeedKubelet(gate, 107, 126, true);
  FeedKubelet(gate, 127, 127, false);
  EXPECT_EQ(FeedKubelet(gate, 128, 152, true), GateVerdict::Pending);
  EXPECT_EQ(FeedKubelet(gate, 153, 153, true), GateVerdict::Passed);
}

TEST_F(LookAheadTest, BackwardItWaitsForItsDeadline) {
  Gate gate(BackwardSpec());
  EXPECT_EQ(FeedKubelet(gate, 160, 340, false), GateVerdict::Pending);
  EXPECT_EQ(FeedKubelet(gate, 341, 341, false), GateVerdict::Failed);
}

}  // namespace
}  // namespace belay
