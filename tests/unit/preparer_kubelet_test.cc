// Steps that restart kubelet, and arguments that are tried beforehand.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/preparer_fixture.h"

namespace belay {
namespace {

using preparer::FixedServices;
using preparer::kPath;
using preparer::PreparerTest;

class KubeletStep : public PreparerTest {
 protected:
  KubeletStep() {
    for (const char* directory : {"/var", "/var/lib", "/var/lib/kubelet"})
      disk.PutDirectory(directory);
    disk.PutFile(kConfig, "kind: KubeletConfiguration\nreadOnlyPort: 10255\n", attributes);
    processes.processes = {{5, 1, {"kube-apiserver"}, std::string(32, 'a')}};
    processes.kubelets = {{7, 1, {"/usr/bin/kubelet", std::string("--config=") + kConfig}}};
    services.manager = &fixed;
    services.host_name = "cp1";
  }
  static v1::Edit Restart() {
    v1::Edit edit;
    edit.mutable_restart_service()->set_service("kubelet");
    return edit;
  }
  static v1::Edit Port(const std::string& value, const std::string& file = kConfig) {
    v1::Edit edit;
    edit.mutable_set_config_key()->set_file(file);
    edit.mutable_set_config_key()->add_path()->set_key("readOnlyPort");
    edit.mutable_set_config_key()->set_value_json(value);
    return edit;
  }
  static constexpr const char* kConfig = "/var/lib/kubelet/config.yaml";
  FixedServices fixed;
};

TEST_F(KubeletStep, IsWholeAndProvable) {
  const auto plan = Prepare({Port("0"), Restart()});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->prepared.restart_service(), "kubelet");
  ASSERT_EQ(plan->prepared.changes_size(), 1);
  EXPECT_FALSE(plan->prepared.changes(0).is_manifest());
  ASSERT_EQ(plan->prepared.components_size(), 1);
  const v1::ComponentExpectation& kubelet = plan->prepared.components(0);
  EXPECT_EQ(kubelet.component(), "kubelet");
  EXPECT_EQ(kubelet.service().node(), "cp1");
  EXPECT_EQ(kubelet.service().api_server().port(), 6443U);
  EXPECT_FALSE(kubelet.service().api_server().anonymous());
  ASSERT_EQ(kubelet.service().kept_pods_size(), 1);
  EXPECT_EQ(kubelet.service().kept_pods(0).component(), "kube-apiserver");
  ASSERT_EQ(kubelet.touched_flags_size(), 1);
  EXPECT_EQ(kubelet.touched_flags(0), "readOnlyPort=0");
}

TEST_F(KubeletStep, WhatIsAlreadySoRestartsNothing) {
  const auto plan = Prepare({Port("10255"), Restart()});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->prepared.changes_size(), 0);
  EXPECT_EQ(plan->prepared.restart_service(), "");
}

TEST_F(KubeletStep, WhatItsRestartWouldNotTakeUpOrNobodyCouldDoIsRefused) {
  ExpectRefused({Port("0")}, "add restartService: kubelet");
  disk.PutFile("/var/lib/kubelet/other.yaml", "kind: KubeletConfiguration\n", attributes);
  ExpectRefused({Port("0", "/var/lib/kubelet/other.yaml"), Restart()},
                "reads its configuration from /var/lib/kubelet/config.yaml");
  fixed.check = absl::FailedPreconditionError("only root may change it");
  ExpectRefused({Port("0"), Restart()}, "only root may change it");
  services.manager = nullptr;
  ExpectRefused({Port("0"), Restart()}, "cannot restart kubelet");
  services.manager = &fixed;
  fixed.check = absl::OkStatus();
  disk.Erase(kPath);
  ExpectRefused({Port("0"), Restart()}, "no API server");
}

TEST_F(PreparerTest, ArgumentsThatTheRunningProgramDoesNotTakeAreRefused) {
  FixedServices fixed;
  services.trial = &fixed;
  processes.processes = {{9,
                          1,
                          {"kube-apiserver", "--advertise-address=10.0.0.1", "--secure-port=6443",
                           "--profiling=true"}}};
  EXPECT_TRUE(Prepare({SetFlagEdit("profiling", "false")}).ok());
  EXPECT_EQ(fixed.tried, 9);
  ExpectRefused({SetFlagEdit("profiling", "maybe")}, "invalid argument");
}

}  // namespace
}  // namespace belay
