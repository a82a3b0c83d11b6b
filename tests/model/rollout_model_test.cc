// Searches every state that the rollout engine and a hostile world can reach: three nodes; messages
// lost, doubled and in any order; the coordinator killed between any two actions; nodes that
// commit, fall or fall silent; readiness that comes and goes; permissions that run out.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>
#include <unordered_set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "belay/v1/journal.pb.h"
#include "server/rollout/engine.h"
#include "server/rollout/invariants.h"

namespace belay::rollout {
namespace {

constexpr int kNodes = 3;
constexpr std::size_t kNetworkDepth = 4;
const std::array<std::string, kNodes> kNames = {"cp1", "cp2", "cp3"};

struct Budget {
  int crashes, losses, doubles, flips;
};

enum class Kind : char { Execute, ExpiredExecute, Accepted, Verdict };
struct Message {
  Kind kind;
  int node;
  auto operator<=>(const Message&) const = default;
};

// What is true at a node, whatever the coordinator believes.
enum class Truth : char { NotBegun, Running, Committed, RolledBack, Refused, EmergencyStop };

struct World {
  State memory;   // the coordinator's
  State journal;  // what survives its crash
  bool up = true;
  std::array<bool, kNodes> silence_timer{};  // gone with the coordinator
  std::array<bool, kNodes> readiness_timer{};
  std::array<Truth, kNodes> truth{};
  std::array<int, kNodes> runs{};
  std::array<bool, kNodes> ready{true, true, true};
  std::vector<Message> network;
  Budget left{};

  std::string Key() const {
    // Reasons and names follow from the phases here, so the phases are enough.
    std::string key =
        absl::StrCat(static_cast<int>(memory.phase), static_cast<int>(memory.stop_cause),
                     memory.stop_node, memory.awaiting_readiness, up);
    for (const NodeProgress& node : memory.nodes)
      absl::StrAppend(&key, static_cast<int>(node.phase));
    for (const std::string& name : memory.ready) key.push_back(name.back());
    for (int i = 0; i < kNodes; ++i) {
      const auto n = static_cast<std::size_t>(i);
      absl::StrAppend(&key, static_cast<int>(truth[n]), runs[n], ready[n], silence_timer[n],
                      readiness_timer[n], ",");
    }
    std::vector<Message> sorted = network;
    std::sort(sorted.begin(), sorted.end());
    for (const Message& m : sorted) absl::StrAppend(&key, static_cast<int>(m.kind), m.node, ";");
    absl::StrAppend(&key, left.crashes, left.losses, left.doubles, left.flips);
    return key;
  }
};

int IndexOf(const std::string& name) {
  for (int i = 0; i < kNodes; ++i) {
    if (kNames[static_cast<std::size_t>(i)] == name) return i;
  }
  return -1;
}

bool InFlight(const NodeProgress& node) {
  return node.phase == v1::NODE_PHASE_DISPATCHED || node.phase == v1::NODE_PHASE_IN_PROGRESS;
}
bool Fallen(Truth truth) {
  return truth == Truth::RolledBack || truth == Truth::Refused || truth == Truth::EmergencyStop;
}

class Search {
 public:
  explicit Search(Budget budget) {
    World start;
    start.left = budget;
    v1::RolloutEvent event;
    for (const std::string& name : kNames) event.mutable_started()->add_nodes(name);
    Deliver(start, event);
    Keep();
  }

  // Returns the first violation, or nothing.
  std::string Run() {
    while (!queue_.empty() && violation_.empty()) {
      const World world = std::move(queue_.front());
      queue_.pop_front();
      Expand(world);
      Keep();
    }
    return violation_;
  }
  std::size_t states() const { return seen_.size(); }
  std::size_t transitions() const { return transitions_; }
  std::size_t completed() const { return completed_; }
  std::size_t stopped() const { return stopped_; }

 private:
  void Violation(const std::string& what) {
    if (violation_.empty()) violation_ = what;
  }

  void Keep() {
    for (World& world : next_) {
      ++transitions_;
      if (seen_.insert(world.Key()).second) {
        completed_ += world.memory.phase == v1::ROLLOUT_PHASE_COMPLETED ? 1 : 0;
        stopped_ += world.memory.phase == v1::ROLLOUT_PHASE_STOPPED ? 1 : 0;
        queue_.push_back(std::move(world));
      }
    }
    next_.clear();
  }

