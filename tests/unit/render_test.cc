// What operators see, byte by byte (cli_golden.h).
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/render/completion.h"
#include "cli/render/json.h"
#include "cli/render/nodes.h"
#include "cli/render/plan.h"
#include "cli/render/report.h"
#include "cli/render/rollouts.h"
#include "cli/render/table.h"
#include "cli/render/watch.h"
#include "cli/render/words.h"
#include "common/base/safe_text.h"
#include "tests/unit/cli_golden.h"

namespace belay {
namespace {

constexpr std::int64_t kNowMs = 1'795'000'100'000;

v1::Rollout StoppedRollout() {
  v1::Rollout rollout;
  rollout.set_id("r1");
  rollout.set_cluster("prod");
  rollout.set_plan_name("unmounted-policy");
  rollout.set_plan_digest(std::string(64, 'd'));
  rollout.set_started_by("anna");
  rollout.set_started_unix_ms(1'795'000'000'000);
  rollout.set_finished_unix_ms(1'795'000'092'500);
  rollout.set_phase(v1::ROLLOUT_PHASE_STOPPED);
  rollout.set_stop_cause(v1::STOP_CAUSE_ROLLED_BACK);
  rollout.set_stop_node("cp1");
  rollout.set_stop_reason("kube-apiserver was not healthy within 60 s");
  v1::RolloutNode& first = *rollout.add_nodes();
  first.set_name("cp1");
  first.set_phase(v1::NODE_PHASE_ROLLED_BACK);
  first.set_reason("kube-apiserver was not healthy within 60 s");
  for (const char* name : {"cp2", "cp3"}) {
    v1::RolloutNode& node = *rollout.add_nodes();
    node.set_name(name);
    node.set_phase(v1::NODE_PHASE_WAITING);
  }
  return rollout;
}

v1::Rollout RunningRollout() {
  v1::Rollout rollout = StoppedRollout();
  rollout.clear_finished_unix_ms();
  rollout.clear_stop_cause();
  rollout.clear_stop_node();
  rollout.clear_stop_reason();
  rollout.set_phase(v1::ROLLOUT_PHASE_RUNNING);
  rollout.mutable_nodes(0)->set_phase(v1::NODE_PHASE_COMMITTED);
  rollout.mutable_nodes(0)->clear_reason();
  rollout.mutable_nodes(1)->set_phase(v1::NODE_PHASE_IN_PROGRESS);
  return rollout;
}

v1::RolloutReport Report() {
  v1::RolloutReport report;
  *report.mutable_rollout() = StoppedRollout();
  v1::NodeReport& node = *report.add_nodes();
  node.set_node("cp1");
  node.set_phase(v1::NODE_PHASE_ROLLED_BACK);
  node.set_reason("kube-apiserver was not healthy within 60 s");
  v1::StepOutcome& step = *node.add_steps();
  step.set_name("audit-policy");
  step.add_controls("cis-1.11/1.2.16");
  step.set_verdict(v1::VERDICT_ROLLED_BACK);
  step.set_reason("not healthy");
  step.set_prepared_unix_ms(1'795'000'001'000);
  step.set_finished_unix_ms(1'795'000'091'000);
  v1::FileChange& change = *step.add_changes();
  change.set_path("/etc/kubernetes/manifests/kube-apiserver.yaml");
  change.mutable_before()->set_exists(true);
  change.set_backup_path("/var/lib/belay-agent/backups/kube-apiserver.yaml.bak_20261123");
  change.set_diff("--- a\n+++ b\n@@ -1 +1,2 @@\n x\n+    - --audit-policy-file=/p\n");
  v1::StepReport& forward = *step.mutable_report();
  forward.set_changed(true);
  forward.mutable_outage()->set_measured(true);
  forward.mutable_outage()->set_seconds(61.25);
  forward.mutable_outage()->set_resolution_seconds(0.2);
  forward.set_gate_seconds(60.1);
  v1::SampleRun& samples = *forward.add_samples();
  samples.set_from_seconds(0.2);
  samples.set_to_seconds(60.1);
  samples.set_count(300);
  samples.set_what("refused");
  v1::FlagVerification& flag = *forward.add_flags();
  flag.set_component("kube-apiserver");
  flag.set_flag("audit-policy-file");
  flag.set_expected("/p");
  v1::StepReport& back = *step.mutable_rollback_report();
  back.set_changed(true);
  back.set_gate_seconds(30.5);
  back.set_component_start_seconds(4.5);
  back.set_stable_seconds(25);
  v1::Adoption& adoption = *back.add_adoptions();
  adoption.set_component("kube-apiserver");
  adoption.set_pid(4711);
  adoption.set_started_after_seconds(1.5);
  adoption.set_arguments_match(true);
  adoption.set_owns_listener(true);
  back.add_notes("the manifest's liveness probe is asked anonymously");
  step.add_manual_commands("cp -p BACKUP MANIFEST");
  v1::NodeReport& untouched = *report.add_nodes();
  untouched.set_node("cp2");
  untouched.set_phase(v1::NODE_PHASE_WAITING);
  return report;
}

TEST(SafeText, NothingReachesTheTerminalThatMovesItsCursor) {
  EXPECT_EQ(SafeLine("a\x1b[2Jb"), "a\\x1b[2Jb");
  EXPECT_EQ(SafeLine("a\nb\tc\rd\x7f"), "a\\nb\\tc\\x0dd\\x7f");
  EXPECT_EQ(SafeLines("a\nb\tc\r"), "a\nb\tc\\x0d");
  EXPECT_EQ(SafeLine("\xc2\x9b"
                     "31m"),
            "\\u009b31m");                               // C1 control sequence introducer
  EXPECT_EQ(SafeLine("\xe2\x80\xaegnp"), "\\u202egnp");  // right-to-left override
  EXPECT_EQ(SafeLine("\xff\xc0\xaf\xed\xa0\x80"), "\\xff\\xc0\\xaf\\xed\\xa0\\x80");
  EXPECT_EQ(SafeLine("gr\xc3\xbc\xc3\x9f dich \xf0\x9f\xa7\x97"),
            "gr\xc3\xbc\xc3\x9f dich \xf0\x9f\xa7\x97");
  EXPECT_EQ(SafeLine(std::string("a\0b", 3)), "a\\x00b");
}

TEST(SafeText, CutsByCharactersNotBytes) {
  EXPECT_EQ(Columns("gr\xc3\xbc\xc3\x9f"), 4u);
  EXPECT_EQ(CutTo("abcdef", 6), "abcdef");
  EXPECT_EQ(CutTo("abcdef", 4), "abc\xe2\x80\xa6");
  EXPECT_EQ(CutTo("\xc3\xbc\xc3\xbc\xc3\xbc", 2), "\xc3\xbc\xe2\x80\xa6");
  EXPECT_EQ(CutTo("abc", 0), "");
}

TEST(Table, AlignsAndMakesCellsSafe) {
  EXPECT_EQ(RenderTable({"A", "BB"}, {{"x", "y"}, {"l\xc3\xb6ng", "z\x1b"}, {"only"}}),
            "A     BB\nx     y\nl\xc3\xb6ng  z\\x1b\nonly\n");
}

TEST(Words, ExitCodesFollowTheStopCause) {
  v1::Rollout rollout = RunningRollout();
  EXPECT_EQ(ExitCodeOf(rollout), 0);
  rollout.set_phase(v1::ROLLOUT_PHASE_COMPLETED);
  EXPECT_EQ(ExitCodeOf(rollout), 0);
  rollout.set_phase(v1::ROLLOUT_PHASE_STOPPED);
  for (const v1::StopCause cause :
       {v1::STOP_CAUSE_UNSPECIFIED, v1::STOP_CAUSE_ROLLED_BACK, v1::STOP_CAUSE_QUARANTINED,
        v1::STOP_CAUSE_REFUSED, v1::STOP_CAUSE_SILENT, v1::STOP_CAUSE_CLUSTER_NOT_READY}) {
    rollout.set_stop_cause(cause);
    EXPECT_EQ(ExitCodeOf(rollout), 3) << cause;
  }
  rollout.set_stop_cause(v1::STOP_CAUSE_EMERGENCY_STOP);
  EXPECT_EQ(ExitCodeOf(rollout), 4);
}

TEST(Words, AStopAlwaysHasANextCommand) {
  v1::Rollout rollout = StoppedRollout();
  EXPECT_EQ(NextCommand(rollout), "belayctl report r1");
  rollout.set_next("belayctl node list");
  EXPECT_EQ(NextCommand(rollout), "belayctl node list");
}

TEST(Words, AStateOfANewerCoordinatorIsShownAsUnknown) {
  EXPECT_EQ(Word(static_cast<v1::NodePhase>(77)), "unknown (77)");
  EXPECT_EQ(Age(119'000), "119s");
  EXPECT_EQ(Age(121'000), "2m");
  EXPECT_EQ(Age(3 * 86400'000LL), "3d");
}

TEST(Render, NodeList) {
  v1::ListNodesReply reply;
  v1::Node& ready = *reply.add_nodes();
  ready.set_cluster("prod");
  ready.set_name("cp1");
  ready.set_connected(true);
  ready.set_last_seen_unix_ms(kNowMs - 3000);
  ready.set_agent_version("0.1.0");
  ready.mutable_status()->set_ready(true);
  ready.mutable_status()->set_etcd(v1::NodeStatus::LEADER);
  ready.mutable_status()->set_boot_id("0123456789abcdef");
  ready.mutable_status()->set_busy_with("r1");
  v1::Node& emergency = *reply.add_nodes();
  emergency.set_cluster("prod");
  emergency.set_name("cp2");
  emergency.set_emergency(true);
  emergency.set_last_seen_unix_ms(kNowMs - 3600'000);
  v1::Node& sick = *reply.add_nodes();
  sick.set_cluster("prod");
  sick.set_name("cp3");
  sick.set_connected(true);
  sick.set_last_seen_unix_ms(kNowMs);
  sick.mutable_status()->set_not_ready_reason("500 [-]etcd\x1b[31m");
  v1::Node& never = *reply.add_nodes();
  never.set_cluster("prod");
  never.set_name("cp4");
  ExpectGolden("node_list.txt", RenderNodes(reply, kNowMs, false));
  ExpectGolden("node_list_wide.txt", RenderNodes(reply, kNowMs, true));
  EXPECT_TRUE(absl::StrContains(RenderNodes({}, kNowMs, false), "next: belayctl token create"));
}

TEST(Render, RolloutListAndStatus) {
  v1::ListRolloutsReply reply;
  *reply.add_rollouts() = StoppedRollout();
  v1::Rollout& running = *reply.add_rollouts() = RunningRollout();
  running.set_id("r0");
  running.set_waiting_for("cp3 to be ready");
  ExpectGolden("rollout_list.txt", RenderRolloutList(reply, kNowMs));
  ExpectGolden("rollout_status.txt", RenderRolloutStatus(StoppedRollout(), kNowMs));
  EXPECT_TRUE(absl::StrContains(RenderRolloutList({}, kNowMs), "next: "));
}

TEST(Render, ReportAsTableJsonAndYaml) {
  ExpectGolden("report.txt", RenderReport(Report()));
  const std::string json = ToJson(Report());
  ExpectGolden("report.json", json);
  const absl::StatusOr<std::string> yaml = JsonToYaml(json);
  ASSERT_TRUE(yaml.ok()) << yaml.status();
  ExpectGolden("report.yaml", *yaml);
}

TEST(Render, JsonHasEveryPrimitiveFieldAndNamesOfEnums) {
  const std::string json = ToJsonLine(v1::Rollout());
  EXPECT_TRUE(absl::StrContains(json, "\"stopReason\":\"\"")) << json;
  EXPECT_TRUE(absl::StrContains(json, "\"phase\":\"ROLLOUT_PHASE_UNSPECIFIED\"")) << json;
  EXPECT_EQ(json.find('\n'), json.size() - 1);
}

TEST(Render, YamlQuotesEveryString) {
  EXPECT_EQ(
      *JsonToYaml(
          R"({"b": "no", "a": [1, 2.5, true, null, "x\"\n", {"k": [], "m": {}}], "12": "y"})"),
      "\"12\": \"y\"\n"
      "a:\n"
      "- 1\n"
      "- 2.5\n"
      "- true\n"
      "- null\n"
      "- \"x\\\"\\n\"\n"
      "- k: []\n"
      "  m: {}\n"
      "b: \"no\"\n");
  EXPECT_EQ(*JsonToYaml("{}"), "{}\n");
  EXPECT_FALSE(JsonToYaml("[").ok());
}

TEST(Render, PlanShow) {
  const CompiledPlan compiled = CompilePlan(
      "apiVersion: belay.dev/v1\nkind: RemediationPlan\nmetadata: {name: p, description: "
      "\"two\\nlines\"}\n"
      "spec:\n  steps:\n  - name: a\n    controls: [cis-1.11/1.2.16]\n    edits:\n"
      "    - setFlag: {manifest: kube-apiserver, flag: profiling, value: \"false\"}\n"
      "  - name: b\n    edits:\n    - putFile: {path: /etc/kubernetes/x, content: abc}\n");
  ASSERT_TRUE(compiled.mistakes.empty());
  ExpectGolden("plan_show.txt", RenderPlan(compiled.plan, {}));
  const PlanSignatures signatures{std::string(64, 'd'), {std::string(64, 'a'), "\x1bx"}};
  ExpectGolden("plan_show_signed.txt", RenderPlan(compiled.plan, signatures));
  const std::string json = PlanJson(compiled.plan, signatures);
  ExpectGolden("plan_show.json", json);
  EXPECT_TRUE(JsonToYaml(json).ok());
}

TEST(Render, MistakesAreLinesThatEditorsUnderstand) {
  EXPECT_EQ(RenderMistakes("p.yaml", {{3, 7, "bad \x1b"}}, false), "p.yaml:3:7: bad \\x1b\n");
  EXPECT_EQ(RenderMistakes("p.yaml", {{3, 7, "odd"}}, true), "p.yaml:3:7: warning: odd\n");
}

v1::RolloutUpdate Snapshot(const v1::Rollout& rollout) {
  v1::RolloutUpdate update;
  *update.mutable_snapshot() = rollout;
  return update;
}

v1::RolloutUpdate ProgressOf(const std::string& node, const std::string& phase,
                             const std::string& detail, double seconds) {
  v1::RolloutUpdate update;
  update.set_node(node);
  update.mutable_progress()->set_step("audit");
  update.mutable_progress()->set_phase(phase);
  update.mutable_progress()->set_detail(detail);
  update.mutable_progress()->set_seconds(seconds);
  return update;
}

TEST(Watch, APipeGetsOneLineForEachChangeAndNoneForARepetition) {
  WatchedRollout watched;
  std::vector<std::string> lines;
  const auto take = [&](const v1::RolloutUpdate& update) {
    for (const std::string& line : TakeUpdate(watched, update, 0)) lines.push_back(line);
  };
  take(Snapshot(RunningRollout()));
  take(Snapshot(RunningRollout()));
  take(ProgressOf("cp2", "gate", "1 of 25 s", 1));
  take(ProgressOf("cp2", "gate", "2 of 25 s", 2));
  take(ProgressOf("cp2", "rolling back\x1b", "", 3));
  take(Snapshot(StoppedRollout()));
  EXPECT_EQ(absl::StrJoin(lines, "\n"),
            "cp1 committed\n"
            "cp2 in progress\n"
            "rollout r1 running\n"
            "cp2 audit: gate: 1 of 25 s\n"
            "cp2 audit: rolling back\\x1b\n"
            "cp1 rolled back: kube-apiserver was not healthy within 60 s\n"
            "cp2 waiting\n"
            "rollout r1 stopped: cp1 rolled back: kube-apiserver was not healthy within 60 s");
}

TEST(Watch, TheLiveFrameShowsTheNodeInFlightAndItsSecondsGoOn) {
  WatchedRollout watched;
  TakeUpdate(watched, Snapshot(RunningRollout()), 1000);
  TakeUpdate(watched, ProgressOf("cp2", "gate", "healthy for 3 of 25 s", 12), 1000);
  watched.notice = "the coordinator does not answer";
  const Screen screen{80, 24};
  ExpectGolden("live.txt", absl::StrJoin(LiveFrame(watched, screen, 6000, kNowMs), "\n") + "\n");
}

TEST(Watch, TheLiveFrameFitsTheScreen) {
  WatchedRollout watched;
  v1::Rollout rollout = RunningRollout();
  for (int i = 0; i < 50; ++i)
    rollout.add_nodes()->set_name(absl::StrCat("node-with-a-long-name-", i));
  TakeUpdate(watched, Snapshot(rollout), 0);
  const std::vector<std::string> frame = LiveFrame(watched, {30, 10}, 0, kNowMs);
  EXPECT_EQ(frame.size(), 9u);
  for (const std::string& line : frame) EXPECT_LE(Columns(line), 30u) << line;
  EXPECT_EQ(frame.back(), "(49 more lines)");
}

TEST(Watch, ARedrawOverwritesBeforeItClears) {
  EXPECT_EQ(Redraw(0, {"a", "b"}), "\ra\x1b[K\n\rb\x1b[K\n\x1b[J");
  EXPECT_EQ(Redraw(2, {"c"}), "\x1b[2A\rc\x1b[K\n\x1b[J");
}

TEST(Completion, KnowsTheTreeInEveryShell) {
  const std::vector<CommandWords> tree = {{"", {"plan", "report"}, {"--help"}},
                                          {"plan", {"lint", "sign"}, {"--help"}},
                                          {"plan lint", {}, {"--help"}},
                                          {"plan sign", {}, {"--help", "--key"}},
                                          {"report", {}, {"--help"}}};
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    const absl::StatusOr<std::string> script = RenderCompletion(shell, tree);
    ASSERT_TRUE(script.ok()) << script.status();
    ExpectGolden(absl::StrCat("completion.", shell), *script);
  }
  EXPECT_FALSE(RenderCompletion("tcsh", tree).ok());
}

}  // namespace
}  // namespace belay
