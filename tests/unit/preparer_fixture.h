// A node with one manifest, for the tests of Preparer.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "node-agent/driver/preparer.h"
#include "tests/support/sim_disk.h"
#include "tests/unit/manifest_edits.h"

namespace belay::preparer {

inline constexpr const char* kDirectory = "/etc/kubernetes/manifests";
inline constexpr const char* kPath = "/etc/kubernetes/manifests/kube-apiserver.yaml";

inline std::string ManifestText(const std::string& flags,
                                const std::string& name = "kube-apiserver") {
  return "apiVersion: v1\nkind: Pod\nmetadata:\n  name: " + name +
         "\n  namespace: kube-system\nspec:\n  hostNetwork: true\n  containers:\n  - name: " +
         name + "\n    image: x\n    command:\n    - " + name +
         "\n    - --advertise-address=10.0.0.1\n    - --secure-port=6443\n" + flags +
         "    livenessProbe:\n      httpGet:\n        host: 10.0.0.1\n        path: /livez\n       "
         " port: 6443\n"
         "        scheme: HTTPS\n";
}

struct FixedProcesses : ProcessTable {
  std::vector<Process> List(const std::string& component) const override {
    return component == "kubelet" ? kubelets : processes;
  }
  bool OwnsListener(std::int64_t, const std::string&, std::uint32_t) const override { return true; }
  std::vector<Process> processes;
  std::vector<Process> kubelets;
};

struct FixedServices : ServiceManager, ArgumentTrial {
  absl::Status Check() const override { return check; }
  absl::Status RestartKubelet() override { return absl::InternalError("only a gate's"); }
  absl::StatusOr<TrialAnswer> Try(const Process& process,
                                  const std::vector<std::string>& arguments) override {
    tried = process.pid;
    const bool bad =
        std::find(arguments.begin(), arguments.end(), "--profiling=maybe") != arguments.end();
    return bad ? TrialAnswer{1, "Error: invalid argument \"maybe\""} : TrialAnswer{0, ""};
  }
  absl::Status check;
  std::int64_t tried = 0;
};

class PreparerTest : public testing::Test {
 protected:
  PreparerTest() {
    for (const char* directory : {"/etc", "/etc/kubernetes", kDirectory})
      disk.PutDirectory(directory);
    attributes.mode = 0600;
    attributes.uid = 7;
    attributes.xattrs["security.selinux"] = "kube_t";
    disk.PutFile(kPath, before, attributes);
  }
  static v1::Step StepOf(const std::vector<v1::Edit>& edits) {
    v1::Step step;
    step.set_name("s");
    for (const v1::Edit& edit : edits) *step.add_edits() = edit;
    step.mutable_gate()->set_deadline_ms(1234);
    return step;
  }
  static v1::Edit Put(const std::string& path, const std::string& content,
                      std::uint32_t mode = 0600) {
    v1::Edit edit;
    edit.mutable_put_file()->set_path(path);
    edit.mutable_put_file()->set_content(content);
    edit.mutable_put_file()->set_mode(mode);
    edit.mutable_put_file()->set_owner("0:0");
    return edit;
  }
  absl::StatusOr<StepPlan> Prepare(const std::vector<v1::Edit>& edits) {
    const int calls = disk.calls();
    absl::StatusOr<StepPlan> plan =
        Preparer(disk, processes, kDirectory, services).Prepare(StepOf(edits));
    EXPECT_EQ(disk.calls(), calls) << "preparing must not change anything";
    return plan;
  }
  void ExpectRefused(const std::vector<v1::Edit>& edits, const std::string& what) {
    const absl::StatusOr<StepPlan> plan = Prepare(edits);
    ASSERT_FALSE(plan.ok());
    EXPECT_NE(plan.status().message().find(what), std::string::npos) << plan.status();
  }

  const std::string before = ManifestText("    - --profiling=true\n");
  FileAttributes attributes;
  SimDisk disk;
  FixedProcesses processes;
  NodeServices services;
};

}  // namespace belay::preparer
