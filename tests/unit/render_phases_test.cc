// What operators see of a plan with phases, in each view.
#include <gtest/gtest.h>

#include <string>

#include "cli/render/diff.h"
#include "cli/render/plan.h"
#include "cli/render/preview.h"
#include "cli/render/report.h"
#include "cli/render/rollouts.h"
#include "cli/render/watch.h"
#include "cli/render/words.h"

namespace belay {
namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

v1::RemediationPlan Plan() {
  v1::RemediationPlan plan;
  plan.set_name("encryption");
  for (const char* name : {"read", "write"}) {
    plan.add_steps()->set_name(name);
    plan.add_phases()->set_steps(1);
  }
  plan.mutable_phases(0)->set_name("readable");
  plan.mutable_phases(1)->set_name("written");
  return plan;
}

v1::Rollout Stopped() {
  v1::Rollout rollout;
  rollout.set_id("r-1");
  rollout.set_phase(v1::ROLLOUT_PHASE_STOPPED);
  rollout.set_stop_cause(v1::STOP_CAUSE_ROLLED_BACK);
  rollout.set_stop_node("cp2");
  rollout.set_stop_reason("not adopted");
  v1::PhaseOfPlan& phase = *rollout.mutable_plan_phase();
  phase.set_number(2);
  phase.set_count(3);
  phase.set_name("written");
  phase.set_last("cleaned");
  const auto add = [&](const char* name, v1::NodePhase of, const char* committed) {
    v1::RolloutNode& node = *rollout.add_nodes();
    node.set_name(name);
    node.set_phase(of);
    node.set_committed_phase(committed);
  };
  add("cp1", v1::NODE_PHASE_COMMITTED, "written");
  add("cp3", v1::NODE_PHASE_WAITING, "readable");
  return rollout;
}

TEST(RenderPhases, WhereARolloutStands) {
  v1::Rollout rollout = Stopped();
  EXPECT_EQ(OutcomeLine(rollout),
            "stopped in phase 2 of 3, \"written\": cp2 rolled back: not adopted");
  const std::string status = RenderRolloutStatus(rollout, 0);
  EXPECT_TRUE(Has(status, "phase \"readable\" is committed")) << status;
  EXPECT_FALSE(Has(status, "phase \"written\" is committed")) << status;
  rollout.set_phase(v1::ROLLOUT_PHASE_COMPLETED);
  EXPECT_EQ(OutcomeLine(rollout), "completed");
  EXPECT_EQ(Words(v1::PhaseOfPlan(), false), "");
}

TEST(RenderPhases, ARevertSaysHowFarItGoes) {
  v1::Rollout rollout = Stopped();
  rollout.set_reverts("r-0");
  rollout.set_phase(v1::ROLLOUT_PHASE_RUNNING);
  rollout.mutable_plan_phase()->set_last("readable");
  EXPECT_EQ(OutcomeLine(rollout), "running in phase 2 of 3, \"written\", down to \"readable\"");
  EXPECT_TRUE(Has(RenderRolloutStatus(rollout, 0), "phase \"readable\" is put back"));
}

// The last commit of a phase and the barrier behind it are one snapshot.
TEST(RenderPhases, AWatchTellsOfTheLastCommitAndOfTheBarrier) {
  v1::Rollout before = Stopped();
  before.set_phase(v1::ROLLOUT_PHASE_RUNNING);
  before.mutable_plan_phase()->set_number(1);
  before.mutable_plan_phase()->set_name("readable");
  before.mutable_nodes(0)->set_committed_phase("readable");
  before.mutable_nodes(1)->set_committed_phase("");
  before.mutable_nodes(1)->set_phase(v1::NODE_PHASE_IN_PROGRESS);
  v1::Rollout after = before;
  after.mutable_plan_phase()->set_number(2);
  after.mutable_plan_phase()->set_name("written");
  after.mutable_nodes(0)->set_phase(v1::NODE_PHASE_DISPATCHED);
  after.mutable_nodes(1)->set_phase(v1::NODE_PHASE_WAITING);
  after.mutable_nodes(1)->set_committed_phase("readable");
  WatchedRollout watched;
  v1::RolloutUpdate update;
  *update.mutable_snapshot() = before;
  TakeUpdate(watched, update, 0);
  *update.mutable_snapshot() = after;
  EXPECT_EQ(TakeUpdate(watched, update, 0),
            (std::vector<std::string>{"cp1 dispatched", "cp3 committed",
                                      "rollout r-1 running in phase 2 of 3, \"written\""}));
}

TEST(RenderPhases, APlanAPreviewADiffAndAReportNameThem) {
  const std::string shown = RenderPlan(Plan(), {});
  EXPECT_TRUE(Has(shown, "\nphase 1 of 2, \"readable\"\n\nstep read\n")) << shown;
  EXPECT_TRUE(Has(shown,
                  "\nphase 2 of 2, \"written\": when every node has committed the one before"
                  "\n\nstep write\n"))
      << shown;
  const std::string preview = RenderPreview({}, Plan(), "prod");
  EXPECT_TRUE(Has(preview,
                  "phases   1 \"readable\", 1 step, on every node in the order below\n"
                  "         2 \"written\", 1 step, when every node has committed the one "
                  "before\n"))
      << preview;
  v1::NodeDiff diff;
  diff.add_steps()->set_step("write");
  diff.mutable_steps(0)->set_phase("written");
  diff.mutable_steps(0)->add_files()->set_text("x\n");
  EXPECT_EQ(RenderDiff(diff, false), "# step write of phase written\nx\n");
  v1::RolloutReport report;
  report.add_nodes()->add_steps()->set_name("write");
  report.mutable_nodes(0)->mutable_steps(0)->set_phase("written");
  EXPECT_TRUE(Has(RenderReport(report), "step write of phase \"written\": "));
}

}  // namespace
}  // namespace belay
