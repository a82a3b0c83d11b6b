#include "server/reports/reports.h"

#include <gtest/gtest.h>

namespace belay::reports {
namespace {

store::RolloutRow Row() {
  store::RolloutRow row;
  row.id = "r-1";
  row.cluster = "prod";
  row.plan_name = "no-profiling";
  row.plan_digest = "d";
  row.started_by = "ada";
  return row;
}

class Story {
 public:
  Story& Then(const v1::RolloutEvent& event) {
    state_ = rollout::Advance(state_, event).state;
    events_.push_back({events_.size() + 1, event, rollout::StateDigest(state_)});
    return *this;
  }
  Story& Begin() {
    v1::RolloutEvent event;
    event.mutable_started()->add_nodes("cp1");
    event.mutable_started()->add_nodes("cp2");
    return Then(event);
  }
  Story& Ready() {
    v1::RolloutEvent event;
    event.mutable_readiness()->add_ready("cp1");
    event.mutable_readiness()->add_ready("cp2");
    return Then(event);
  }
  Story& Verdict(const std::string& node, v1::Verdict verdict, const std::string& next = "") {
    v1::RolloutEvent event;
    event.mutable_verdict()->set_node(node);
    event.mutable_verdict()->set_verdict(static_cast<std::uint32_t>(verdict));
    event.mutable_verdict()->set_reason("because");
    event.mutable_verdict()->set_next(next);
    return Then(event);
  }
  const rollout::State& state() const { return state_; }
  std::vector<store::EventRow>& events() { return events_; }