  // Journal first, then act; the crash may come between any two actions.
  void Deliver(const World& world, const v1::RolloutEvent& event) {
    const Step step = Advance(world.memory, event);
    if (auto broken = BrokenInvariant(step.state)) return Violation(*broken);
    if (auto broken = BrokenTransition(world.memory, event, step)) return Violation(*broken);
    for (std::size_t done = 0; done <= step.actions.size(); ++done) {
      const bool crash = done < step.actions.size();
      if (crash && world.left.crashes == 0) continue;
      World after = world;
      after.memory = step.state;
      for (std::size_t i = 0; i < done; ++i) Perform(after, step.actions[i]);
      if (crash) Crash(after);
      next_.push_back(std::move(after));
    }
  }

  void Perform(World& world, const Action& action) {
    switch (action.kind) {
      case Action::Kind::Execute:
        world.network.push_back({Kind::Execute, IndexOf(action.node)});
        break;
      case Action::Kind::ArmTimer:
      case Action::Kind::DisarmTimer: {
        auto& timers = action.timer == Timer::Verdict ? world.silence_timer : world.readiness_timer;
        timers[static_cast<std::size_t>(IndexOf(action.node))] =
            action.kind == Action::Kind::ArmTimer;
        break;
      }
      case Action::Kind::Announce:
        break;
    }
  }

  static void Crash(World& world) {
    world.up = false;
    --world.left.crashes;
    world.silence_timer = {};
    world.readiness_timer = {};
  }

  // The world's promise of I5 and I6, told from the nodes' truth and not from the engine's beliefs.
  void CheckBeginning(const World& world, int node) {
    for (int other = 0; other < kNodes; ++other) {
      if (other == node) continue;
      const Truth truth = world.truth[static_cast<std::size_t>(other)];
      if (truth == Truth::Running) Violation("two nodes are being changed at once");
      if (Fallen(truth)) Violation("a node began although another has fallen");
      if (other < node && truth != Truth::Committed) Violation("a node began before its turn");
    }
    if (world.memory.phase != v1::ROLLOUT_PHASE_RUNNING) {
      Violation("a node began after the end of the rollout was recorded");
    }
  }

  void AgentTakes(World world, int node, bool permitted) {
    const auto n = static_cast<std::size_t>(node);
    if (world.truth[n] == Truth::NotBegun) {
      if (permitted) {
        CheckBeginning(world, node);
        world.truth[n] = Truth::Running;
        if (++world.runs[n] > 1) Violation("a node ran the plan twice");
        world.network.push_back({Kind::Accepted, node});
      }
    } else {
      world.network.push_back(
          {world.truth[n] == Truth::Running ? Kind::Accepted : Kind::Verdict, node});
    }
    next_.push_back(std::move(world));
  }

  void CoordinatorHears(const World& world, const Message& message) {
    v1::RolloutEvent event;
    const auto n = static_cast<std::size_t>(message.node);
    if (message.kind == Kind::Accepted) {
      event.mutable_accepted()->set_node(kNames[n]);
    } else {
      event.mutable_verdict()->set_node(kNames[n]);
      switch (world.truth[n]) {
        case Truth::Committed:
          event.mutable_verdict()->set_verdict(v1::VERDICT_COMMITTED);
          break;
        case Truth::RolledBack:
          event.mutable_verdict()->set_verdict(v1::VERDICT_ROLLED_BACK);
          break;
        case Truth::Refused:
          event.mutable_verdict()->set_verdict(v1::VERDICT_REFUSED);
          break;
        case Truth::EmergencyStop:
          event.mutable_verdict()->set_verdict(v1::VERDICT_EMERGENCY_STOP);
          break;
        case Truth::NotBegun:
        case Truth::Running:
          return Violation("the model sent a verdict that was never reached");
      }
    }
    Deliver(world, event);
  }

