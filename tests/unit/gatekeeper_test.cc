// ComponentGatekeeper and its neighbours in a simulated world: time passes only while it pauses.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "node-agent/health/component_gatekeeper.h"
#include "node-agent/health/etcd_leadership.h"
#include "node-agent/health/readiness.h"
#include "node-agent/transaction/file_image.h"
#include "tests/support/sim_clock.h"
#include "tests/support/sim_disk.h"
#include "tests/unit/gatekeeper_fixture.h"

namespace belay {
namespace {

using gatekeeper::GatekeeperTest;
using gatekeeper::kManifest;
using gatekeeper::kSecond;
using gatekeeper::World;

using Kind = GateResult::Kind;

TEST_F(GatekeeperTest, PassesWithTheEvidence) {
  const GateResult result = Run();
  ASSERT_EQ(result.kind, Kind::Passed) << result.reason;
  EXPECT_NEAR(Waited(), 25, 0.3);
  EXPECT_TRUE(result.report.changed());
  ASSERT_EQ(result.report.flags_size(), 1);
  EXPECT_EQ(result.report.flags(0).running(), "false");
  EXPECT_TRUE(result.report.flags(0).ok());
  EXPECT_EQ(result.report.adoptions_size(), 1);
  EXPECT_EQ(world_.asked.path, "/readyz");
  EXPECT_NEAR(result.report.outage().resolution_seconds(), 0.2, 1e-9);
  ASSERT_GT(progress_.size(), 10U);
  EXPECT_LT(progress_.size(), 40U);
}

TEST_F(GatekeeperTest, FailsAtTheDeadlineWhenNothingAdopts) {
  world_.processes = {{1, 5, {"kube-apiserver", "--profiling=true"}}};
  world_.listener = 1;
  const GateResult result = Run();
  EXPECT_EQ(result.kind, Kind::Failed);
  EXPECT_EQ(result.reason.rfind("not adopted", 0), 0U) << result.reason;
  EXPECT_NEAR(Waited(), 60, 0.5);
}

TEST_F(GatekeeperTest, AForeignWriteEndsItWithinTwoSeconds) {
  world_.at_pause = [this](std::int64_t since) {
    if (since > 10 * kSecond) disk_.PutFile(kManifest, "somebody else's", {});
  };
  const GateResult result = Run();
  EXPECT_EQ(result.kind, Kind::Foreign);
  EXPECT_EQ(result.path, kManifest);
  EXPECT_LT(Waited(), 12);
}

TEST_F(GatekeeperTest, AForeignWriteInTheLastMomentIsSeenBeforeItPasses) {
  world_.at_pause = [this](std::int64_t since) {
    if (since >= 25 * kSecond) disk_.PutFile(kManifest, "somebody else's", {});
  };
  EXPECT_EQ(Run().kind, Kind::Foreign);
}

TEST_F(GatekeeperTest, ALinkInTheFilesPlaceIsForeign) {
  disk_.Erase(kManifest);
  disk_.PutSymlink(kManifest);
  EXPECT_EQ(Run().kind, Kind::Foreign);
}

TEST_F(GatekeeperTest, ARemovedFileIsForeign) {
  disk_.Erase(kManifest);
  EXPECT_EQ(Run().kind, Kind::Foreign);
}

TEST_F(GatekeeperTest, TheOldContentPutBackBySomebodyFails) {
  disk_.PutFile(kManifest, "old", {});
  const GateResult result = Run();
  EXPECT_EQ(result.kind, Kind::Failed);
  EXPECT_NE(result.reason.find("changed back"), std::string::npos) << result.reason;
}

TEST_F(GatekeeperTest, AStrayCopyThatAppearsFailsForwardAndIsNotedBackward) {
  world_.at_pause = [this](std::int64_t since) {
    if (since > 20 * kSecond) stray_ = absl::FailedPreconditionError("x.bak is the same pod");
  };
  GateResult result = Run();
  EXPECT_EQ(result.kind, Kind::Failed);
  EXPECT_EQ(result.reason, "x.bak is the same pod");
  request_.direction = GateDirection::Backward;
  request_.restored_boottime_ns = world_.opened;
  request_.applied_boottime_ns = world_.opened - 60 * kSecond;
  disk_.PutFile(kManifest, "old", {});
  world_.processes = {{1, 5, {"kube-apiserver", "--profiling=true"}}};
  world_.listener = 1;
  result = Run();
  EXPECT_EQ(result.kind, Kind::Passed) << result.reason;
  ASSERT_EQ(result.report.notes_size(), 1);
}

TEST_F(GatekeeperTest, TheNewContentPutBackDuringARollbackIsSomebodysToDecide) {
  request_.direction = GateDirection::Backward;
  request_.restored_boottime_ns = world_.opened;
  request_.applied_boottime_ns = world_.opened - 60 * kSecond;
  const GateResult result = Run();  // the file still says "new"
  EXPECT_EQ(result.kind, Kind::Foreign);
  EXPECT_EQ(result.path, kManifest);
}

TEST_F(GatekeeperTest, APortThatChangesHandsDuringTheProbeIsNoProof) {
  world_.at_ask = [this] { world_.listener = 0; };
  world_.at_pause = [this](std::int64_t) { world_.listener = 7; };
  const GateResult result = Run();
  EXPECT_EQ(result.kind, Kind::Failed);
  EXPECT_EQ(result.reason.rfind("not adopted", 0), 0U) << result.reason;
}

TEST_F(GatekeeperTest, AnExitIsLookedAtWithoutWaitingForTheInterval) {
  request_.prepared.mutable_gate()->set_interval_ms(2000);
  world_.listener = 0;
  std::vector<double> looked;
  world_.at_ask = [this, &looked] { looked.push_back(Waited()); };
  // Two short lives.
  const std::vector<std::string> argv = world_.processes[0].argv;
  const std::vector<double> ends = {0.7, 4.3};
  world_.processes = {{7, world_.opened + kSecond / 10, argv}};
  world_.at_pause = [this, &ends, &argv](std::int64_t since) {
    const double at = static_cast<double>(since) / 1e9;
    world_.processes.clear();
    if (at < ends[0]) world_.processes = {{7, world_.opened + kSecond / 10, argv}};
    if (at > 1.0 && at < ends[1]) world_.processes = {{8, world_.opened + kSecond, argv}};
  };
  world_.any_ended = [this] {
    for (const Process& process : world_.followed) {
      if (world_.processes.empty() || world_.processes[0].pid != process.pid) return true;
    }
    return false;
  };
  const GateResult result = Run();
  EXPECT_EQ(result.kind, Kind::Failed);
  EXPECT_EQ(result.reason.rfind("crash loop", 0), 0U) << result.reason;
  EXPECT_LT(Waited(), ends[1] + 0.2);
  EXPECT_LT(looked.size(), 6U);
}

TEST_F(GatekeeperTest, ACrashLoopThatIsTooQuickToBeSeenIsReadFromKubeletsLogsWithItsLastWords) {
  v1::ComponentExpectation& component = *request_.prepared.mutable_components(0);
  component.set_pod("kube-system_kube-apiserver");
  component.set_container("kube-apiserver");
  component.set_pod_uid_before(std::string(32, 'a'));
  world_.processes.clear();
  world_.listener = 0;
  for (const char* directory : {"/var", "/var/log", "/var/log/pods"}) disk_.PutDirectory(directory);
  const std::string pod = "/var/log/pods/kube-system_kube-apiserver-cp_1_" + std::string(32, 'b');
  int attempts = 0;
  world_.at_pause = [this, &pod, &attempts](std::int64_t since) {
    if (since < (attempts + 1) * kSecond) return;
    if (attempts == 0) {
      disk_.PutDirectory(pod);
      disk_.PutDirectory(pod + "/kube-apiserver");
    }
    disk_.PutFile(pod + "/kube-apiserver/" + std::to_string(attempts) + ".log",
                  "2026-01-01T00:00:00.1Z stderr F Usage:\n2026-01-01T00:00:00.1Z stderr F Error: "
                  "unknown flag: --x\n",
                  {});
    ++attempts;
  };
  const GateResult result = Run();
  EXPECT_EQ(result.kind, Kind::Failed);
  EXPECT_EQ(result.reason.rfind("crash loop", 0), 0U) << result.reason;
  EXPECT_LT(Waited(), 4);
  ASSERT_EQ(result.report.notes_size(), 1);
  EXPECT_EQ(result.report.notes(0), "last words of kube-apiserver: Error: unknown flag: --x");
}

TEST_F(GatekeeperTest, WhatCouldNotBeProvedRestoredIsRefusedBeforehand) {
  const auto require = [this] {
    return ComponentGatekeeper({disk_, world_, world_, world_.clock, world_, world_},
                               [](const std::string&) { return absl::OkStatus(); })
        .RequireProvable(request_.prepared);
  };
  EXPECT_FALSE(require().ok());  // another configuration runs
  EXPECT_NEAR(Waited(), 10, 1);
  world_.processes = {{1, 5, {"kube-apiserver", "--profiling=true"}}};
  world_.listener = 1;
  EXPECT_TRUE(require().ok());
  request_.prepared.mutable_components(0)->set_reads_changed_files(true);
  EXPECT_TRUE(require().ok());
  request_.prepared.mutable_components(0)->set_pod_uid_before("a");
  EXPECT_FALSE(require().ok());
  world_.processes[0].pod_uid = "a";
  EXPECT_TRUE(require().ok());
  world_.answer.status = 500;
  const absl::Status unwell = require();
  EXPECT_NE(unwell.message().find("nothing was changed"), std::string::npos) << unwell;
  world_.stop = true;
  EXPECT_EQ(require().code(), absl::StatusCode::kCancelled);
}

TEST_F(GatekeeperTest, EtcdIsAskedForItsMetricsAndKubeletsProbesAreAsked) {
  v1::ComponentExpectation& component = *request_.prepared.mutable_components(0);
  component.mutable_health_after()->set_kind(v1::HealthEndpoint::ETCD);
  GateResult result = Run();
  EXPECT_EQ(result.kind, Kind::Failed);
  EXPECT_NE(result.reason.find("metrics"), std::string::npos) << result.reason;
  component.mutable_health_after()->set_kind(v1::HealthEndpoint::API_SERVER);
  v1::KubeletProbe& probe = *component.add_kubelet_probes_after();
  probe.set_which("livenessProbe");
  probe.set_path("/livez");
  probe.set_period_ms(10'000);
  probe.set_failure_threshold(8);
  world_.at_ask = [this] { world_.answer.status = world_.asked.path == "/livez" ? 401 : 200; };
  request_.applied_boottime_ns = world_.clock.BootNowNs();
  world_.processes[0].started_boottime_ns = world_.clock.BootNowNs() + 1;
  result = Run();
  EXPECT_EQ(result.kind, Kind::Failed);
  EXPECT_EQ(result.reason.rfind("kubelet would kill it", 0), 0U) << result.reason;
}

TEST_F(GatekeeperTest, AStopInterruptsItUndecided) {
  world_.at_pause = [this](std::int64_t) { world_.stop = true; };
  EXPECT_EQ(Run().kind, Kind::Interrupted);
}

TEST_F(GatekeeperTest, WithoutAComponentOnlyTheFilesDecide) {
  request_.prepared.clear_components();
  EXPECT_EQ(Run().kind, Kind::Passed);
  disk_.PutFile(kManifest, "somebody else's", {});
  EXPECT_EQ(Run().kind, Kind::Foreign);
}

TEST(Readiness, IsStatus200OfTheManifestsServer) {
  World world;
  SimDisk disk;
  disk.PutDirectory("/m");
  EXPECT_FALSE(LocalApiServerReadiness(disk, world, kManifest).ready);
  disk.PutFile(kManifest,
               "apiVersion: v1\nkind: Pod\nmetadata:\n  name: kube-apiserver\n  namespace: "
               "kube-system\nspec:\n  containers:\n  - name: kube-apiserver\n    image: x\n    "
               "command:\n    - kube-apiserver\n    - --secure-port=6444\n",
               {});
  const Readiness ready = LocalApiServerReadiness(disk, world, kManifest);
  EXPECT_TRUE(ready.ready) << ready.reason;
  EXPECT_EQ(world.asked.port, 6444U);
  world.answer.status = 403;
  EXPECT_FALSE(LocalApiServerReadiness(disk, world, kManifest).ready);
  world.answer = {ProbeResult::Kind::TlsFailed, 200, "x"};
  EXPECT_FALSE(LocalApiServerReadiness(disk, world, kManifest).ready);
}

TEST(EtcdLeadership, IsReadFromTheRunningProcesssLoopbackMetrics) {
  World world;
  std::string asked;
  const FetchBody fetch = [&asked](const std::string& url) -> absl::StatusOr<std::string> {
    asked = url;
    return std::string("# HELP etcd_server_is_leader x\netcd_server_is_leader 1\n");
  };
  EXPECT_EQ(LocalEtcdLeadership(world, fetch), EtcdLeadership::Unknown);
  world.processes = {
      {3, 1, {"etcd", "--listen-metrics-urls=https://10.0.0.1:2,http://127.0.0.1:2381"}}};
  EXPECT_EQ(LocalEtcdLeadership(world, fetch), EtcdLeadership::Leader);
  EXPECT_EQ(asked, "http://127.0.0.1:2381/metrics");
  EXPECT_EQ(ParseEtcdLeadership("etcd_server_is_leader 0\n"), EtcdLeadership::Follower);
  EXPECT_EQ(ParseEtcdLeadership("etcd_server_is_leader 2\n"), EtcdLeadership::Unknown);
  EXPECT_EQ(ParseEtcdLeadership(""), EtcdLeadership::Unknown);
}

}  // namespace
}  // namespace belay
