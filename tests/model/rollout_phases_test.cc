// Phases and their barrier, event by event; the search (rollout_model_test.cc) has the hostile
// world.
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "belay/v1/journal.pb.h"
#include "tests/model/checked_rollout.h"

namespace belay::rollout {
namespace {

// A rollout of two nodes whose cluster is always ready.
class Phased : public CheckedRollout {
 public:
  Phased(std::uint32_t first, std::uint32_t last, bool soak = false, bool leader_last = false) {
    v1::RolloutEvent event;
    for (const char* name : {"cp1", "cp2"}) event.mutable_started()->add_nodes(name);
    event.mutable_started()->set_first_phase(first);
    event.mutable_started()->set_last_phase(last);
    event.mutable_started()->set_leader_last(leader_last);
    event.mutable_started()->mutable_options()->set_soak_ms(soak ? 1 : 0);
    Tell(event);
  }
  void Ready(const std::string& leader = "") {
    v1::RolloutEvent event;
    for (const char* name : {"cp1", "cp2"}) event.mutable_readiness()->add_ready(name);
    event.mutable_readiness()->set_etcd_leader(leader);
    Tell(event);
  }
  static v1::RolloutEvent Says(const std::string& node, v1::Verdict verdict, std::uint32_t phase,
                               std::uint32_t attempt = 1) {
    v1::RolloutEvent event;
    event.mutable_verdict()->set_node(node);
    event.mutable_verdict()->set_attempt(attempt);
    event.mutable_verdict()->set_phase(phase);
    event.mutable_verdict()->set_verdict(static_cast<std::uint32_t>(verdict));
    return event;
  }
  void Commits(const std::string& node, std::uint32_t phase, std::uint32_t attempt = 1) {
    Tell(Says(node, v1::VERDICT_COMMITTED, phase, attempt));
  }
  void Retry() {
    v1::RolloutEvent event;
    event.mutable_retried()->set_request_id("q");
    Tell(event);
  }
  const NodeProgress& at(const std::string& name) const {
    return state.nodes[state.nodes[0].name == name ? 0 : 1];
  }
};

TEST(RolloutPhases, TheNextBeginsWhenEveryNodeHasCommittedTheOneBefore) {
  Phased rollout(1, 2);
  rollout.Ready();
  EXPECT_EQ(rollout.state.plan_phase, 1u);
  rollout.Commits("cp1", 1);
  EXPECT_EQ(rollout.state.plan_phase, 1u);
  EXPECT_EQ(rollout.at("cp2").phase, v1::NODE_PHASE_DISPATCHED);
  rollout.Commits("cp2", 1);
  EXPECT_EQ(rollout.state.plan_phase, 2u);
  EXPECT_EQ(rollout.at("cp1").phase, v1::NODE_PHASE_DISPATCHED);
  EXPECT_EQ(rollout.at("cp2").phase, v1::NODE_PHASE_WAITING);
  rollout.Commits("cp1", 2);
  rollout.Commits("cp2", 2);
  EXPECT_EQ(rollout.state.phase, v1::ROLLOUT_PHASE_COMPLETED);
}

TEST(RolloutPhases, ARevertGoesDown) {
  Phased rollout(3, 2);
  rollout.Ready();
  rollout.Commits("cp1", 3);
  rollout.Commits("cp2", 3);
  EXPECT_EQ(rollout.state.plan_phase, 2u);
  rollout.Commits("cp1", 2);
  EXPECT_EQ(rollout.state.phase, v1::ROLLOUT_PHASE_RUNNING);
  rollout.Commits("cp2", 2);
  EXPECT_EQ(rollout.state.phase, v1::ROLLOUT_PHASE_COMPLETED);
}

TEST(RolloutPhases, ALateWordOfAnEarlierPhaseCountsForNothing) {
  Phased rollout(1, 2);
  rollout.Ready();
  rollout.Commits("cp1", 1);
  rollout.Commits("cp2", 1);
  const State before = rollout.state;
  for (const v1::Verdict verdict : {v1::VERDICT_COMMITTED, v1::VERDICT_ROLLED_BACK}) {
    rollout.Tell(Phased::Says("cp1", verdict, 1));
    rollout.Tell(Phased::Says("cp1", verdict, 0));
    rollout.Tell(Phased::Says("cp1", verdict, 3));
  }
  v1::RolloutEvent accepted;
  accepted.mutable_accepted()->set_node("cp1");
  accepted.mutable_accepted()->set_attempt(1);
  accepted.mutable_accepted()->set_phase(1);
  rollout.Tell(accepted);
  EXPECT_EQ(rollout.state, before);
}

TEST(RolloutPhases, ARetryIsOfWhatFellInThePhaseInWhichItFell) {
  Phased rollout(1, 2);
  rollout.Ready();
  rollout.Commits("cp1", 1);
  rollout.Commits("cp2", 1);
  rollout.Commits("cp1", 2);
  rollout.Tell(Phased::Says("cp2", v1::VERDICT_ROLLED_BACK, 2));
  EXPECT_EQ(rollout.state.phase, v1::ROLLOUT_PHASE_STOPPED);
  rollout.Retry();
  rollout.Ready();
  EXPECT_EQ(rollout.state.plan_phase, 2u);
  EXPECT_EQ(rollout.at("cp1").phase, v1::NODE_PHASE_COMMITTED);
  EXPECT_EQ(rollout.at("cp2").attempt, 2u);
  EXPECT_EQ(rollout.at("cp2").committed_phase, 1u);
  rollout.Commits("cp2", 2, 2);
  EXPECT_EQ(rollout.state.phase, v1::ROLLOUT_PHASE_COMPLETED);
}

TEST(RolloutPhases, APauseAtTheBarrierHoldsItAndASoakTimeComesBeforeIt) {
  Phased rollout(1, 2, true);
  rollout.Ready();
  v1::RolloutEvent soaked;
  rollout.Commits("cp1", 1);
  soaked.mutable_soak_ended()->set_node("cp1");
  rollout.Tell(soaked);
  rollout.Commits("cp2", 1);
  EXPECT_EQ(rollout.state.plan_phase, 1u);
  EXPECT_EQ(rollout.state.soaking, "cp2");
  v1::RolloutEvent paused;
  paused.mutable_paused()->set_operator_("bob");
  rollout.Tell(paused);
  soaked.mutable_soak_ended()->set_node("cp2");
  rollout.Tell(soaked);
  EXPECT_EQ(rollout.state.plan_phase, 1u);
  EXPECT_EQ(rollout.state.phase, v1::ROLLOUT_PHASE_PAUSED);
  v1::RolloutEvent resumed;
  resumed.mutable_resumed()->set_operator_("bob");
  rollout.Tell(resumed);
  EXPECT_EQ(rollout.state.plan_phase, 2u);
  EXPECT_EQ(rollout.at("cp1").phase, v1::NODE_PHASE_DISPATCHED);
}

TEST(RolloutPhases, WhoLeadsEtcdIsAskedAnewInEachPhase) {
  Phased rollout(1, 2, false, true);
  rollout.Ready("cp1");
  rollout.Commits("cp2", 1);
  rollout.Ready("cp2");  // as it does when its member was restarted
  rollout.Commits("cp1", 1);
  EXPECT_EQ(rollout.state.plan_phase, 2u);
  EXPECT_EQ(rollout.at("cp1").phase, v1::NODE_PHASE_DISPATCHED);
}

TEST(RolloutPhases, TheInvariantsSeeABarrierThatIsSkipped) {
  Phased rollout(1, 2);
  rollout.Ready();
  rollout.Commits("cp1", 1);
  Step skipped{rollout.state, {}};
  skipped.state.plan_phase = 2;
  for (NodeProgress& node : skipped.state.nodes) node.phase = v1::NODE_PHASE_WAITING;
  EXPECT_TRUE(BrokenInvariant(skipped.state));
  EXPECT_TRUE(
      BrokenTransition(rollout.state, Phased::Says("cp2", v1::VERDICT_COMMITTED, 3), skipped));
  for (NodeProgress& node : skipped.state.nodes) node.committed_phase = 1;
  EXPECT_FALSE(BrokenInvariant(skipped.state));
  const v1::RolloutEvent fell = Phased::Says("cp2", v1::VERDICT_ROLLED_BACK, 1);
  EXPECT_EQ(BrokenTransition(rollout.state, fell, skipped).value_or(""),
            "phase 2 of the plan began before cp2 had committed phase 1");
  const v1::RolloutEvent committed = Phased::Says("cp2", v1::VERDICT_COMMITTED, 1);
  EXPECT_FALSE(BrokenTransition(rollout.state, committed, Advance(rollout.state, committed)));
}

TEST(RolloutPhases, AJournalFromBeforeThereWereAnyReplaysToTheSame) {
  std::ifstream file(BELAY_GOLDEN_EVENTS);
  std::string line;
  State state;
  int events = 0;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#') continue;
    v1::RolloutEvent event;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(line.substr(65), &event)) << line;
    const Step step = Advance(state, event);
    EXPECT_EQ(BrokenInvariant(step.state).value_or(""), "") << line;
    EXPECT_EQ(BrokenTransition(state, event, step).value_or(""), "") << line;
    state = step.state;
    EXPECT_EQ(StateDigest(state), line.substr(0, 64)) << line;
    ++events;
  }
  EXPECT_EQ(events, 21);
  EXPECT_EQ(state.phase, v1::ROLLOUT_PHASE_COMPLETED);
}

}  // namespace
}  // namespace belay::rollout