  bool Carries(const World& world, int node, bool to_node) {
    for (const Message& m : world.network) {
      const bool is_to_node = m.kind == Kind::Execute || m.kind == Kind::ExpiredExecute;
      if (m.node == node && is_to_node == to_node) return true;
    }
    return false;
  }

  void ExpandCoordinator(const World& world) {
    if (!world.up) {
      World restarted = world;
      restarted.up = true;
      v1::RolloutEvent event;
      event.mutable_recovered();
      Deliver(restarted, event);
      return;
    }
    if (world.left.crashes > 0) {
      World crashed = world;
      Crash(crashed);
      next_.push_back(crashed);
    }
    v1::ClusterReadiness readiness;
    std::set<std::string> now;
    for (int i = 0; i < kNodes; ++i) {
      const auto n = static_cast<std::size_t>(i);
      if (world.ready[n] && world.truth[n] != Truth::Running) {
        now.insert(kNames[n]);
        readiness.add_ready(kNames[n]);
      }
    }
    if (now != world.memory.ready && world.memory.phase == v1::ROLLOUT_PHASE_RUNNING) {
      v1::RolloutEvent event;
      *event.mutable_readiness() = readiness;
      Deliver(world, event);
    }
    if (world.memory.phase == v1::ROLLOUT_PHASE_RUNNING &&
        world.silence_timer == decltype(world.silence_timer){} &&
        world.readiness_timer == decltype(world.readiness_timer){}) {
      return Violation("the rollout runs and nobody watches it: no timer is armed");
    }
    for (int i = 0; i < kNodes; ++i) {
      const auto n = static_cast<std::size_t>(i);
      if (!world.readiness_timer[n]) continue;
      World fired = world;
      fired.readiness_timer[n] = false;
      v1::RolloutEvent event;
      event.mutable_readiness_timed_out()->set_node(kNames[n]);
      Deliver(fired, event);
    }
    for (const NodeProgress& node : world.memory.nodes) {
      const int index = IndexOf(node.name);
      if (world.silence_timer[static_cast<std::size_t>(index)]) Silence(world, node.name, index);
      if (InFlight(node) && !Carries(world, index, true) && world.network.size() < kNetworkDepth) {
        World resent = world;  // the node's stream came back
        resent.network.push_back({Kind::Execute, index});
        next_.push_back(std::move(resent));
      }
    }
  }

  void Silence(const World& world, const std::string& name, int index) {
    World expired = world;
    expired.silence_timer[static_cast<std::size_t>(index)] = false;
    // No permission outlives the deadline after which the coordinator calls a node silent.
    for (Message& m : expired.network) {
      if (m.node == index && m.kind == Kind::Execute) m.kind = Kind::ExpiredExecute;
    }
    v1::RolloutEvent event;
    event.mutable_silent()->set_node(name);
    Deliver(expired, event);
  }

  void ExpandNetwork(const World& world) {
    for (std::size_t i = 0; i < world.network.size(); ++i) {
      const Message message = world.network[i];
      World taken = world;
      taken.network.erase(taken.network.begin() + static_cast<std::ptrdiff_t>(i));
      if (world.left.losses > 0) {
        World lost = taken;
        --lost.left.losses;
        next_.push_back(std::move(lost));
      }
      if (world.left.doubles > 0 && world.network.size() < kNetworkDepth) {
        World doubled = world;
        --doubled.left.doubles;
        doubled.network.push_back(message);
        next_.push_back(std::move(doubled));
      }
      switch (message.kind) {
        case Kind::Execute:
          AgentTakes(taken, message.node, true);
          break;
        case Kind::ExpiredExecute:
          AgentTakes(taken, message.node, false);
          break;
        case Kind::Accepted:
        case Kind::Verdict:
          if (world.up) {
            CoordinatorHears(taken, message);
          } else {
            next_.push_back(std::move(taken));  // the stream died with the coordinator
          }
          break;
      }
    }
  }

