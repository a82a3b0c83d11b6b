// What holds a rollout from outside (a lock, a maintenance window): it is told with the readiness,
// and no node begins while it is there.  The search of rollout_search.h takes and breaks locks at
// any time; here is what it cannot tell apart.
#include <gtest/gtest.h>

#include "belay/v1/journal.pb.h"
#include "tests/model/checked_rollout.h"

namespace belay::rollout {
namespace {

v1::RolloutEvent Readiness(const std::string& hold) {
  v1::RolloutEvent event;
  for (const char* node : {"cp1", "cp2"}) event.mutable_readiness()->add_ready(node);
  event.mutable_readiness()->set_hold(hold);
  return event;
}

class Held : public CheckedRollout {
 public:
  Held() {
    v1::RolloutEvent event;
    for (const char* node : {"cp1", "cp2"}) event.mutable_started()->add_nodes(node);
    Tell(event);
  }
  v1::NodePhase phase(std::size_t i) const { return state.nodes[i].phase; }
  bool Does(Action::Kind kind, Timer timer = Timer::Verdict) const {
    for (const Action& action : actions) {
      if (action.kind == kind && action.timer == timer) return true;
    }
    return false;
  }
};

TEST(RolloutHold, NobodyBeginsWhileItHoldsAndTheFirstWhenItEnds) {
  Held held;
  EXPECT_EQ(held.state.awaiting_readiness, "cp1");
  held.Tell(Readiness("the lock"));
  EXPECT_EQ(held.phase(0), v1::NODE_PHASE_WAITING);
  EXPECT_TRUE(held.Does(Action::Kind::DisarmTimer, Timer::Readiness))
      << "whoever is held is not late";
  EXPECT_NE(Describe(held.state).find("waiting for the lock"), std::string::npos);
  held.Tell(Readiness(""));
  EXPECT_EQ(held.phase(0), v1::NODE_PHASE_DISPATCHED);
}

TEST(RolloutHold, WhatIsInFlightEndsAndTheNextIsHeld) {
  Held held;
  held.Tell(Readiness(""));
  v1::RolloutEvent accepted;
  accepted.mutable_accepted()->set_node("cp1");
  held.Tell(accepted);
  held.Tell(Readiness("the lock"));
  EXPECT_TRUE(MayBeTold(held.state, held.state.nodes[0])) << "it has begun: it goes on";
  v1::RolloutEvent verdict;
  verdict.mutable_verdict()->set_node("cp1");
  verdict.mutable_verdict()->set_verdict(v1::VERDICT_COMMITTED);
  held.Tell(verdict);
  EXPECT_EQ(held.phase(0), v1::NODE_PHASE_COMMITTED);
  EXPECT_EQ(held.phase(1), v1::NODE_PHASE_WAITING);
  EXPECT_EQ(held.state.phase, v1::ROLLOUT_PHASE_RUNNING);
}

TEST(RolloutHold, ANodeThatWasToldButHasPerhapsNotBegunIsNotToldAgain) {
  Held held;
  held.Tell(Readiness(""));
  EXPECT_TRUE(MayBeTold(held.state, held.state.nodes[0]));
  held.Tell(Readiness("the lock"));
  EXPECT_FALSE(MayBeTold(held.state, held.state.nodes[0]));
}

TEST(RolloutHold, ARecoveryForgetsItWithTheReadinessAndBeginsNobody) {
  Held held;
  held.Tell(Readiness("the lock"));
  v1::RolloutEvent recovered;
  recovered.mutable_recovered();
  held.Tell(recovered);
  EXPECT_EQ(held.state.hold, "");
  EXPECT_EQ(held.phase(0), v1::NODE_PHASE_WAITING);
  held.Tell(Readiness("the lock"));
  EXPECT_EQ(held.phase(0), v1::NODE_PHASE_WAITING);
}

constexpr std::int64_t kMondayMs = std::int64_t{4} * 86'400'000;  // 1970-01-05, midnight

TEST(RolloutHold, OutsideOfItsWindowsNobodyBeginsAlsoWhenNobodyHasSaidSo) {
  v1::RolloutEvent started;
  started.set_wall_unix_ms(kMondayMs);
  started.mutable_started()->add_nodes("cp1");
  v1::MaintenanceWindow& window = *started.mutable_started()->mutable_options()->add_windows();
  window.add_days(v1::WEEKDAY_MONDAY);
  window.set_to_minute(60);
  const State state = Advance({}, started).state;
  v1::RolloutEvent ready;
  ready.mutable_readiness()->add_ready("cp1");
  ready.set_wall_unix_ms(kMondayMs + 3'600'000);
  const Step closed = Advance(state, ready);
  EXPECT_EQ(closed.state.nodes[0].phase, v1::NODE_PHASE_WAITING);
  EXPECT_NE(closed.state.hold, "") << "else nobody would tell anew when it opens";
  EXPECT_EQ(BrokenTransition(state, ready, closed).value_or(""), "");
  ready.set_wall_unix_ms(kMondayMs + 3'599'999);
  const Step open = Advance(state, ready);
  EXPECT_EQ(open.state.nodes[0].phase, v1::NODE_PHASE_DISPATCHED);
  // The same step at another time would have broken the promise.
  ready.set_wall_unix_ms(kMondayMs + 3'600'000);
  EXPECT_NE(BrokenTransition(state, ready, open).value_or(""), "");
}

TEST(RolloutHold, ItIsPartOfTheDigestAndOldDigestsStay) {
  Held held;
  held.Tell(Readiness("the lock"));
  State without = held.state;
  without.hold.clear();
  EXPECT_NE(StateDigest(held.state), StateDigest(without));
}

}  // namespace
}  // namespace belay::rollout
