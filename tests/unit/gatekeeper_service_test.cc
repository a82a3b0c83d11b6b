// The gate of a service that the step restarts, in the gatekeeper's simulated world.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/gatekeeper_fixture.h"

namespace belay {
namespace {

using gatekeeper::GatekeeperTest;
using gatekeeper::kSecond;
using Kind = GateResult::Kind;

class ServiceGate : public GatekeeperTest {
 protected:
  void SetUp() override {
    GatekeeperTest::SetUp();
    v1::ComponentExpectation& component = *request_.prepared.mutable_components(0);
    component.set_component("kubelet");
    component.set_manifest_path("");
    component.clear_touched_flags();
    component.add_touched_flags("readOnlyPort=1");
    component.set_reads_changed_files(true);
    component.mutable_argv_before()->CopyFrom(component.argv_after());
    component.mutable_service()->set_node("cp1");
    component.mutable_service()->mutable_api_server()->set_port(6443);
    v1::KeptPod& pod = *component.mutable_service()->add_kept_pods();
    pod.set_component("etcd");
    stray_ = absl::FailedPreconditionError("is not asked: there is no manifest");
    world_.at_ask = [this] { Answer(); };
  }
  void Answer() {
    const std::string& path = world_.asked.path;
    world_.answer = {ProbeResult::Kind::Answered, 200, "", ""};
    if (path == "/api/v1/nodes/cp1") {
      world_.answer.body = R"({"status":{"conditions":[{"type":"Ready","status":"True"}]}})";
    } else if (path.find("/leases/cp1") != std::string::npos) {
      const std::int64_t beat = renews_ ? world_.clock.BootNowNs() / (10 * kSecond) : 1;
      world_.answer.body = "{\"spec\":{\"renewTime\":\"" + std::to_string(beat) + "\"}}";
    } else if (path == "/api/v1/nodes/cp1/proxy/configz") {
      world_.answer.status = configz_status_;
      world_.answer.body = configz_;
    }
  }
  bool renews_ = true;
  int configz_status_ = 200;
  std::string configz_ = R"({"kubeletconfig":{"readOnlyPort":1}})";
};

TEST_F(ServiceGate, PassesWithSignsOfLifeAndItsEffect) {
  const GateResult result = Run();
  ASSERT_EQ(result.kind, Kind::Passed) << result.reason;
  ASSERT_EQ(result.report.flags_size(), 1);
  EXPECT_EQ(result.report.flags(0).flag(), "readOnlyPort");
  EXPECT_EQ(result.report.flags(0).running(), "1");
  EXPECT_EQ(result.report.notes_size(), 0);
}

TEST_F(ServiceGate, ANodeWhoseLeaseStandsStillFailsThoughItIsCalledReady) {
  renews_ = false;
  const GateResult result = Run();
  EXPECT_EQ(result.kind, Kind::Failed);
  EXPECT_NE(result.reason.find("renewed the lease"), std::string::npos) << result.reason;
}

TEST_F(ServiceGate, AKeyWithoutEffectFails) {
  configz_ = R"({"kubeletconfig":{}})";
  const GateResult result = Run();
  EXPECT_EQ(result.kind, Kind::Failed);
  EXPECT_EQ(result.reason, "the running kubelet has readOnlyPort=(not there) where 1 was expected");
}

TEST_F(ServiceGate, WhereNobodyMayLookTheReportSaysSo) {
  configz_status_ = 403;
  configz_ = "";
  const GateResult result = Run();
  EXPECT_EQ(result.kind, Kind::Passed) << result.reason;
  ASSERT_EQ(result.report.notes_size(), 1);
  EXPECT_NE(result.report.notes(0).find("configz: 403"), std::string::npos)
      << result.report.notes(0);
}

TEST_F(ServiceGate, AStaticPodThatIsLostFails) {
  request_.prepared.mutable_components(0)->mutable_service()->mutable_kept_pods(0)->set_pod_uid(
      std::string(32, 'a'));
  const GateResult result = Run();
  EXPECT_EQ(result.kind, Kind::Failed);
  EXPECT_NE(result.reason.find("static pod of etcd"), std::string::npos) << result.reason;
}

TEST_F(ServiceGate, BeforehandItIsEnoughThatTheNodeIsReady) {
  renews_ = false;
  world_.processes[0].started_boottime_ns = 5;
  const ComponentGatekeeper gatekeeper({disk_, world_, world_, world_.clock, world_, world_},
                                       [](const std::string&) { return absl::OkStatus(); });
  EXPECT_TRUE(gatekeeper.RequireProvable(request_.prepared).ok());
  request_.prepared.mutable_components(0)->mutable_service()->set_node("cp2");
  EXPECT_FALSE(gatekeeper.RequireProvable(request_.prepared).ok());
}

}  // namespace
}  // namespace belay
