// The hostile world around the rollout engine, as a value: three nodes, what is on its way between
// them and the coordinator, timers, and how much mischief is left.
#pragma once
#include <algorithm>
#include <array>
#include <compare>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/rollout/engine.h"

namespace belay::rollout::model {

inline constexpr int kNodes = 3;
inline constexpr std::size_t kNetworkDepth = 4;
inline const std::array<std::string, kNodes> kNames = {"cp1", "cp2", "cp3"};

inline int IndexOf(const std::string& name) {
  for (int i = 0; i < kNodes; ++i) {
    if (kNames[static_cast<std::size_t>(i)] == name) return i;
  }
  return -1;
}

// How often each may still happen.  Verbs: whatever an operator may ask.
struct Budget {
  int crashes = 0, losses = 0, doubles = 0, flips = 0, verbs = 0, locks = 0, windows = 0;
};
struct Wanted {
  bool approval = false, soak = false, deadline = false, windows = false;
  // Of the plan; the rollout goes from the one to the other.  Both 0: it has none.
  unsigned first_phase = 0, last_phase = 0;
};

enum class Kind : char { Execute, ExpiredExecute, Accepted, Verdict };
struct Message {
  Kind kind;
  int node;
  unsigned attempt;
  unsigned phase;  // of the plan
  auto operator<=>(const Message&) const = default;
  bool is_to_node() const { return kind == Kind::Execute || kind == Kind::ExpiredExecute; }
};

// What is true at a node, whatever the coordinator believes.
enum class Truth : char { NotBegun, Running, Committed, RolledBack, Refused, EmergencyStop };
inline bool HasFallen(Truth truth) {
  return truth == Truth::RolledBack || truth == Truth::Refused || truth == Truth::EmergencyStop;
}

struct NodeTruth {
  Truth truth = Truth::NotBegun;
  unsigned attempt = 0;  // the last it has begun
  unsigned phase = 0;    // of the plan, of that run
  int runs = 0;          // of that attempt
  bool ready = true;
  unsigned committed = 0;  // the phase that it committed last
};

struct ModelWorld {
  State memory;  // the coordinator's; equal to what its journal replays to
  bool up = true;
  std::array<bool, kNodes> silence_timer{};  // all timers are gone with the coordinator
  std::array<bool, kNodes> readiness_timer{};
  std::array<bool, kNodes> soak_timer{};
  bool deadline_timer = false;
  std::array<NodeTruth, kNodes> nodes{};
  std::vector<Message> network;
  bool locked = false;  // somebody keeps rollouts off the cluster
  bool closed = false;  // it is a time outside of the maintenance windows
  Budget left{};

  const NodeTruth& at(int node) const { return nodes[static_cast<std::size_t>(node)]; }
  NodeTruth& at(int node) { return nodes[static_cast<std::size_t>(node)]; }

  // An order to begin that has not run out is still on its way to the node.
  bool MayStillBegin(int node) const {
    return std::any_of(network.begin(), network.end(), [&](const Message& m) {
      return m.kind == Kind::Execute && m.node == node && IsNews(m);
    });
  }
  // Of a run that its node has not begun: one key is begun once.
  bool IsNews(const Message& m) const {
    const NodeTruth& node = at(m.node);
    if (node.attempt == 0) return true;
    if (m.phase == node.phase) return m.attempt > node.attempt;
    return (m.phase > node.phase) == (memory.last_phase >= memory.first_phase);
  }
  bool Carries(int node, bool to_node) const {
    return std::any_of(network.begin(), network.end(), [&](const Message& m) {
      return m.node == node && m.is_to_node() == to_node;
    });
  }
  // As the registry tells it: its API server answers, and nothing of a run can be changing it.
  bool IsReady(int node) const {
    return at(node).ready && at(node).truth != Truth::Running && !MayStillBegin(node);
  }

  std::string Key() const {
    // Reasons and names follow from the phases here, so the phases are enough.
    std::string key =
        absl::StrCat(static_cast<int>(memory.phase), ".", static_cast<int>(memory.stop_cause),
                     memory.stop_node, memory.awaiting_readiness, memory.soaking, up,
                     deadline_timer, memory.hold, locked, closed, memory.plan_phase);
    for (const NodeProgress& node : memory.nodes) {
      absl::StrAppend(&key, static_cast<int>(node.phase), "/", node.attempt, ",");
    }
    for (const std::string& name : memory.ready) key.push_back(name.back());
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      absl::StrAppend(&key, ";", static_cast<int>(nodes[n].truth), nodes[n].attempt, nodes[n].runs,
                      nodes[n].ready, silence_timer[n], readiness_timer[n], soak_timer[n]);
      absl::StrAppend(&key, nodes[n].phase, nodes[n].committed);
    }
    std::vector<Message> sorted = network;
    std::sort(sorted.begin(), sorted.end());
    for (const Message& m : sorted) {
      absl::StrAppend(&key, "|", static_cast<int>(m.kind), m.node, m.attempt, m.phase);
    }
    absl::StrAppend(&key, "|", left.crashes, left.losses, left.doubles, left.flips, left.verbs,
                    left.locks, left.windows);
    return key;
  }
};

}  // namespace belay::rollout::model
