// The gate against scripted observations: adoption, health, time.
#include "node-agent/health/gate.h"

#include <gtest/gtest.h>

#include "tests/unit/gate_fixture.h"

namespace belay {
namespace {

TEST_F(GateTest, ANewHealthyProcessThatStaysPasses) {
  Gate gate(Spec());
  gate.Observe({Ns(100.1), {Proc(1, 10, kOld)}, {1}, Status(200)});
  Feed(gate, 101, 106, {Proc(1, 10, kOld), Proc(2, 100.8, kNew)}, {2}, Refused());
  EXPECT_EQ(Feed(gate, 107, 131, {Proc(2, 100.8, kNew)}, {2}, Status(200)), GateVerdict::Pending);
  EXPECT_EQ(Feed(gate, 132, 132, {Proc(2, 100.8, kNew)}, {2}, Status(200)), GateVerdict::Passed);
  v1::StepReport report;
  gate.Report(&report);
  ASSERT_EQ(report.adoptions_size(), 1);
  EXPECT_EQ(report.adoptions(0).pid(), 2);
  EXPECT_NEAR(report.adoptions(0).started_after_seconds(), 0.8, 1e-6);
  EXPECT_TRUE(report.outage().measured());
  EXPECT_NEAR(report.outage().seconds(), 6.9, 1e-6);
  EXPECT_NEAR(report.outage().resolution_seconds(), 0.2, 1e-6);
  EXPECT_NEAR(report.component_start_seconds(), 6.2, 1e-6);
  EXPECT_NEAR(report.stable_seconds(), 25, 1e-6);
  EXPECT_NEAR(report.gate_seconds(), 32, 1e-6);
  ASSERT_EQ(report.samples_size(), 3);
  EXPECT_EQ(report.samples(0).what(), "old process: ok");
  EXPECT_FALSE(report.samples(0).healthy());
  EXPECT_EQ(report.samples(2).what(), "new process: ok");
  EXPECT_EQ(report.samples(2).count(), 26U);
}

TEST_F(GateTest, AStaleOldProcessThatAnswersOkNeverPasses) {
  Gate gate(Spec());
  EXPECT_EQ(Feed(gate, 100, 161, {Proc(1, 10, kOld)}, {1}, Status(200)), GateVerdict::Failed);
  EXPECT_EQ(gate.reason(), "not adopted within 60 s: old process: ok");
  EXPECT_EQ(Feed(gate, 162, 262, {Proc(2, 161, kNew)}, {2}, Status(200)), GateVerdict::Failed);
}

TEST_F(GateTest, AProcessStartedBeforeTheEditNeverCountsEvenWithTheNewArguments) {
  Gate gate(Spec());
  EXPECT_EQ(Feed(gate, 100, 161, {Proc(1, 99.99, kNew)}, {1}, Status(200)), GateVerdict::Failed);
  Gate same_tick(Spec());
  EXPECT_EQ(Feed(same_tick, 100, 161, {Proc(1, 100, kNew)}, {1}, Status(200)), GateVerdict::Failed);
  EXPECT_NE(gate.reason().find("started before the edit"), std::string::npos) << gate.reason();
}

TEST_F(GateTest, OtherArgumentsNeverPass) {
  Gate gate(Spec());
  EXPECT_EQ(Feed(gate, 100, 161, {Proc(2, 101, kOld)}, {2}, Status(200)), GateVerdict::Failed);
  std::vector<std::string> more = kNew;
  more.push_back("--event-ttl=2h");
  Gate extra(Spec());
  EXPECT_EQ(Feed(extra, 100, 161, {Proc(2, 101, more)}, {2}, Status(200)), GateVerdict::Failed);
}

TEST_F(GateTest, TheOldProcessMayLiveOnForThirtySeconds) {
  Gate gate(Spec());
  const std::vector<Process> both = {Proc(1, 10, kOld), Proc(2, 101, kNew)};
  Feed(gate, 101, 107, both, {2}, Status(500));
  Feed(gate, 108, 130, both, {2}, Status(200));
  EXPECT_EQ(Feed(gate, 131, 133, {both[1]}, {2}, Status(200)), GateVerdict::Passed);
}

TEST_F(GateTest, AListenerOwnedByTheOldProcessNeverPasses) {
  const std::vector<Process> both = {Proc(1, 10, kOld), Proc(2, 101, kNew)};
  Gate gate(Spec());
  EXPECT_EQ(Feed(gate, 101, 161, both, {1}, Status(200)), GateVerdict::Failed);
  EXPECT_NE(gate.reason().find("not adopted"), std::string::npos) << gate.reason();
  Gate shared(Spec());  // --permit-port-sharing: either may have answered
  EXPECT_EQ(Feed(shared, 101, 161, both, {1, 2}, Status(200)), GateVerdict::Failed);
  Gate nobody(Spec());
  EXPECT_EQ(Feed(nobody, 101, 161, both, {}, Status(200)), GateVerdict::Failed);
}

TEST_F(GateTest, OnlyStatus200IsHealthy) {
  const std::vector<Process> processes = {Proc(2, 101, kNew)};
  for (const int status : {401, 403, 500, 503, 301, 201, 204, 0}) {
    Gate gate(Spec());
    EXPECT_EQ(Feed(gate, 101, 161, processes, {2}, Status(status)), GateVerdict::Failed) << status;
    EXPECT_NE(gate.reason().find("never healthy"), std::string::npos) << gate.reason();
  }
  using Kind = ProbeResult::Kind;
  for (const Kind kind : {Kind::Refused, Kind::TimedOut, Kind::TlsFailed, Kind::Failed}) {
    Gate gate(Spec());
    EXPECT_EQ(Feed(gate, 101, 161, processes, {2}, {kind, 200, "ok"}), GateVerdict::Failed);
  }
}

TEST_F(GateTest, ACrashLoopFailsAtOnce) {
  Gate gate(Spec());
  gate.Observe({Ns(101), {Proc(2, 100.7, kNew)}, {}, Refused()});
  gate.Observe({Ns(102), {}, {}, Refused()});
  EXPECT_EQ(gate.verdict(), GateVerdict::Pending);
  gate.Observe({Ns(103), {Proc(3, 102.7, kNew)}, {}, Refused()});
  gate.Observe({Ns(104), {}, {}, Refused()});
  EXPECT_EQ(gate.verdict(), GateVerdict::Failed);
  EXPECT_EQ(gate.reason().rfind("crash loop:", 0), 0U) << gate.reason();
}

TEST_F(GateTest, AWrapperAndItsChildAreOneGeneration) {
  Gate gate(Spec());
  gate.Observe({Ns(101), {Proc(2, 100.7, kNew), Proc(3, 100.8, kNew)}, {}, Refused()});
  gate.Observe({Ns(102), {Proc(2, 100.7, kNew)}, {}, Refused()});
  gate.Observe({Ns(103), {}, {}, Refused()});
  EXPECT_EQ(gate.verdict(), GateVerdict::Pending);
}

TEST_F(GateTest, ABreakRestartsStable) {
  const std::vector<Process> processes = {Proc(2, 101, kNew)};
  Gate gate(Spec());
  Feed(gate, 107, 127, processes, {2}, Status(200));
  Feed(gate, 128, 128, processes, {2}, Status(500));
  EXPECT_EQ(Feed(gate, 129, 153, processes, {2}, Status(200)), GateVerdict::Pending);
  EXPECT_EQ(Feed(gate, 154, 154, processes, {2}, Status(200)), GateVerdict::Passed);
}

TEST_F(GateTest, FlappingFailsOnceTheDeadlineHasPassed) {
  const std::vector<Process> processes = {Proc(2, 101, kNew)};
  Gate gate(Spec());
  for (double at = 102; at < 200 && gate.verdict() == GateVerdict::Pending; at += 10) {
    Feed(gate, at, at + 8, processes, {2}, Status(200));
    Feed(gate, at + 9, at + 9, processes, {2}, Status(500));
  }
  EXPECT_EQ(gate.verdict(), GateVerdict::Failed);
  EXPECT_EQ(gate.reason(), "did not stay healthy: new process: 500");
}

TEST_F(GateTest, StableMayEndAfterTheDeadlineButNotBeginThen) {
  const std::vector<Process> processes = {Proc(2, 101, kNew)};
  Gate in_time(Spec());
  Feed(in_time, 101, 159, processes, {2}, Status(500));
  EXPECT_EQ(Feed(in_time, 160, 185, processes, {2}, Status(200)), GateVerdict::Passed);
  Gate late(Spec());
  Feed(late, 101, 160, processes, {2}, Status(500));
  EXPECT_EQ(Feed(late, 161, 200, processes, {2}, Status(200)), GateVerdict::Failed);
  EXPECT_EQ(late.reason(), "never healthy within 60 s: last answer: 500");
}

TEST_F(GateTest, AnOldConfigurationThatTakesOverLateIsCaught) {
  // A stray copy of the manifest wins at kubelet's next listing, after the new one was healthy.
  Gate gate(Spec());
  Feed(gate, 107, 120, {Proc(2, 101, kNew)}, {2}, Status(200));
  EXPECT_EQ(Feed(gate, 121, 161, {Proc(3, 120.5, kOld)}, {3}, Status(200)), GateVerdict::Failed);
  EXPECT_EQ(gate.reason().rfind("did not stay healthy:", 0), 0U) << gate.reason();
}

TEST_F(GateTest, AnotherNewProcessMustBeWatchedFromItsBeginning) {
  Gate gate(Spec());
  Feed(gate, 107, 130, {Proc(2, 101, kNew)}, {2}, Status(200));
  EXPECT_EQ(Feed(gate, 131, 155, {Proc(3, 130.5, kNew)}, {3}, Status(200)), GateVerdict::Pending);
  EXPECT_EQ(Feed(gate, 156, 156, {Proc(3, 130.5, kNew)}, {3}, Status(200)), GateVerdict::Passed);
  Gate reused_pid(Spec());
  Feed(reused_pid, 107, 130, {Proc(2, 101, kNew)}, {2}, Status(200));
  EXPECT_EQ(Feed(reused_pid, 131, 140, {Proc(2, 130.5, kNew)}, {2}, Status(200)),
            GateVerdict::Pending);
}

TEST_F(GateTest, ATimeThatNobodyWatchedDoesNotCount) {
  const std::vector<Process> processes = {Proc(2, 101, kNew)};
  Gate gate(Spec());
  Feed(gate, 107, 108, processes, {2}, Status(200));
  EXPECT_EQ(Feed(gate, 140, 164, processes, {2}, Status(200)), GateVerdict::Pending);
  EXPECT_EQ(Feed(gate, 165, 165, processes, {2}, Status(200)), GateVerdict::Passed);
}

TEST_F(GateTest, AfterABootEveryProcessWithTheNewArgumentsIsNew) {
  GateSpec spec = Spec();
  spec.adoption.applied_boottime_ns = 0;
  spec.opened_boottime_ns = Ns(20);
  Gate gate(spec);
  EXPECT_EQ(Feed(gate, 20, 45, {Proc(2, 8, kNew)}, {2}, Status(200)), GateVerdict::Passed);
  v1::StepReport report;
  gate.Report(&report);
  EXPECT_FALSE(report.outage().measured());
  Gate wrong(spec);
  EXPECT_EQ(Feed(wrong, 20, 81, {Proc(2, 8, kOld)}, {2}, Status(200)), GateVerdict::Failed);
}

// Of a rollback's report: from the first failing sample on, not from the restoring.
TEST_F(GateTest, TheOutageOfARollbackBeginsWithTheEdit) {
  Gate fallen(Spec());
  fallen.Observe({Ns(101), {Proc(1, 10, kOld)}, {1}, Status(200)});
  Feed(fallen, 102, 161, {}, {}, Refused());
  ASSERT_EQ(fallen.verdict(), GateVerdict::Failed);
  v1::StepReport forward;
  fallen.Report(&forward);
  EXPECT_EQ(forward.down_since_boottime_ns(), Ns(101));
  EXPECT_FALSE(forward.has_outage());

  GateSpec spec = BackwardSpec();
  spec.down_since_boottime_ns = forward.down_since_boottime_ns();
  Gate back(spec);
  Feed(back, 162, 169, {}, {}, Refused());
  ASSERT_EQ(Feed(back, 170, 195, {Proc(9, 168, kOld)}, {9}, Status(200)), GateVerdict::Passed);
  v1::StepReport backward;
  back.Report(&backward);
  EXPECT_TRUE(backward.outage().measured());
  EXPECT_NEAR(backward.outage().seconds(), 170 - 101, 1e-6);
  EXPECT_EQ(backward.down_since_boottime_ns(), 0);
}

TEST_F(GateTest, WhatWasHealthyInBetweenIsNoOutage) {
  const std::vector<Process> processes = {Proc(2, 101, kNew)};
  Gate gate(Spec());
  Feed(gate, 101, 106, processes, {2}, Refused());
  Feed(gate, 107, 111, processes, {2}, Status(200));
  Feed(gate, 112, 113, processes, {2}, Status(500));
  Feed(gate, 114, 120, processes, {2}, Status(200));
  v1::StepReport well;
  gate.Report(&well);
  EXPECT_NEAR(well.outage().seconds(), 7 + 3, 1e-6) << "to 107, and from 111 to 114";
  EXPECT_EQ(well.down_since_boottime_ns(), 0);
  Feed(gate, 121, 123, processes, {2}, Status(500));
  v1::StepReport down;
  gate.Report(&down);
  EXPECT_EQ(down.down_since_boottime_ns(), Ns(120));
}

TEST_F(GateTest, AfterABootTheOutageOfARollbackIsUnknown) {
  GateSpec spec = BackwardSpec();
  spec.adoption.applied_boottime_ns = 0;
  spec.adoption.restored_boottime_ns = 0;
  Gate gate(spec);
  Feed(gate, 160, 165, {Proc(3, 150, kNew)}, {3}, Status(200));
  ASSERT_EQ(Feed(gate, 166, 192, {Proc(9, 165, kOld)}, {9}, Status(200)), GateVerdict::Passed);
  v1::StepReport report;
  gate.Report(&report);
  EXPECT_FALSE(report.outage().measured());
}

TEST_F(GateTest, BackwardAProcessThatWasNeverReplacedPasses) {
  Gate gate(BackwardSpec());
  EXPECT_EQ(Feed(gate, 160, 185, {Proc(1, 10, kOld)}, {1}, Status(200)), GateVerdict::Passed);
  v1::StepReport report;
  gate.Report(&report);
  EXPECT_EQ(report.outage().seconds(), 0);
}

TEST_F(GateTest, BackwardAProcessStartedAfterTheRestorePasses) {
  Gate gate(BackwardSpec());
  Feed(gate, 160, 192, {}, {}, Refused());
  EXPECT_EQ(Feed(gate, 193, 218, {Proc(9, 190, kOld)}, {9}, Status(200)), GateVerdict::Passed);
}

TEST_F(GateTest, BackwardTheNewConfigurationDoesNotPass) {
  Gate gate(BackwardSpec());
  EXPECT_EQ(Feed(gate, 160, 341, {Proc(2, 101, kNew)}, {2}, Status(200)), GateVerdict::Failed);
  Gate later(BackwardSpec());
  EXPECT_EQ(Feed(later, 160, 341, {Proc(2, 170, kNew)}, {2}, Status(200)), GateVerdict::Failed);
}

// It may have read a policy file that the step changed and has put back since.
TEST_F(GateTest, BackwardAProcessThatMayHaveReadTheStepsFilesDoesNotPass) {
  GateSpec spec = BackwardSpec();
  spec.adoption.component.set_reads_changed_files(true);
  for (const double started : {100.0, 100.01, 130.0, 159.99, 99.995}) {
    Gate gate(spec);
    EXPECT_EQ(Feed(gate, 160, 341, {Proc(2, started, kOld)}, {2}, Status(200)), GateVerdict::Failed)
        << started;
  }
  // Of the very tick of the restore: nothing reads its files that soon after its start.
  for (const double started : {160.0, 160.01, 99.98}) {
    Gate gate(spec);
    EXPECT_EQ(Feed(gate, 160, 185, {Proc(2, started, kOld)}, {2}, Status(200)), GateVerdict::Passed)
        << started;
  }
}

TEST_F(GateTest, BackwardTheOldManifestIsRightWheneverItWasStarted) {
  for (const double started : {99.995, 100.0, 130.0, 159.99, 160.0, 160.01}) {
    Gate gate(BackwardSpec());
    EXPECT_EQ(Feed(gate, 160, 185, {Proc(2, started, kOld)}, {2}, Status(200)), GateVerdict::Passed)
        << started;
  }
}

TEST_F(GateTest, ThePodCountsBesideTheArguments) {
  GateSpec spec = Spec();
  spec.adoption.component.set_pod_uid_before("a");
  Gate gate(spec);
  EXPECT_EQ(Feed(gate, 101, 161, {{2, Ns(101), kNew, "a"}}, {2}, Status(200)), GateVerdict::Failed);
}

TEST_F(GateTest, AMachineThatCannotBeWatchedEndsInAVerdict) {
  const std::vector<Process> processes = {Proc(2, 101, kNew)};
  Gate gate(Spec());
  int samples = 0;
  for (double at = 107; gate.verdict() == GateVerdict::Pending && samples < 1000; at += 6) {
    gate.Observe({Ns(at), processes, {2}, Status(200)});
    ++samples;
  }
  EXPECT_EQ(gate.verdict(), GateVerdict::Failed);
  EXPECT_EQ(gate.reason(), "did not stay healthy: nobody could look for more than 5 s, 4 times");
  EXPECT_EQ(samples, 5);
  // A machine that was suspended once goes on.
  Gate suspended(Spec());
  Feed(suspended, 107, 120, processes, {2}, Status(200));
  EXPECT_EQ(Feed(suspended, 90'000, 90'025, processes, {2}, Status(200)), GateVerdict::Passed);
}

TEST_F(GateTest, A200ThatIsNotBelievedIsNotHealthy) {
  Gate gate(Spec());
  for (double at = 101; at <= 161; at += 1) {
    Observation seen{Ns(at), {Proc(2, 101, kNew)}, {2}, Status(200)};
    seen.objection = "it is a learner";
    gate.Observe(seen);
  }
  EXPECT_EQ(gate.verdict(), GateVerdict::Failed);
  EXPECT_EQ(gate.reason(), "never healthy within 60 s: last answer: ok, but it is a learner");
}

TEST_F(GateTest, BackwardACrashLoopIsGivenItsWholeDeadline) {
  Gate gate(BackwardSpec());
  for (int i = 0; i < 4; ++i) {
    gate.Observe({Ns(162 + 2 * i), {Proc(10 + i, 161 + 2 * i, kOld)}, {}, Refused()});
    gate.Observe({Ns(163 + 2 * i), {}, {}, Refused()});
  }
  EXPECT_EQ(gate.verdict(), GateVerdict::Pending);
  EXPECT_EQ(Feed(gate, 180, 205, {Proc(20, 179, kOld)}, {20}, Status(200)), GateVerdict::Passed);
}

}  // namespace
}  // namespace belay
