// ComponentGatekeeper in a simulated world: time passes only while it pauses.
#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "node-agent/health/component_gatekeeper.h"
#include "node-agent/transaction/file_image.h"
#include "tests/support/sim_clock.h"
#include "tests/support/sim_disk.h"

namespace belay {

namespace gatekeeper {

inline constexpr const char* kManifest = "/m/kube-apiserver.yaml";
inline constexpr std::int64_t kSecond = 1'000'000'000;

class World : public ProcessTable, public HealthProbe, public Pause, public ExitWatch {
 public:
  std::vector<Process> List(const std::string&) const override { return processes; }
  bool OwnsListener(std::int64_t pid, const std::string& address,
                    std::uint32_t port) const override {
    return pid == listener && address == "127.0.0.1" && port == 6443;
  }
  ProbeResult Ask(const ProbeTarget& target) override {
    asked = target;
    if (at_ask) at_ask();
    return answer;
  }
  bool For(std::int64_t ns) override {
    clock.Pass(ns);
    if (at_pause) at_pause(clock.BootNowNs() - opened);
    return stop;
  }
  bool stopped() const override { return stop; }
  void Follow(const std::vector<Process>& list) override { followed = list; }
  bool AnyEnded() override { return any_ended && any_ended(); }

  SimClock clock;
  const std::int64_t opened = clock.BootNowNs();
  std::vector<Process> processes;
  std::int64_t listener = 0;
  ProbeResult answer{ProbeResult::Kind::Answered, 200, ""};
  ProbeTarget asked;
  std::vector<Process> followed;
  std::function<bool()> any_ended;
  std::function<void()> at_ask;
  bool stop = false;
  std::function<void(std::int64_t since_opened)> at_pause;
};

class GatekeeperTest : public ::testing::Test {
 protected:
  void SetUp() override {
    disk_.PutDirectory("/m");
    disk_.PutFile(kManifest, "new", {});
    v1::FileChange& change = *request_.prepared.add_changes();
    change.set_path(kManifest);
    change.set_is_manifest(true);
    *change.mutable_before() = ImageOf("old", {});
    *change.mutable_after() = ImageOf("new", {});
    v1::ComponentExpectation& component = *request_.prepared.add_components();
    component.set_component("kube-apiserver");
    component.set_manifest_path(kManifest);
    for (const char* element : {"kube-apiserver", "--profiling=true"}) {
      component.add_argv_before(element);
    }
    for (const char* element : {"kube-apiserver", "--profiling=false"}) {
      component.add_argv_after(element);
    }
    component.add_touched_flags("profiling");
    for (v1::HealthEndpoint* endpoint :
         {component.mutable_health_before(), component.mutable_health_after()}) {
      endpoint->set_dial_address("127.0.0.1");
      endpoint->set_port(6443);
      endpoint->set_anonymous(true);
    }
    v1::Gate& gate = *request_.prepared.mutable_gate();
    gate.set_deadline_ms(60'000);
    gate.set_stable_ms(25'000);
    gate.set_interval_ms(200);
    gate.set_rollback_deadline_ms(180'000);
    request_.applied_boottime_ns = world_.opened;
    world_.processes = {{7, world_.opened + kSecond, {"kube-apiserver", "--profiling=false"}}};
    world_.listener = 7;
  }
  GateResult Run() {
    ComponentGatekeeper gatekeeper({disk_, world_, world_, world_.clock, world_, world_},
                                   [this](const std::string&) { return stray_; });
    return gatekeeper.Run(request_, [this](const std::string& what) { progress_.push_back(what); });
  }
  double Waited() const {
    return static_cast<double>(world_.clock.BootNowNs() - world_.opened) / 1e9;
  }

  SimDisk disk_;
  World world_;
  GateRequest request_;
  absl::Status stray_;
  std::vector<std::string> progress_;
};

}  // namespace gatekeeper

}  // namespace belay
