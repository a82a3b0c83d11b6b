// Breadth-first search of every state that the engine and the hostile world can reach: messages
// lost, doubled and in any order; the coordinator killed between any two actions; nodes that
// commit, fall or fall silent; readiness, locks and windows that come and go; operators who change
// their minds.
#pragma once
#include <cstddef>
#include <deque>
#include <string>
#include <unordered_set>
#include <vector>

#include "tests/model/rollout_world.h"

namespace belay::rollout::model {

class Search {
 public:
  Search(Budget budget, Wanted wanted);

  // Returns the first violation, or nothing.
  std::string Run();
  std::size_t states() const { return seen_.size(); }
  std::size_t transitions() const { return transitions_; }
  std::size_t completed() const { return completed_; }
  std::size_t stopped() const { return stopped_; }

 private:
  void Violation(const std::string& what) {
    if (violation_.empty()) violation_ = what;
  }
  void Keep();
  void Deliver(const ModelWorld& world, v1::RolloutEvent event);
  static void Perform(ModelWorld& world, const Action& action);
  static void Crash(ModelWorld& world);
  void CheckBeginning(const ModelWorld& world, const Message& execute);
  void CheckWatched(const ModelWorld& world);
  void AgentTakes(ModelWorld world, const Message& message);
  void CoordinatorHears(const ModelWorld& world, const Message& message);
  void Expand(const ModelWorld& world);
  void ExpandCoordinator(const ModelWorld& world);
  void ExpandTimers(const ModelWorld& world);
  void ExpandOperators(const ModelWorld& world);
  void ExpandNetwork(const ModelWorld& world);
  void ExpandNodes(const ModelWorld& world);

  std::vector<ModelWorld> next_;
  std::deque<ModelWorld> queue_;
  std::unordered_set<std::string> seen_;
  std::size_t transitions_ = 0, completed_ = 0, stopped_ = 0;
  std::string violation_;
};

}  // namespace belay::rollout::model