  void ExpandNodes(const World& world) {
    for (int i = 0; i < kNodes; ++i) {
      const auto n = static_cast<std::size_t>(i);
      if (world.truth[n] == Truth::Running && world.network.size() < kNetworkDepth) {
        for (Truth end :
             {Truth::Committed, Truth::RolledBack, Truth::Refused, Truth::EmergencyStop}) {
          World done = world;
          done.truth[n] = end;
          done.network.push_back({Kind::Verdict, i});
          next_.push_back(std::move(done));
        }
      }
      // Unacknowledged records are sent again when a stream comes back.
      if (world.truth[n] != Truth::NotBegun && !Carries(world, i, false) && world.up &&
          InFlight(world.memory.nodes[n]) && world.network.size() < kNetworkDepth) {
        World resent = world;
        resent.network.push_back(
            {world.truth[n] == Truth::Running ? Kind::Accepted : Kind::Verdict, i});
        next_.push_back(std::move(resent));
      }
      if (world.left.flips > 0) {
        World flipped = world;
        --flipped.left.flips;
        flipped.ready[n] = !flipped.ready[n];
        next_.push_back(std::move(flipped));
      }
    }
  }

  void Expand(const World& world) {
    for (std::size_t i = 0; i < world.memory.nodes.size(); ++i) {
      if (world.memory.nodes[i].phase == v1::NODE_PHASE_COMMITTED &&
          world.truth[i] != Truth::Committed) {
        Violation("the engine believes a commit that never happened");
      }
      if (world.up && world.truth[i] != Truth::NotBegun &&
          world.memory.nodes[i].phase == v1::NODE_PHASE_WAITING) {
        Violation("a node has begun that the journal does not know of");
      }
    }
    ExpandCoordinator(world);
    ExpandNetwork(world);
    ExpandNodes(world);
  }

