// When a boot in the shadow is made, what a step hears of it, and for how long it counts.
#include "node-agent/shadow/shadow_check.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "tests/support/sim_clock.h"
#include "tests/support/sim_disk.h"

namespace belay {
namespace {

constexpr const char* kManifest = "/etc/kubernetes/manifests/kube-apiserver.yaml";
using End = v1::ShadowResult;

std::string Manifest(const std::string& flag) {
  return "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  hostNetwork: true\n"
         "  containers:\n  - name: kube-apiserver\n    command: [kube-apiserver, " +
         flag + "]\n";
}

// Says what it is told, in turn.
struct ScriptedBoot : ShadowBoot {
  absl::StatusOr<v1::ShadowResult> Boot(const v1::ShadowRequest& request) override {
    asked.push_back(request);
    if (answers.empty()) return absl::InternalError("not expected");
    const ShadowAnswer answer = answers.front();
    answers.erase(answers.begin());
    return answer;
  }
  std::vector<ShadowAnswer> answers;
  std::vector<v1::ShadowRequest> asked;
};

struct Processes : ProcessTable {
  std::vector<Process> List(const std::string& component) const override {
    return component == "etcd" ? etcd : api_servers;
  }
  bool OwnsListener(std::int64_t pid, const std::string&, std::uint32_t) const override {
    return pid == 8;
  }
  std::vector<Process> etcd = {{30, 1, {"sh", "/var/lib/etcd"}, "", ProcessRights{}},
                               {31, 2, {"/usr/bin/etcd", "--data-dir=/d"}, "", ProcessRights{}}};
  std::vector<Process> api_servers = {
      {7, 1, {"kube-apiserver"}, "", ProcessRights{}},
      {8, 5, {"kube-apiserver"}, "", ProcessRights{3, 4, {5}, true}}};
};

v1::ShadowResult Ended(End::End end) {
  v1::ShadowResult result;
  result.set_end(end);
  result.set_exit_code(1);
  result.set_log("Error: bad policy");
  return result;
}

class ShadowCheckTest : public testing::Test {
 protected:
  ShadowCheckTest() {
    for (const char* folder : {"/etc", "/etc/kubernetes", "/etc/kubernetes/manifests"}) {
      disk.PutDirectory(folder);
    }
    disk.PutFile(kManifest, Manifest("--old=1"), {});
    v1::ComponentExpectation& component = *plan.prepared.add_components();
    component.set_component("kube-apiserver");
    component.set_manifest_path(kManifest);
    component.add_argv_before("kube-apiserver");
    component.add_argv_before("--old=1");
    component.add_argv_after("kube-apiserver");
    component.add_argv_after("--new=1");
    v1::FileChange& change = *plan.prepared.add_changes();
    change.set_path(kManifest);
    change.set_is_manifest(true);
    plan.after_bytes[kManifest] = Manifest("--new=1");
    settings.timeout_ms = 1234;
  }
  absl::StatusOr<std::string> Prove() {
    if (!check) {
      check = std::make_unique<ShadowCheck>(ShadowWorld{disk, processes, clock, boot}, settings);
    }
    return check->Prove(plan);
  }

  SimDisk disk;
  Processes processes;
  SimClock clock;
  ScriptedBoot boot;
  ShadowSettings settings;
  StepPlan plan;
  std::unique_ptr<ShadowCheck> check;
};

TEST_F(ShadowCheckTest, AGoodCaseBootsOnceAndIsTold) {
  boot.answers = {Ended(End::READY)};
  const auto note = Prove();
  ASSERT_TRUE(note.ok()) << note.status();
  EXPECT_TRUE(absl::StrContains(*note, "shadow boot")) << *note;
  ASSERT_EQ(boot.asked.size(), 1u);
  const v1::ShadowRequest& request = boot.asked.front();
  EXPECT_EQ(request.server().pid(), 8);
  EXPECT_EQ(request.server().uid(), 3u);
  EXPECT_TRUE(request.server().overrides());
  EXPECT_EQ(request.etcd().process().pid(), 31);
  EXPECT_EQ(request.timeout_ms(), 1234u);
  EXPECT_TRUE(absl::StrContains(absl::StrJoin(request.argv(), " "), "--new=1"));
}

TEST_F(ShadowCheckTest, ABadStepIsRefusedOnlyWhenTheServerOfNowComesUp) {
  boot.answers = {Ended(End::EXITED), Ended(End::READY)};
  const auto refused = Prove();
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(refused.status().message(), "Error: bad policy"));
  EXPECT_TRUE(absl::StrContains(refused.status().message(), kManifest));
  ASSERT_EQ(boot.asked.size(), 2u);
  EXPECT_TRUE(absl::StrContains(absl::StrJoin(boot.asked[1].argv(), " "), "--old=1"));

