// Who is ended before a rollback.  The edit was published at second 100.
#include "node-agent/health/make_way.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace belay {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kApplied = 100 * kSecond;
const std::string kOldPod(32, 'a');
const std::string kNewPod(32, 'b');
const std::vector<std::string> kArgv = {"kube-apiserver", "--profiling=true"};

Process Proc(std::int64_t pid, std::int64_t started_s, const std::string& pod,
             std::vector<std::string> argv = kArgv) {
  return {pid, started_s * kSecond, std::move(argv), pod};
}

v1::ComponentExpectation ApiServer() {
  v1::ComponentExpectation component;
  component.set_component("kube-apiserver");
  for (const std::string& element : kArgv) component.add_argv_before(element);
  component.add_argv_after("kube-apiserver");
  component.set_pod_uid_before(kOldPod);
  return component;
}

class World : public ProcessTable, public ProcessEnder {
 public:
  std::vector<Process> List(const std::string& component) const override {
    return component == "kube-apiserver" ? processes : std::vector<Process>();
  }
  bool OwnsListener(std::int64_t, const std::string&, std::uint32_t) const override {
    return false;
  }
  std::optional<bool> PodListens(const std::string& pod) const override {
    asked.push_back(pod);
    return listens;
  }
  absl::Status End(const Process& process) override {
    ended.push_back(process.pid);
    return answer;
  }
  std::vector<Process> processes;
  std::optional<bool> listens = false;
  absl::Status answer;
  std::vector<std::int64_t> ended;
  mutable std::vector<std::string> asked;
};

TEST(MakeWay, TheOldProcessThatServesNobodyIsEndedAndNoOther) {
  World world;
  world.processes = {Proc(7, 50, kOldPod), Proc(8, 101, kNewPod, {"kube-apiserver"})};
  v1::Prepared prepared;
  *prepared.add_components() = ApiServer();
  const std::vector<std::string> said = MakeWay(prepared, kApplied, world, world);
  EXPECT_EQ(world.asked, std::vector<std::string>{kOldPod});
  EXPECT_EQ(world.ended, std::vector<std::int64_t>{7});
  ASSERT_EQ(said.size(), 1U);
  EXPECT_NE(said[0].find("ended process 7"), std::string::npos);
}

TEST(MakeWay, WhatCouldNotBeEndedIsSaidAndChangesNothing) {
  World world;
  world.processes = {Proc(7, 50, kOldPod)};
  world.answer = absl::FailedPreconditionError("its pod may still take connections");
  v1::Prepared prepared;
  *prepared.add_components() = ApiServer();
  const std::vector<std::string> said = MakeWay(prepared, kApplied, world, world);
  ASSERT_EQ(said.size(), 1U);
  EXPECT_NE(said[0].find("may keep kubelet"), std::string::npos);
}

TEST(MakeWay, WithItsWrapper) {
  const std::vector<Process> running = {
      Proc(7, 50, kOldPod, {"/go-runner", "kube-apiserver", "-x"}), Proc(8, 50, kOldPod)};
  EXPECT_EQ(InTheWay(ApiServer(), kApplied, running, false).size(), 2U);
}

struct Spared {
  const char* why;
  std::function<void(v1::ComponentExpectation&, std::int64_t&, std::vector<Process>&,
                     std::optional<bool>&)>
      change;
};

TEST(MakeWay, EverybodyElseIsSpared) {
  const std::vector<Spared> table = {
      {"it still takes connections", [](auto&, auto&, auto&, auto& listens) { listens = true; }},
      {"nobody can tell whether it takes connections",
       [](auto&, auto&, auto&, auto& listens) { listens = std::nullopt; }},
      {"it is kubelet's new try at the old manifest, which does not listen yet",
       [](auto&, auto&, auto& running, auto&) { running = {Proc(7, 101, kOldPod)}; }},
      {"beside it is such a new try",
       [](auto&, auto&, auto& running, auto&) { running.push_back(Proc(9, 101, kOldPod)); }},
      {"it was started in the very tick of the edit",
       [](auto&, auto&, auto& running, auto&) {
         running[0].started_boottime_ns = kApplied - 10'000'000;
       }},
      {"the edit was published in an earlier boot",
       [](auto&, auto& applied, auto&, auto&) { applied = 0; }},
      {"nobody knows which pod was the old one",
       [](auto& component, auto&, auto& running, auto&) {
         component.clear_pod_uid_before();
         running[0].pod_uid = "";
       }},
      {"it is of another pod",
       [](auto&, auto&, auto& running, auto&) { running[0].pod_uid = kNewPod; }},
      {"it never ran the old manifest",
       [](auto&, auto&, auto& running, auto&) {
         running[0].argv = {"kube-apiserver", "--x"};
       }},
      {"components that end quickly are left to kubelet",
       [](auto& component, auto&, auto& running, auto&) {
         component.set_component("etcd");
         component.clear_argv_before();
         component.add_argv_before("etcd");
         running[0].argv = {"etcd"};
       }},
  };
  for (const Spared& each : table) {
    v1::ComponentExpectation component = ApiServer();
    std::int64_t applied = kApplied;
    std::vector<Process> running = {Proc(7, 50, kOldPod)};
    std::optional<bool> listens = false;
    ASSERT_EQ(InTheWay(component, applied, running, listens).size(), 1U);
    each.change(component, applied, running, listens);
    EXPECT_TRUE(InTheWay(component, applied, running, listens).empty()) << each.why;
  }
}

}  // namespace
}  // namespace belay
