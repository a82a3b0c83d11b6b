// The order of one rollout over the control-plane nodes of one cluster, as a pure function.  No
// clock, no I/O, no throw.  Dispatching happens in one function, at the end of each event; a node
// begins only while nothing is in flight, nothing has fallen, and every other node of the cluster
// is ready.
#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "belay/v1/rollout.pb.h"

namespace belay::rollout {

struct NodeProgress {
  std::string name;
  v1::NodePhase phase = v1::NODE_PHASE_WAITING;
  std::string reason;
  bool operator==(const NodeProgress&) const = default;
};

struct State {
  v1::RolloutPhase phase = v1::ROLLOUT_PHASE_UNSPECIFIED;  // unspecified: not started
  std::vector<NodeProgress> nodes;                         // in the order of the rollout
  std::set<std::string> cluster;  // every control-plane node; all must be ready before one begins
  std::set<std::string> ready;    // as last told; empty after a recovery
  v1::StopCause stop_cause = v1::STOP_CAUSE_UNSPECIFIED;
  std::string stop_node;
  std::string stop_reason;
  std::string next;                // what the node said to do
  std::string awaiting_readiness;  // node that is next but may not begin yet, else empty
  bool operator==(const State&) const = default;
};

enum class Timer { Verdict, Readiness };  // per node: silence; for the node that may not begin
struct Action {
  enum class Kind { Execute, ArmTimer, DisarmTimer, Announce } kind;
  std::string node;  // Execute, ArmTimer, DisarmTimer
  Timer timer = Timer::Verdict;
  bool operator==(const Action&) const = default;
};

struct Step {
  State state;
  std::vector<Action> actions;
};
Step Advance(const State& state, const v1::RolloutEvent& event);

// Hash of everything in the state; journalled beside each event and compared at replay.
std::string StateDigest(const State& state);
// One sentence for people.
std::string Describe(const State& state);

}  // namespace belay::rollout