  boot.answers = {Ended(End::EXITED), Ended(End::EXITED)};
  const auto unknown = Prove();
  ASSERT_TRUE(unknown.ok()) << unknown.status();
  EXPECT_TRUE(absl::StrContains(*unknown, "the gate alone decides")) << *unknown;
}

TEST_F(ShadowCheckTest, WhatCannotBeBootedIsRefusedOnlyWhereItIsRequired) {
  boot.answers = {absl::UnavailableError("no namespaces")};
  EXPECT_TRUE(absl::StrContains(*Prove(), "no namespaces"));
  settings.required = true;
  check.reset();
  boot.answers = {absl::UnavailableError("no namespaces")};
  const auto refused = Prove();
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(refused.status().message(), "shadow_boot.required"));
  processes.etcd.pop_back();
  EXPECT_TRUE(absl::StrContains(Prove().status().message(), "shadow_boot.etcd"));
  settings.etcd_program = "/usr/bin/etcd";
  check.reset();
  boot.answers = {Ended(End::READY)};
  EXPECT_TRUE(Prove().ok());
  EXPECT_EQ(boot.asked.back().etcd().program(), "/usr/bin/etcd");
  processes.api_servers.pop_back();
  EXPECT_TRUE(absl::StrContains(Prove().status().message(), "no API server runs"));
}

TEST_F(ShadowCheckTest, AStepThatChangesWhatIsTrustedIsNotProved) {
  settings.trusted_files = {"/etc/kubernetes/pki/ca.crt"};
  plan.prepared.add_changes()->set_path("/etc/kubernetes/pki/ca.crt");
  EXPECT_TRUE(absl::StrContains(*Prove(), "believed"));
  EXPECT_TRUE(boot.asked.empty());
}

TEST_F(ShadowCheckTest, StepsOnOthersAreNotBooted) {
  plan.prepared.mutable_components(0)->set_component("etcd");
  EXPECT_EQ(*Prove(), "");
  EXPECT_TRUE(boot.asked.empty());
}

TEST_F(ShadowCheckTest, WhatWasProvedCountsForTwoMinutesAndForNothingElse) {
  boot.answers = {Ended(End::READY), Ended(End::READY), Ended(End::READY)};
  ASSERT_TRUE(Prove().ok());
  clock.Pass(119'000'000'000);
  ASSERT_TRUE(Prove().ok());
  EXPECT_EQ(boot.asked.size(), 1u);
  clock.Pass(2'000'000'000);
  ASSERT_TRUE(Prove().ok());
  EXPECT_EQ(boot.asked.size(), 2u);
  processes.api_servers.back().started_boottime_ns = 6;
  ASSERT_TRUE(Prove().ok());
  EXPECT_EQ(boot.asked.size(), 3u) << "another process is another question";
}

TEST_F(ShadowCheckTest, ARefusalIsAskedAnew) {
  boot.answers = {Ended(End::EXITED), Ended(End::READY), Ended(End::READY)};
  EXPECT_FALSE(Prove().ok());
  EXPECT_TRUE(Prove().ok());
}

TEST_F(ShadowCheckTest, AnAgentThatStopsDecidesNothing) {
  settings.required = true;
  boot.answers = {absl::CancelledError("stopping")};
  EXPECT_TRUE(absl::IsCancelled(Prove().status()));
  boot.answers = {Ended(End::EXITED), absl::CancelledError("stopping")};
  EXPECT_TRUE(absl::IsCancelled(Prove().status()));
}

}  // namespace
}  // namespace belay
