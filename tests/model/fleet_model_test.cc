// Runs the search over fleets (fleet_search.h), and the table of their verbs.
#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/model/fleet_search.h"

namespace belay::fleet {
namespace {

using model::Budget;
using model::FleetSearch;
using model::Wanted;

struct Case {
  Budget budget;
  Wanted wanted;
};

std::string TextOf(const Case& c) {
  const Wanted& w = c.wanted;
  return absl::StrCat(c.budget.crashes, " crashes, ", c.budget.verbs, " verbs, ", c.budget.doubles,
                      " doubles, ", w.parallel, " at a time, budget ", w.budget,
                      w.strict ? ", strict canary" : "", w.soak ? ", soak" : "",
                      w.pause_after ? ", pause point" : "", w.approval ? ", approval" : "",
                      w.deadline ? ", deadline" : "");
}

TEST(FleetModel, NoReachableStateBreaksAPromise) {
  const std::vector<Case> cases = {
      {{.crashes = 2}, {}},
      {{.verbs = 3}, {}},
      {{.crashes = 1, .verbs = 2}, {.pause_after = true}},
      {{.crashes = 1, .verbs = 2}, {.budget = 1, .soak = true}},
      {{.verbs = 3, .doubles = 1}, {.parallel = 1, .budget = 1, .strict = false}},
      {{.crashes = 1, .verbs = 3},
       {.soak = true, .pause_after = true, .approval = true, .deadline = true}}};
  std::printf("%-92s %9s %11s %9s %9s\n", "hostile world", "states", "transitions", "completed",
              "stopped");
  for (const Case& c : cases) {
    FleetSearch search(c.budget, c.wanted);
    const std::string violation = search.Run();
    std::printf("%-92s %9zu %11zu %9zu %9zu\n", TextOf(c).c_str(), search.states(),
                search.transitions(), search.completed(), search.stopped());
    ASSERT_EQ(violation, "") << TextOf(c);
    ASSERT_GT(search.completed(), 0u);
    ASSERT_GT(search.stopped(), 0u);
  }
}

v1::FleetEvent Started(bool approval = false) {
  v1::FleetEvent event;
  for (const char* name : {"a", "b"}) {
    v1::FleetStage& stage = *event.mutable_started()->add_stages();
    stage.set_name(name);
    stage.add_clusters(name);
  }
  event.mutable_started()->set_submitter("ada");
  event.mutable_started()->mutable_options()->set_approval(approval);
  return event;
}
v1::FleetEvent Ended(const std::string& cluster, v1::ClusterOutcome outcome) {
  v1::FleetEvent event;
  event.mutable_cluster_ended()->set_cluster(cluster);
  event.mutable_cluster_ended()->set_attempt(1);
  event.mutable_cluster_ended()->set_outcome(outcome);
  return event;
}
v1::FleetEvent Word(const std::string& verb, const std::string& who = "bob") {
  v1::FleetEvent event;
  v1::OperatorWord word;
  word.set_operator_(who);
  word.set_request_id("q");
  if (verb == "pause") *event.mutable_paused() = word;
  if (verb == "resume") *event.mutable_resumed() = word;
  if (verb == "abort") *event.mutable_aborted() = word;
  if (verb == "approve") *event.mutable_approved() = word;
  if (verb == "retry") *event.mutable_retried() = word;
  return event;
}

State InState(const std::string& name) {
  State state = Advance({}, Started(name == "awaiting approval")).state;
  if (name == "paused") state = Advance(state, Word("pause")).state;
  if (name == "stopping" || name == "stopped") state = Advance(state, Word("abort")).state;
  if (name == "stopped") {
    state = Advance(state, Ended("a", v1::CLUSTER_OUTCOME_HELD_BACK)).state;
  }
  if (name == "completed") {
    for (const char* cluster : {"a", "b"}) {
      state = Advance(state, Ended(cluster, v1::CLUSTER_OUTCOME_COMPLETED)).state;
    }
  }
  return state;
}

TEST(FleetVerbs, EachIsTakenOrRefusedAsTheTableSays) {
  const std::vector<std::string> states = {"awaiting approval", "running", "paused",
                                           "stopping",          "stopped", "completed"};
  const std::map<std::string, std::string> table = {{"pause", "RTARRR"},
                                                    {"resume", "RATRRR"},
                                                    {"abort", "TTTAAR"},
                                                    {"approve", "TRRRRR"},
                                                    {"retry", "RRRRTR"}};
  for (const auto& [verb, row] : table) {
    for (std::size_t i = 0; i < states.size(); ++i) {
      const State state = InState(states[i]);
      const Allowance allowance = Judge(state, Word(verb));
      EXPECT_EQ("TAR"[static_cast<int>(allowance.kind)], row[i])
          << verb << " while " << states[i] << ": " << allowance.why;
      if (allowance.kind != Allowance::Kind::Takes) {
        EXPECT_EQ(Advance(state, Word(verb)).state, state) << verb << " while " << states[i];
      }
    }
  }
  EXPECT_EQ(Judge(InState("awaiting approval"), Word("approve", "ada")).kind,
            Allowance::Kind::Refused);
}

TEST(FleetModel, AClusterThatIsAbortedAloneHasNotGotThere) {
  const State state = Advance(InState("running"), Ended("a", v1::CLUSTER_OUTCOME_HELD_BACK)).state;
  EXPECT_EQ(state.phase, v1::ROLLOUT_PHASE_STOPPED);
  EXPECT_EQ(state.clusters[0].phase, v1::CLUSTER_PHASE_FALLEN);
  EXPECT_EQ(state.clusters[1].phase, v1::CLUSTER_PHASE_WAITING);
}

TEST(FleetDuty, NothingBeginsUnlessTheFleetRuns) {
  ClusterProgress cluster;
  cluster.phase = v1::CLUSTER_PHASE_RUNNING;
  cluster.attempt = 2;
  Child before_its_retry;
  before_its_retry.exists = true;
  before_its_retry.phase = v1::ROLLOUT_PHASE_STOPPED;
  State fleet;
  const auto duties = [&] {
    return std::make_pair(DutyOf(fleet, cluster, Child()),
                          DutyOf(fleet, cluster, before_its_retry));
  };
  fleet.phase = v1::ROLLOUT_PHASE_RUNNING;
  EXPECT_EQ(duties(), std::make_pair(Duty::Start, Duty::Retry));
  fleet.phase = v1::ROLLOUT_PHASE_STOPPING;
  EXPECT_EQ(duties(), std::make_pair(Duty::ReportHeldBack, Duty::ReportHeldBack));
  fleet.phase = v1::ROLLOUT_PHASE_PAUSED;
  EXPECT_EQ(duties(), std::make_pair(Duty::Nothing, Duty::Nothing));
}

TEST(FleetModel, AnOutcomeThisProgramDoesNotKnowIsNoSuccess) {
  const State state =
      Advance(InState("running"), Ended("a", static_cast<v1::ClusterOutcome>(77))).state;
  EXPECT_EQ(state.clusters[0].phase, v1::CLUSTER_PHASE_FALLEN);
  EXPECT_EQ(state.phase, v1::ROLLOUT_PHASE_STOPPED);
}

}  // namespace
}  // namespace belay::fleet
