// One control-plane node: a simulated machine with a disk and a clock of its own, a kubelet that
// restarts the API server when its manifest changes, and an agent made of the real conversation,
// runner, executor and journal.  The agent or the machine dies at any call of the disk, in a gate,
// or in between.
#pragma once
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "common/base/ids.h"
#include "common/crypto/ed25519.h"
#include "node-agent/driver/runner.h"
#include "node-agent/link/conversation.h"
#include "node-agent/transaction/executor.h"
#include "tests/sim/timeline.h"
#include "tests/support/sim_disk.h"

namespace belay::sim {

extern const char* const kSimManifest;
extern const char* const kSimOriginal;  // what the manifest holds before any rollout

// How the next configurations of this node turn out.
struct Fate {
  bool new_is_healthy = true;
  bool old_is_healthy = true;
  std::int64_t start_ns = 5 * kSecond;  // until the API server answers again
};

class SimNode final : public CoordinatorLink, public Gatekeeper {
 public:
  struct Hooks {
    // Opens a stream with this Hello; nothing when nobody is there.
    std::function<void(SimNode&, std::uint64_t attempt, const v1::AgentMessage& hello)> dial;
    std::function<bool(SimNode&, v1::AgentMessage message)> send;
    std::function<void(SimNode&)> hang_up;
    std::function<void(SimNode&, const v1::Record&)> journalled;  // durable, on the node
    std::function<void(const SimNode&)> changed;                  // its manifest is another one
    std::function<void(SimNode&, const std::string&)> broken;
  };

  SimNode(Timeline& time, NodeId id, Ed25519PublicKey trusted, std::int64_t clock_offset_ns,
          Hooks hooks);
  ~SimNode() override;

  void Start();
  bool up() const { return executor_ != nullptr && !doomed_; }
  // The agent dies now, or, inside a gate, as soon as the gate is looked at.
  void Kill(SimDisk::Cut cut);
  void KillAtCall(int k, SimDisk::Cut cut);  // of the disk, from now on
  void Take(LinkEvent event);                // from the network
  void ClearedByHand();                      // an operator puts the old manifest back

  const NodeId& id() const { return id_; }
  std::string name() const { return id_.cluster + "/" + id_.node; }
  std::string Manifest() const;
  bool ready() const { return ready_; }
  bool settled() const { return up() && !working_ && commands_.empty(); }
  const NodeState& state() const { return executor_->state(); }
  std::int64_t deaths() const { return deaths_; }
  int calls() const { return disk_.calls(); }
  std::int64_t last_well_ns() const { return up() && ready_ ? time_.now() : last_well_ns_; }

  Fate fate;
  bool leads_etcd = false;

  // CoordinatorLink and Gatekeeper.
  void Dial(std::uint64_t attempt, const v1::AgentMessage& hello) override;
  [[nodiscard]] bool Send(v1::AgentMessage message) override;
  void HangUp() override;
  GateResult Run(const GateRequest& request,
                 const std::function<void(const std::string&)>& progress) override;

 private:
  struct Died {};
  using Command = std::variant<v1::Execute, v1::Revert, v1::ClearEmergency>;
  class NodeClock final : public Clock {
   public:
    NodeClock(const Timeline& time, std::int64_t offset_ns) : time_(time), offset_ns_(offset_ns) {}
    std::int64_t BootNowNs() const override { return time_.now() + offset_ns_; }
    std::int64_t WallNowUnixMs() const override { return 1'795'000'000'000 + time_.now() / kMs; }
    std::string BootId() const override { return "boot-" + std::to_string(boots_); }
    void Reboot() {
      ++boots_;
      offset_ns_ = 10 * kSecond - time_.now();
    }

   private:
    const Timeline& time_;
    std::int64_t offset_ns_;
    int boots_ = 1;
  };

  void Open();
  void Work();
  absl::Status CarryOut(const Command& command);
  bool Survives(const std::function<absl::Status()>& work);
  void Fall();
  void Tick();
  void SetReady(bool ready);
  absl::StatusOr<StepPlan> Prepare(const v1::Step& step) const;
  absl::StatusOr<StepPlan> PrepareUndoing(const v1::Prepared& done,
                                          const std::map<std::string, std::string>& before) const;
  v1::NodeStatus Status() const;
  bool Occupied() const;

  Timeline& time_;
  const NodeId id_;
  const Ed25519PublicKey trusted_;
  const Hooks hooks_;
  SimDisk disk_;
  NodeClock clock_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<Runner> runner_;
  std::unique_ptr<Conversation> conversation_;
  std::deque<Command> commands_;
  bool working_ = false;
  bool doomed_ = false;
  bool told_occupied_ = true;
  int unfinished_ = 1;
  SimDisk::Cut cut_ = SimDisk::Cut::Kill;
  bool ready_ = true;
  std::int64_t looked_ns_ = 0;  // when the agent last looked at the API server
  bool looked_ready_ = true;
  std::int64_t last_well_ns_ = 0;
  std::int64_t deaths_ = 0;
  std::uint64_t lives_ = 0;
  std::uint64_t restarts_ = 0;  // of the API server
};

}  // namespace belay::sim
