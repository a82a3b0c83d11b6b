// The table of docs/rollout-states.md, every verb in every state, and what each does.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "belay/v1/journal.pb.h"
#include "server/rollout/verbs.h"
#include "tests/model/checked_rollout.h"

namespace belay::rollout {
namespace {

// A rollout over three nodes.
class Told : public CheckedRollout {
 public:
  explicit Told(const v1::RolloutOptions& options = {}, bool leader_last = false) {
    v1::RolloutEvent event;
    for (const char* name : {"cp1", "cp2", "cp3"}) event.mutable_started()->add_nodes(name);
    event.mutable_started()->set_submitter("ada");
    event.mutable_started()->set_leader_last(leader_last);
    *event.mutable_started()->mutable_options() = options;
    Tell(event);
  }
  void AllReady(const std::string& leader = "") {
    v1::RolloutEvent event;
    for (const char* name : {"cp1", "cp2", "cp3"}) event.mutable_readiness()->add_ready(name);
    event.mutable_readiness()->set_etcd_leader(leader);
    Tell(event);
  }
  void Verdict(const std::string& node, v1::Verdict verdict, unsigned attempt = 1) {
    v1::RolloutEvent event;
    event.mutable_verdict()->set_node(node);
    event.mutable_verdict()->set_attempt(attempt);
    event.mutable_verdict()->set_verdict(static_cast<std::uint32_t>(verdict));
    Tell(event);
  }
  void Accepted(const std::string& node) {
    v1::RolloutEvent event;
    event.mutable_accepted()->set_node(node);
    Tell(event);
  }
  void Recovered() {
    v1::RolloutEvent event;
    event.mutable_recovered();
    Tell(event);
  }
  Allowance Ask(const std::string& verb, const std::string& who = "bob",
                const std::string& request = "q") {
    if (verb == "revert") return JudgeRevert(state);
    v1::RolloutEvent event;
    v1::OperatorWord word;
    word.set_operator_(who);
    word.set_reason("because");
    word.set_request_id(request);
    if (verb == "pause") *event.mutable_paused() = word;
    if (verb == "resume") *event.mutable_resumed() = word;
    if (verb == "abort") *event.mutable_aborted() = word;
    if (verb == "approve") *event.mutable_approved() = word;
    if (verb == "retry") *event.mutable_retried() = word;
    const Allowance allowance = Judge(state, event);
    const State before = state;
    Tell(event);
    if (allowance.kind != Allowance::Kind::Takes) {
      EXPECT_EQ(state, before) << verb << " was not allowed and changed something";
      EXPECT_TRUE(actions.empty());
    }
    EXPECT_EQ(allowance.kind == Allowance::Kind::Refused, !allowance.why.empty());
    return allowance;
  }
  v1::NodePhase PhaseOf(const std::string& name) const {
    for (const NodeProgress& node : state.nodes) {
      if (node.name == name) return node.phase;
    }
    return v1::NODE_PHASE_UNSPECIFIED;
  }
  bool Has(Action::Kind kind, const std::string& node, Timer timer) const {
    return std::find(actions.begin(), actions.end(), Action{kind, node, timer}) != actions.end();
  }
};

v1::RolloutOptions Approval() {
  v1::RolloutOptions options;
  options.set_approval(true);
  return options;
}

Told InState(const std::string& name) {
  Told told(name == "awaiting approval" ? Approval() : v1::RolloutOptions());
  if (name == "awaiting approval" || name == "running") return told;
  if (name == "paused") told.Ask("pause");
  if (name == "stopping") {
    told.AllReady();
    told.Ask("abort");
  }
  if (name == "stopped") told.Ask("abort");
  if (name == "completed") {
    for (const char* node : {"cp1", "cp2", "cp3"}) {
      told.AllReady();
      told.Verdict(node, v1::VERDICT_COMMITTED);
    }
  }
  return told;
}

TEST(RolloutVerbs, EachIsTakenOrRefusedAsTheTableSays) {
  const std::vector<std::string> states = {"awaiting approval", "running", "paused",
                                           "stopping",          "stopped", "completed"};
  // T takes, A already, R refused; in the order of the states.
  const std::map<std::string, std::string> table = {{"pause", "RTARRR"}, {"resume", "RATRRR"},
                                                    {"abort", "TTTAAR"}, {"approve", "TRRRRR"},
                                                    {"retry", "RRRRTR"}, {"revert", "RRRRTT"}};
  for (const auto& [verb, row] : table) {
    for (std::size_t i = 0; i < states.size(); ++i) {
      const Allowance allowance = InState(states[i]).Ask(verb);
      EXPECT_EQ("TAR"[static_cast<int>(allowance.kind)], row[i])
          << verb << " while " << states[i] << ": " << allowance.why;
    }
  }
  v1::RolloutEvent nothing_asked;
  nothing_asked.mutable_recovered();
  EXPECT_EQ(Judge(State(), nothing_asked).kind, Allowance::Kind::Refused);
}

TEST(RolloutVerbs, WhilePausedTheNodeInFlightEndsAndNoneBegins) {
  Told told;
  told.AllReady();
  told.Accepted("cp1");
  told.Ask("pause");
  told.Verdict("cp1", v1::VERDICT_COMMITTED);
  told.AllReady();
  EXPECT_EQ(told.state.phase, v1::ROLLOUT_PHASE_PAUSED);
  EXPECT_EQ(told.PhaseOf("cp2"), v1::NODE_PHASE_WAITING);
  told.Recovered();
  told.AllReady();
  EXPECT_EQ(told.PhaseOf("cp2"), v1::NODE_PHASE_WAITING) << "a pause outlives the coordinator";
  told.Ask("resume");
  EXPECT_EQ(told.PhaseOf("cp2"), v1::NODE_PHASE_DISPATCHED);
}

TEST(RolloutVerbs, AFallWhilePausedStops) {
  Told told;
  told.AllReady();
  told.Ask("pause");
  told.Verdict("cp1", v1::VERDICT_ROLLED_BACK);
  EXPECT_EQ(told.state.phase, v1::ROLLOUT_PHASE_STOPPED);
  EXPECT_EQ(told.state.stop_cause, v1::STOP_CAUSE_ROLLED_BACK);
}

TEST(RolloutVerbs, AnAbortLetsTheNodeInFlightEndAndAFallOutranksIt) {
  for (const v1::Verdict verdict : {v1::VERDICT_COMMITTED, v1::VERDICT_EMERGENCY_STOP}) {
    Told told;
    told.AllReady();
    told.Accepted("cp1");
    told.Ask("abort");
    EXPECT_EQ(told.state.phase, v1::ROLLOUT_PHASE_STOPPING);
    EXPECT_TRUE(MayBeTold(told.state, told.state.nodes[0])) << "it has begun and may go on";
    told.Verdict("cp1", verdict);
    EXPECT_EQ(told.state.phase, v1::ROLLOUT_PHASE_STOPPED);
    EXPECT_EQ(told.state.stop_cause, verdict == v1::VERDICT_COMMITTED
                                         ? v1::STOP_CAUSE_ABORTED
                                         : v1::STOP_CAUSE_EMERGENCY_STOP);
    EXPECT_NE(told.state.stop_reason.find("aborted by bob (because)"), std::string::npos);
    EXPECT_EQ(told.PhaseOf("cp2"), v1::NODE_PHASE_WAITING);
  }
}

TEST(RolloutVerbs, ANodeThatWasToldButHasNotBegunIsNotToldAgainAfterAnAbortOrAPause) {
  for (const char* verb : {"abort", "pause"}) {
    Told told;
    told.AllReady();
    EXPECT_TRUE(MayBeTold(told.state, told.state.nodes[0]));
    told.Ask(verb);
    EXPECT_FALSE(MayBeTold(told.state, told.state.nodes[0])) << verb;
  }
}

TEST(RolloutVerbs, NothingBeginsBeforeSomebodyElseApproves) {
  Told told(Approval());
  told.AllReady();
  EXPECT_EQ(told.PhaseOf("cp1"), v1::NODE_PHASE_WAITING);
  EXPECT_EQ(told.Ask("approve", "ada").kind, Allowance::Kind::Refused) << "she submitted it";
  EXPECT_EQ(told.Ask("approve", "").kind, Allowance::Kind::Refused);
  EXPECT_EQ(told.Ask("approve", "bob").kind, Allowance::Kind::Takes);
  EXPECT_EQ(told.PhaseOf("cp1"), v1::NODE_PHASE_DISPATCHED);
  EXPECT_EQ(told.Ask("approve", "eve").kind, Allowance::Kind::Already);
  EXPECT_EQ(told.state.approved_by, "bob");
}

TEST(RolloutVerbs, ARetryOfWhatWasNeverApprovedStillNeedsTheApproval) {
  Told told(Approval());
  told.Ask("abort");
  told.Ask("retry");
  told.AllReady();
  EXPECT_EQ(told.state.phase, v1::ROLLOUT_PHASE_AWAITING_APPROVAL);
  EXPECT_EQ(told.PhaseOf("cp1"), v1::NODE_PHASE_WAITING);
}

TEST(RolloutVerbs, ARetryGivesWhatFellANewAttemptAndGoesOnWithTheRest) {
  Told told;
  told.AllReady();
  told.Verdict("cp1", v1::VERDICT_COMMITTED);
  told.AllReady();
  told.Verdict("cp2", v1::VERDICT_ROLLED_BACK);
  EXPECT_EQ(told.Ask("retry", "bob", "first").kind, Allowance::Kind::Takes);
  EXPECT_EQ(told.PhaseOf("cp1"), v1::NODE_PHASE_COMMITTED) << "only what failed";
  EXPECT_EQ(told.PhaseOf("cp2"), v1::NODE_PHASE_WAITING) << "readiness must be told anew";
  EXPECT_EQ(told.Ask("retry", "bob", "first").kind, Allowance::Kind::Already) << "sent twice";
  EXPECT_EQ(told.Ask("retry", "bob", "second").kind, Allowance::Kind::Refused);
  told.AllReady();
  EXPECT_EQ(told.PhaseOf("cp2"), v1::NODE_PHASE_DISPATCHED);
  told.Verdict("cp2", v1::VERDICT_EMERGENCY_STOP, 1);
  EXPECT_EQ(told.PhaseOf("cp2"), v1::NODE_PHASE_DISPATCHED) << "a word of the first attempt";
  told.Verdict("cp2", v1::VERDICT_COMMITTED, 2);
  told.AllReady();
  told.Verdict("cp3", v1::VERDICT_COMMITTED);
  EXPECT_EQ(told.state.phase, v1::ROLLOUT_PHASE_COMPLETED);
}

TEST(RolloutVerbs, AfterADefectThereIsNoRetry) {
  Told told;
  v1::RolloutEvent event;
  event.mutable_frozen()->set_reason("two nodes are in flight at once");
  told.Tell(event);
  EXPECT_EQ(told.state.stop_cause, v1::STOP_CAUSE_DEFECT);
  EXPECT_EQ(told.Ask("retry").kind, Allowance::Kind::Refused);
}

TEST(RolloutVerbs, TheNextNodeBeginsWhenTheSoakTimeIsOver) {
  v1::RolloutOptions options;
  options.set_soak_ms(1000);
  Told told(options);
  told.AllReady();
  told.Verdict("cp1", v1::VERDICT_COMMITTED);
  told.AllReady();
  EXPECT_EQ(told.PhaseOf("cp2"), v1::NODE_PHASE_WAITING);
  told.Recovered();
  EXPECT_TRUE(told.Has(Action::Kind::ArmTimer, "cp1", Timer::Soak)) << "it goes on after a crash";
  v1::RolloutEvent event;
  event.mutable_soak_ended()->set_node("cp3");
  told.Tell(event);
  told.AllReady();
  EXPECT_EQ(told.PhaseOf("cp2"), v1::NODE_PHASE_WAITING) << "another node's";
  event.mutable_soak_ended()->set_node("cp1");
  told.Tell(event);
  EXPECT_EQ(told.PhaseOf("cp2"), v1::NODE_PHASE_DISPATCHED);
}

TEST(RolloutVerbs, AfterItsDeadlineNothingBegins) {
  v1::RolloutOptions options;
  options.set_deadline_ms(1000);
  Told told(options);
  EXPECT_TRUE(told.Has(Action::Kind::ArmTimer, "", Timer::Deadline));
  told.AllReady();
  v1::RolloutEvent event;
  event.mutable_deadline_passed();
  told.Tell(event);
  EXPECT_EQ(told.state.phase, v1::ROLLOUT_PHASE_STOPPING) << "cp1 ends as it will";
  told.Verdict("cp1", v1::VERDICT_COMMITTED);
  EXPECT_EQ(told.state.phase, v1::ROLLOUT_PHASE_STOPPED);
  EXPECT_EQ(told.state.stop_cause, v1::STOP_CAUSE_DEADLINE);
  told.Ask("retry");
  EXPECT_TRUE(told.Has(Action::Kind::ArmTimer, "", Timer::Deadline)) << "counted anew";
}

TEST(RolloutVerbs, TheHolderOfTheVirtualAddressGoesLateAndTheLeaderOfEtcdLast) {
  for (const bool holder_leads : {false, true}) {
    Told told({}, /*leader_last=*/true);
    const auto ready = [&] {
      v1::RolloutEvent event;
      for (const char* node : {"cp1", "cp2", "cp3"}) event.mutable_readiness()->add_ready(node);
      event.mutable_readiness()->set_etcd_leader(holder_leads ? "cp1" : "cp2");
      event.mutable_readiness()->set_virtual_address_holder("cp1");
      told.Tell(event);
    };
    std::vector<std::string> order;
    for (int i = 0; i < 3; ++i) {
      ready();
      for (const NodeProgress& node : told.state.nodes) {
        if (IsInFlight(node.phase)) order.push_back(node.name);
      }
      told.Verdict(order.back(), v1::VERDICT_COMMITTED);
    }
    EXPECT_EQ(order, holder_leads ? (std::vector<std::string>{"cp2", "cp3", "cp1"})
                                  : (std::vector<std::string>{"cp3", "cp1", "cp2"}));
  }
}

TEST(RolloutVerbs, TheLeaderOfEtcdLetsItsFollowersGoFirst) {
  Told told({}, /*leader_last=*/true);
  told.AllReady("cp1");
  EXPECT_EQ(told.PhaseOf("cp1"), v1::NODE_PHASE_WAITING);
  EXPECT_EQ(told.PhaseOf("cp2"), v1::NODE_PHASE_DISPATCHED);
  told.Verdict("cp2", v1::VERDICT_COMMITTED);
  told.AllReady("cp3");  // it has moved meanwhile
  EXPECT_EQ(told.PhaseOf("cp3"), v1::NODE_PHASE_DISPATCHED) << "its readiness was told before";
  Told as_given;
  as_given.AllReady("cp1");
  EXPECT_EQ(as_given.PhaseOf("cp1"), v1::NODE_PHASE_DISPATCHED) << "the operator's order stands";
}

}  // namespace
}  // namespace belay::rollout
