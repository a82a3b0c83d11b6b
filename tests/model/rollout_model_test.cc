// Runs the search (rollout_search.h), and looks at single transitions that it cannot tell apart.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "belay/v1/journal.pb.h"
#include "server/rollout/engine.h"
#include "tests/model/rollout_search.h"

namespace belay::rollout {
namespace {

using model::Budget;
using model::Search;
using model::Wanted;

struct Case {
  Budget budget;
  Wanted wanted;
};

std::string TextOf(const Case& c) {
  return absl::StrCat(
      c.budget.crashes, " crashes, ", c.budget.losses, " losses, ", c.budget.doubles, " doubles, ",
      c.budget.flips, " flips, ", c.budget.verbs, " verbs, ", c.budget.locks, " locks, ",
      c.budget.windows, " windows", c.wanted.approval ? ", approval" : "",
      c.wanted.soak ? ", soak" : "", c.wanted.deadline ? ", deadline" : "",
      c.wanted.last_phase == 0
          ? ""
          : absl::StrCat(", phases ", c.wanted.first_phase, " to ", c.wanted.last_phase));
}

TEST(RolloutModel, NoReachableStateBreaksAnInvariant) {
  std::vector<Case> cases = {{{.crashes = 1}, {}},
                             {{.losses = 1, .doubles = 1}, {}},
                             {{.flips = 1}, {}},
                             {{.verbs = 1}, {.soak = true}},
                             {{.locks = 2}, {.soak = true}},
                             {{.windows = 3}, {.windows = true}},
                             {{.verbs = 2}, {.approval = true, .deadline = true}},
                             {{.crashes = 1}, {.first_phase = 1, .last_phase = 2}},
                             {{.doubles = 1}, {.first_phase = 1, .last_phase = 2}},
                             {{}, {.soak = true, .first_phase = 1, .last_phase = 3}},
                             {{}, {.deadline = true, .first_phase = 3, .last_phase = 2}}};
  // The long search, left out of the quick suite; the bound is on the world, not on the invariants.
  if (const char* deep = std::getenv("BELAY_DEEP_SEARCH"); deep != nullptr && *deep == '1') {
    cases = {{{.crashes = 2, .losses = 1}, {}},
             {{.crashes = 1, .losses = 1, .doubles = 1}, {}},
             {{.crashes = 1, .flips = 1}, {}},
             {{.losses = 1, .flips = 2}, {}},
             {{.crashes = 1, .verbs = 1}, {.soak = true, .deadline = true}},
             {{.losses = 1, .verbs = 1}, {.approval = true}},
             {{.crashes = 1, .locks = 2}, {.deadline = true}},
             {{.flips = 1, .locks = 2}, {}},
             {{.crashes = 1, .windows = 3}, {.soak = true, .windows = true}},
             {{.locks = 1, .windows = 2}, {.windows = true}},
             {{.verbs = 2}, {}},
             {{.verbs = 1}, {.first_phase = 1, .last_phase = 2}},
             {{.flips = 1}, {.first_phase = 1, .last_phase = 2}},
             {{.crashes = 1}, {.first_phase = 3, .last_phase = 2}},
             {{.losses = 1}, {.soak = true, .first_phase = 1, .last_phase = 2}}};
  }
  std::printf("%-60s %10s %12s %10s %10s\n", "hostile world", "states", "transitions", "completed",
              "stopped");
  for (const Case& c : cases) {
    Search search(c.budget, c.wanted);
    const std::string violation = search.Run();
    std::printf("%-60s %10zu %12zu %10zu %10zu\n", TextOf(c).c_str(), search.states(),
                search.transitions(), search.completed(), search.stopped());
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