  std::vector<World> next_;
  std::deque<World> queue_;
  std::unordered_set<std::string> seen_;
  std::size_t transitions_ = 0, completed_ = 0, stopped_ = 0;
  std::string violation_;
};

TEST(RolloutModel, NoReachableStateBreaksAnInvariant) {
  std::vector<Budget> budgets = {{2, 1, 0, 0}, {1, 1, 1, 0}, {1, 0, 0, 1}, {0, 1, 0, 2}};
  // The long search, left out of the quick suite; the bound is on the world, not on the invariants.
  if (const char* deep = std::getenv("BELAY_DEEP_SEARCH"); deep != nullptr && *deep == '1') {
    budgets = {{2, 1, 1, 0}, {1, 1, 0, 2}, {0, 2, 2, 1}};
  }
  std::printf("%-44s %10s %12s %10s %10s\n", "hostile world", "states", "transitions", "completed",
              "stopped");
  for (const Budget& budget : budgets) {
    Search search(budget);
    const std::string violation = search.Run();
    std::printf("%-44s %10zu %12zu %10zu %10zu\n",
                absl::StrCat(budget.crashes, " crashes, ", budget.losses, " losses, ",
                             budget.doubles, " doubles, ", budget.flips, " flips")
                    .c_str(),
                search.states(), search.transitions(), search.completed(), search.stopped());
    ASSERT_EQ(violation, "");
    // A search that reaches neither end has searched nothing.
    ASSERT_GT(search.completed(), 0u);
    ASSERT_GT(search.stopped(), 0u);
  }
}

State RunningWithCp1InFlight() {
  v1::RolloutEvent event;
  event.mutable_started()->add_nodes("cp1");
  event.mutable_started()->add_nodes("cp2");
  State state = Advance({}, event).state;
  event.mutable_readiness()->add_ready("cp1");
  event.mutable_readiness()->add_ready("cp2");
  state = Advance(state, event).state;
  EXPECT_EQ(state.nodes[0].phase, v1::NODE_PHASE_DISPATCHED);
  return state;
}

TEST(RolloutModel, EveryVerdictButACommitStops) {
  const std::vector<std::pair<v1::Verdict, v1::StopCause>> table = {
      {v1::VERDICT_ROLLED_BACK, v1::STOP_CAUSE_ROLLED_BACK},
      {v1::VERDICT_QUARANTINED, v1::STOP_CAUSE_QUARANTINED},
      {v1::VERDICT_EMERGENCY_STOP, v1::STOP_CAUSE_EMERGENCY_STOP},
      {v1::VERDICT_REFUSED, v1::STOP_CAUSE_REFUSED}};
  for (const auto& [verdict, cause] : table) {
    v1::RolloutEvent event;
    event.mutable_verdict()->set_node("cp1");
    event.mutable_verdict()->set_verdict(static_cast<std::uint32_t>(verdict));
    event.mutable_verdict()->set_next("belayctl report r1");
    const State state = Advance(RunningWithCp1InFlight(), event).state;
    EXPECT_EQ(state.phase, v1::ROLLOUT_PHASE_STOPPED);
    EXPECT_EQ(state.stop_cause, cause);
    EXPECT_EQ(state.stop_node, "cp1");
    EXPECT_EQ(state.next, "belayctl report r1");
    EXPECT_EQ(state.nodes[1].phase, v1::NODE_PHASE_WAITING);
  }
}

TEST(RolloutModel, AVerdictThisProgramDoesNotKnowIsNoCommit) {
  v1::RolloutEvent event;
  event.mutable_verdict()->set_node("cp1");
  for (unsigned verdict : {0u, 6u, 1000u}) {
    event.mutable_verdict()->set_verdict(verdict);
    const Step step = Advance(RunningWithCp1InFlight(), event);
    EXPECT_EQ(step.state.phase, v1::ROLLOUT_PHASE_STOPPED);
    EXPECT_EQ(step.state.stop_cause, v1::STOP_CAUSE_REFUSED);
  }
}

TEST(RolloutModel, AVerdictOfANodeThatHasNotBegunChangesNothing) {
  v1::RolloutEvent event;
  event.mutable_verdict()->set_verdict(v1::VERDICT_COMMITTED);
  const State before = RunningWithCp1InFlight();
  for (const char* node : {"cp2", "cp9", ""}) {
    event.mutable_verdict()->set_node(node);
    EXPECT_EQ(Advance(before, event).state, before);
  }
}

TEST(RolloutModel, AVerdictAfterSilenceIsRecordedAndChangesNoEnd) {
  v1::RolloutEvent event;
  event.mutable_silent()->set_node("cp1");
  State state = Advance(RunningWithCp1InFlight(), event).state;
  event.mutable_verdict()->set_node("cp1");
  event.mutable_verdict()->set_verdict(v1::VERDICT_COMMITTED);
  const Step step = Advance(state, event);
  EXPECT_EQ(step.state.nodes[0].phase, v1::NODE_PHASE_COMMITTED);
  EXPECT_EQ(step.state.phase, v1::ROLLOUT_PHASE_STOPPED);
  EXPECT_EQ(step.state.stop_cause, v1::STOP_CAUSE_SILENT);
  EXPECT_EQ(step.state.nodes[1].phase, v1::NODE_PHASE_WAITING);
}

TEST(RolloutModel, ReadinessFromBeforeACrashBeginsNobody) {
  v1::RolloutEvent event;
  event.mutable_recovered()->set_epoch(2);
  State state = Advance(RunningWithCp1InFlight(), event).state;
  event.mutable_verdict()->set_node("cp1");
  event.mutable_verdict()->set_verdict(v1::VERDICT_COMMITTED);
  state = Advance(state, event).state;
  EXPECT_EQ(state.nodes[1].phase, v1::NODE_PHASE_WAITING);
  EXPECT_EQ(state.awaiting_readiness, "cp2");
}

TEST(RolloutModel, AnExplicitClusterMemberThatIsNotReadyHoldsTheRollout) {
  v1::RolloutEvent start;
  start.mutable_started()->add_nodes("cp1");
  start.mutable_started()->add_cluster_nodes("cp1");
  start.mutable_started()->add_cluster_nodes("cp2");
  Step step = Advance({}, start);
  EXPECT_EQ(step.state.awaiting_readiness, "cp1");
  v1::RolloutEvent ready;
  ready.mutable_readiness()->add_ready("cp1");
  step = Advance(step.state, ready);
  EXPECT_EQ(step.state.nodes[0].phase, v1::NODE_PHASE_WAITING);
  ready.mutable_readiness()->add_ready("cp2");
  step = Advance(step.state, ready);
  EXPECT_EQ(step.state.nodes[0].phase, v1::NODE_PHASE_DISPATCHED);
}

}  // namespace
}  // namespace belay::rollout
