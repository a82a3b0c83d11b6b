// One stream between an agent and the coordinator: in order, late as the network likes, and lost
// from the moment it breaks; each side hears of the break in its own time.  Records, their
// acknowledgements and commands may come twice.
#pragma once
#include <functional>
#include <limits>
#include <memory>
#include <string>

#include "belay/v1/agent_link.pb.h"
#include "node-agent/link/coordinator_link.h"
#include "server/driver/ports.h"
#include "tests/sim/sim_coordinator.h"

namespace belay::sim {

struct NetworkHabits {
  std::int64_t most_delay_ns = 50 * kMs;
  int doubles_percent = 0;
};

class Wire : public AgentSession, public std::enable_shared_from_this<Wire> {
 public:
  Wire(Timeline& time, SimCoordinator& coordinator, const NetworkHabits& habits, NodeId node,
       std::uint64_t number, std::uint64_t attempt, std::function<void(LinkEvent)> to_agent)
      : time_(time),
        coordinator_(coordinator),
        habits_(habits),
        node_(std::move(node)),
        caller_{NodeIdentity{node_.cluster, node_.node}, "of " + node_.node, 0,
                std::numeric_limits<std::int64_t>::max()},
        number_(number),
        attempt_(attempt),
        to_agent_(std::move(to_agent)) {}

  // The coordinator's end.
  const NodeId& node() const override { return node_; }
  const Caller& caller() const override { return caller_; }
  std::uint64_t number() const override { return number_; }
  [[nodiscard]] bool Send(v1::CoordinatorMessage message) override;
  void Close(const absl::Status& status) override;
  // The agent's end.
  [[nodiscard]] bool SendUp(v1::AgentMessage message);
  void HangUp();
  // Nothing that is under way arrives any more.
  void Break();
  void CoordinatorDied();

 private:
  std::int64_t Delay(std::int64_t* last);
  void TellAgent(const absl::Status& end, std::int64_t after_ns);
  void TellCoordinator(std::int64_t after_ns);

  Timeline& time_;
  SimCoordinator& coordinator_;
  const NetworkHabits& habits_;
  const NodeId node_;
  const Caller caller_;
  const std::uint64_t number_;
  const std::uint64_t attempt_;
  const std::function<void(LinkEvent)> to_agent_;
  std::int64_t last_up_ = 0;
  std::int64_t last_down_ = 0;
  bool broken_ = false;
  bool server_gone_ = false;
  bool agent_gone_ = false;
};

}  // namespace belay::sim