 private:
  rollout::State state_;
  std::vector<store::EventRow> events_;
};

TEST(Replay, LeadsToTheStateThatItWas) {
  Story story;
  story.Begin().Ready().Verdict("cp1", v1::VERDICT_COMMITTED);
  const auto state = Replay("r-1", story.events());
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(*state, story.state());
}

TEST(Replay, NamesTheFirstEventThatWasAltered) {
  Story story;
  story.Begin().Ready().Verdict("cp1", v1::VERDICT_ROLLED_BACK);
  story.events()[2].event.mutable_verdict()->set_verdict(v1::VERDICT_COMMITTED);
  const auto state = Replay("r-1", story.events());
  EXPECT_TRUE(absl::IsDataLoss(state.status()));
  EXPECT_NE(state.status().message().find("event 3"), std::string::npos) << state.status();
}

TEST(Snapshot, SaysWhatAHeldRolloutWaitsFor) {
  const v1::Rollout rollout = Snapshot(Row(), Story().Begin().state());
  EXPECT_EQ(rollout.phase(), v1::ROLLOUT_PHASE_RUNNING);
  EXPECT_EQ(rollout.waiting_for(), "cp1, cp2 to be connected and ready, before cp1 begins");
  EXPECT_EQ(rollout.next(), "");
}

TEST(Snapshot, EveryStopNamesTheNextCommand) {
  for (const v1::Verdict verdict : {v1::VERDICT_ROLLED_BACK, v1::VERDICT_QUARANTINED,
                                    v1::VERDICT_REFUSED, v1::VERDICT_EMERGENCY_STOP}) {
    const v1::Rollout rollout =
        Snapshot(Row(), Story().Begin().Ready().Verdict("cp1", verdict).state());
    EXPECT_EQ(rollout.phase(), v1::ROLLOUT_PHASE_STOPPED);
    EXPECT_EQ(rollout.next().rfind("belayctl report r-1", 0), 0u) << rollout.next();
    EXPECT_EQ(
        rollout.next().find("belayctl node clear-emergency prod/cp1 --reason") != std::string::npos,
        verdict == v1::VERDICT_EMERGENCY_STOP);
  }
  v1::RolloutEvent silent;
  silent.mutable_silent()->set_node("cp1");
  EXPECT_NE(Snapshot(Row(), Story().Begin().Ready().Then(silent).state()).next(), "");
  v1::RolloutEvent late;
  late.mutable_readiness_timed_out()->set_node("cp1");
  EXPECT_NE(Snapshot(Row(), Story().Begin().Then(late).state()).next(), "");
}

TEST(Snapshot, KeepsWhatTheNodeSaidToDo) {
  const auto story = Story().Begin().Ready().Verdict("cp1", v1::VERDICT_REFUSED, "sign it anew");
  EXPECT_EQ(Snapshot(Row(), story.state()).next(), "belayctl report r-1   # then: sign it anew");
}

store::RecordRow Of(const std::string& node, std::uint32_t step) {
  store::RecordRow row;
  row.node = node;
  row.record.mutable_run()->set_rollout_id("r-1");
  row.record.mutable_run()->set_attempt(1);
  row.record.mutable_run()->set_plan_digest("d");
  row.record.set_step(step);
  return row;
}

TEST(Report, TellsEachStepFromTheNodesOwnRecords) {
  v1::RemediationPlan plan;
  plan.add_steps()->set_name("one");
  plan.add_steps()->set_name("two");
  plan.mutable_steps(0)->add_controls("cis-1.11/1.2.15");
  std::vector<store::RecordRow> records = {Of("cp1", 0), Of("cp1", 0), Of("cp1", 1), Of("cp1", 1),
                                           Of("cp1", 1)};
  records[0].record.mutable_prepared()->add_changes()->set_diff("-a\n+b\n");
  records[0].record.set_wall_unix_ms(5);
  records[1].record.mutable_committed()->mutable_report()->mutable_outage()->set_seconds(3);
  records[1].record.set_wall_unix_ms(9);
  records[2].record.mutable_prepared()->add_changes()->set_diff("-c\n+d\n");
  records[3].record.mutable_rolling_back()->mutable_report()->set_gate_seconds(60);
  records[4].record.mutable_rolled_back()->set_reason("not adopted");
  records[4].record.mutable_rolled_back()->mutable_report()->set_gate_seconds(20);

  const auto story = Story().Begin().Ready().Verdict("cp1", v1::VERDICT_ROLLED_BACK);
  const v1::RolloutReport report = Report(Row(), story.state(), records, plan);
  ASSERT_EQ(report.nodes_size(), 2);
  const v1::NodeReport& node = report.nodes(0);
  EXPECT_EQ(node.phase(), v1::NODE_PHASE_ROLLED_BACK);
  ASSERT_EQ(node.steps_size(), 2);
  EXPECT_EQ(node.steps(0).verdict(), v1::VERDICT_COMMITTED);
  EXPECT_EQ(node.steps(0).controls(0), "cis-1.11/1.2.15");
  EXPECT_EQ(node.steps(0).changes(0).diff(), "-a\n+b\n");
  EXPECT_EQ(node.steps(0).report().outage().seconds(), 3);
  EXPECT_EQ(node.steps(0).prepared_unix_ms(), 5);
  EXPECT_EQ(node.steps(0).finished_unix_ms(), 9);
  EXPECT_EQ(node.steps(1).verdict(), v1::VERDICT_ROLLED_BACK);
  EXPECT_EQ(node.steps(1).reason(), "not adopted");
  EXPECT_EQ(node.steps(1).report().gate_seconds(), 60) << "of the edit";
  EXPECT_EQ(node.steps(1).rollback_report().gate_seconds(), 20);
  EXPECT_EQ(report.nodes(1).steps(0).verdict(), v1::VERDICT_UNSPECIFIED) << "never begun";
}

TEST(Report, RecordsOfAnotherRunNodeOrStepDoNotCount) {
  v1::RemediationPlan plan;
  plan.add_steps()->set_name("one");
  std::vector<store::RecordRow> records = {Of("cp1", 0), Of("cp1", 0), Of("cp9", 0), Of("cp1", 7),
                                           Of("cp1", 0)};
  records[0].record.mutable_run()->set_rollout_id("r-2");
  records[1].record.mutable_run()->set_plan_digest("other");
  records[4].record.mutable_run()->set_attempt(2);
  for (store::RecordRow& row : records) row.record.mutable_committed();
  const v1::RolloutReport report = Report(Row(), Story().Begin().Ready().state(), records, plan);
  for (const v1::NodeReport& node : report.nodes()) {
    EXPECT_EQ(node.steps(0).verdict(), v1::VERDICT_UNSPECIFIED) << node.node();
  }
}

}  // namespace
}  // namespace belay::reports
