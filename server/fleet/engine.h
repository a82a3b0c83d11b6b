// The order of a rollout over several clusters, as a pure function: stages (a canary, then waves),
// some clusters at a time, a failure budget, soak times, pause points.  Within a cluster the
// rollout engine (server/rollout) decides; this one only says in which clusters a rollout may be
// under way.  A cluster begins only while the fleet runs, in the stage that has been reached, and
// nothing has fallen beyond the budget.  docs/fleet.md has the tables.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "belay/v1/fleet.pb.h"

namespace belay::fleet {

struct ClusterProgress {
  std::string name;
  std::uint32_t stage = 0;
  v1::ClusterPhase phase = v1::CLUSTER_PHASE_WAITING;
  std::string reason;
  std::uint32_t attempt = 1;
  bool operator==(const ClusterProgress&) const = default;
};

struct Stage {
  std::string name;
  bool strict = false;
  bool pause_after = false;
  bool operator==(const Stage&) const = default;
};

struct State {
  v1::RolloutPhase phase = v1::ROLLOUT_PHASE_UNSPECIFIED;  // unspecified: not started
  std::vector<ClusterProgress> clusters;                   // stage by stage
  std::vector<Stage> stages;
  std::uint32_t stage = 0;  // that has been reached
  bool soaking = false;     // its soak time runs
  bool soaked = false;      // it has run
  bool resumed = false;     // somebody has resumed at its pause point
  std::uint32_t parallel = 1;
  std::uint32_t budget = 0;
  bool soaks = false;
  bool has_deadline = false;
  bool needs_approval = false;
  std::string submitter;
  std::string approved_by;
  std::string paused_by;  // with the reason; empty unless paused
  v1::StopCause stop_cause = v1::STOP_CAUSE_UNSPECIFIED;
  std::string stop_cluster;
  std::string stop_reason;
  std::string retry_request;
  bool operator==(const State&) const = default;
};

// Soak: of the stage that was reached.  Deadline: of the whole.
enum class Timer { Soak, Deadline };
struct Action {
  enum class Kind { ArmTimer, Announce } kind = Kind::Announce;
  Timer timer = Timer::Soak;
  bool operator==(const Action&) const = default;
};

struct Step {
  State state;
  std::vector<Action> actions;
};
// No clock, no I/O, no throw.
Step Advance(const State& state, const v1::FleetEvent& event);

bool HasEnded(const State& state);  // completed or stopped
std::uint32_t Fallen(const State& state);

struct Allowance {
  enum class Kind { Takes, Already, Refused } kind = Kind::Refused;
  std::string why;  // of Refused
};
// Of paused, resumed, aborted, approved and retried; every other event is Refused.  Advance takes
// a verb only where this allows it.
Allowance Judge(const State& state, const v1::FleetEvent& event);

// What must hold of every state and step, in production and in the model checker.
std::optional<std::string> BrokenInvariant(const State& state);
std::optional<std::string> BrokenTransition(const State& before, const v1::FleetEvent& event,
                                            const Step& after);

std::string StateDigest(const State& state);  // of everything in it
std::string Describe(const State& state);     // one sentence for people

}  // namespace belay::fleet
