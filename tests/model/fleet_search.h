// Every state that a fleet rollout over three clusters can reach in a hostile world: the canary
// a, then b and c, each with a rollout of two nodes.  Breadth first, without a state twice.  What
// is promised is judged by what happens in the clusters.
#pragma once
#include <array>
#include <cstddef>
#include <deque>
#include <string>
#include <unordered_set>
#include <vector>

#include "server/fleet/duty.h"
#include "server/fleet/engine.h"

namespace belay::fleet::model {

inline constexpr int kClusters = 3;
inline constexpr int kNodesEach = 2;

struct Wanted {
  std::uint32_t parallel = 2;
  std::uint32_t budget = 0;
  bool strict = true;  // the canary
  bool soak = false;
  bool pause_after = false;
  bool approval = false;
  bool deadline = false;
};
struct Budget {
  int crashes = 0;
  int verbs = 0;    // of operators, of the fleet or of a cluster's own rollout
  int doubles = 0;  // a cluster's end told twice
};

struct ClusterTruth {
  Child child;
  int done = 0;
  bool in_flight = false;
  bool fell = false;  // a node of this attempt has
};
struct FleetWorld {
  State memory;
  bool up = true;
  bool soak_timer = false;
  bool deadline_timer = false;
  std::array<ClusterTruth, kClusters> truth;
  Budget left;
  std::string Key() const;
};

class FleetSearch {
 public:
  FleetSearch(Budget budget, Wanted wanted);
  std::string Run();  // empty, or what was broken and how it came about
  std::size_t states() const { return seen_.size(); }
  std::size_t transitions() const { return transitions_; }
  std::size_t completed() const { return completed_; }
  std::size_t stopped() const { return stopped_; }

 private:
  void Expand(const FleetWorld& world);
  void ExpandClusters(const FleetWorld& world);
  void ExpandOperators(const FleetWorld& world);
  void ExpandTimers(const FleetWorld& world);
  bool Deliver(FleetWorld& world, const v1::FleetEvent& event);
  void Reconcile(FleetWorld world);
  bool DoDuty(FleetWorld& world, std::size_t cluster, Duty duty);
  void CheckBeginning(const FleetWorld& world, std::size_t cluster);
  void Violation(const std::string& what) {
    if (violation_.empty()) violation_ = what;
  }

  const Wanted wanted_;
  std::deque<FleetWorld> queue_;
  std::vector<FleetWorld> next_;
  std::unordered_set<std::string> seen_;
  std::size_t transitions_ = 0;
  std::size_t completed_ = 0;
  std::size_t stopped_ = 0;
  std::string violation_;
};

}  // namespace belay::fleet::model
