// A rollout that is told one event after the other; the invariants are asked at each.
#pragma once
#include <gtest/gtest.h>

#include <vector>

#include "server/rollout/engine.h"
#include "server/rollout/invariants.h"

namespace belay::rollout {

class CheckedRollout {
 public:
  void Tell(const v1::RolloutEvent& event) {
    const Step step = Advance(state, event);
    EXPECT_EQ(BrokenInvariant(step.state).value_or(""), "") << event.ShortDebugString();
    EXPECT_EQ(BrokenTransition(state, event, step).value_or(""), "") << event.ShortDebugString();
    state = step.state;
    actions = step.actions;
  }
  State state;
  std::vector<Action> actions;  // of the last event
};

}  // namespace belay::rollout
