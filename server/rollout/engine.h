// The order of one rollout over the control-plane nodes of one cluster, as a pure function.  No
// clock, no I/O, no throw.  Dispatching happens in one function, at the end of each event; a node
// begins only while nothing is in flight, nothing has fallen, nobody has paused or ended the
// rollout, nothing holds the cluster, and every other node of it is ready.  Where the plan has
// phases there is a barrier between two of them: every node has committed the one before any node
// begins the next.  docs/rollout-states.md has the table.
#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "belay/v1/rollout.pb.h"
#include "server/rollout/windows.h"

namespace belay::rollout {

struct NodeProgress {
  std::string name;
  v1::NodePhase phase = v1::NODE_PHASE_WAITING;
  std::string reason;
  std::uint32_t attempt = 1;          // in the plan's phase that the rollout is in
  std::uint32_t committed_phase = 0;  // of the plan, that it committed last; 0: none
  bool operator==(const NodeProgress&) const = default;
};

struct State {
  v1::RolloutPhase phase = v1::ROLLOUT_PHASE_UNSPECIFIED;  // unspecified: not started
  std::vector<NodeProgress> nodes;                         // in the order of the rollout
  std::set<std::string> cluster;  // every control-plane node; all must be ready before one begins
  std::set<std::string> ready;    // as last told; empty after a recovery
  std::string hold;  // as last told with it: why nothing may begin all the same; else empty
  v1::StopCause stop_cause = v1::STOP_CAUSE_UNSPECIFIED;
  std::string stop_node;
  std::string stop_reason;
  std::string next;                // what the node said to do
  std::string awaiting_readiness;  // node that is next but may not begin yet, else empty
  std::string submitter;
  bool needs_approval = false;
  std::string approved_by;
  std::string paused_by;       // with the reason; empty unless paused
  std::string soaking;         // the node that committed last, while its soak time runs
  std::string retry_request;   // id of the last retry
  std::string leader;          // of etcd, as last told; only where leader_last
  std::string address_holder;  // of the virtual address of the API servers; as leader
  bool leader_last = false;    // the order is not the operator's: these two go late
  bool soaks = false;          // each commit is followed by a soak time
  bool has_deadline = false;
  Windows windows;  // a node begins only within one of them, by the time of the event
  // Of the plan, from 1: the one that `nodes` are in, the one it began with and the one it ends
  // with.  A revert goes down.  All 0: the plan has none.
  std::uint32_t plan_phase = 0;
  std::uint32_t first_phase = 0;
  std::uint32_t last_phase = 0;
  bool operator==(const State&) const = default;
};

// Verdict: silence of a node.  Readiness: of the node that may not begin.  Soak: of the node that
// committed.  Deadline: of the rollout, without a node.
enum class Timer { Verdict, Readiness, Soak, Deadline };
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

bool IsInFlight(v1::NodePhase phase);
// 0: when its turn comes; 1: after all of those, as it holds the virtual address; 2: last, as it
// leads etcd.
int Lateness(const State& state, const std::string& node);
// The plan's phase behind the one it is in, on its way to the last; only where it is not that.
std::uint32_t NextPlanPhase(const State& state);
// The one before it on that way; 0: it is the first.
std::uint32_t PlanPhaseBefore(const State& state);
bool HasEnded(const State& state);  // completed or stopped
bool AllReady(const State& state);  // every node of the cluster, as last told
// Whether the plan may be sent to this node now.  A node that has begun may always be told to go
// on; one that was told, but has perhaps not begun, only while the rollout runs, nothing holds it
// and all are ready.
bool MayBeTold(const State& state, const NodeProgress& node);

// Hash of everything in the state; journalled beside each event and compared at replay.
std::string StateDigest(const State& state);
// One sentence for people.
std::string Describe(const State& state);

}  // namespace belay::rollout
