#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "common/plan/compile.h"
#include "common/plan/decode.h"
#include "common/plan/json_value.h"
#include "common/plan/retry.h"
#include "common/plan/suggest.h"
#include "tests/unit/plan_texts.h"

namespace belay {
namespace {

using plan_texts::kGood;
using plan_texts::kHead;
using plan_texts::kSetA;
using plan_texts::Shown;
using plan_texts::WithEdits;

TEST(PlanCompile, FillsInEveryDefault) {
  const CompiledPlan compiled = CompilePlan(
      WithEdits("    - putFile: {path: /etc/kubernetes/audit/policy.yaml, content: \"x\\n\"}\n"
                "    - mountPath: {manifest: kube-apiserver, hostPath: /etc/kubernetes/audit}\n"));
  ASSERT_EQ(Shown(compiled.mistakes), "");
  ASSERT_EQ(Shown(compiled.warnings), "");
  const v1::RemediationPlan& plan = compiled.plan;
  EXPECT_EQ(plan.name(), "p");
  EXPECT_EQ(plan.not_before_unix(), 0);
  ASSERT_EQ(plan.steps_size(), 1);
  EXPECT_EQ(plan.steps(0).gate().deadline_ms(), 60000u);
  EXPECT_EQ(plan.steps(0).gate().stable_ms(), 25000u);
  EXPECT_EQ(plan.steps(0).gate().interval_ms(), 200u);
  EXPECT_EQ(plan.steps(0).gate().rollback_deadline_ms(), 180000u);
  ASSERT_EQ(plan.steps(0).gate().probes_size(), 1);
  EXPECT_EQ(plan.steps(0).gate().probes(0), "apiserver-readyz");
  const v1::PutFile& file = plan.steps(0).edits(0).put_file();
  EXPECT_EQ(file.mode(), 0600u);
  EXPECT_EQ(file.owner(), "0:0");
  EXPECT_EQ(file.content(), "x\n");
  const v1::MountPath& mount = plan.steps(0).edits(1).mount_path();
  EXPECT_EQ(mount.name(), "etc-kubernetes-audit");
  EXPECT_EQ(mount.mount_path(), "/etc/kubernetes/audit");
  EXPECT_EQ(mount.type(), "DirectoryOrCreate");
  EXPECT_FALSE(mount.read_only());
  EXPECT_TRUE(FindPlanErrors(plan).empty());
}

TEST(PlanCompile, AFileOnlyStepHasNoProbe) {
  const CompiledPlan compiled =
      CompilePlan(WithEdits("    - putFile: {path: /etc/kubernetes/x, content: \"\"}\n"));
  ASSERT_EQ(Shown(compiled.mistakes), "");
  EXPECT_TRUE(compiled.plan.steps(0).gate().probes().empty());
}

TEST(PlanCompile, EachManifestIsProvedByItsOwnProbe) {
  const auto probes = [](const std::string& edits) {
    const CompiledPlan compiled = CompilePlan(WithEdits(edits));
    EXPECT_EQ(Shown(compiled.mistakes), "");
    const auto& found = compiled.plan.steps(0).gate().probes();
    return std::vector<std::string>(found.begin(), found.end());
  };
  const auto edit = [](const std::string& manifest) {
    return "    - setFlag: {manifest: " + manifest + ", flag: profiling, value: \"false\"}\n";
  };
  using Probes = std::vector<std::string>;
  EXPECT_EQ(probes(edit("kube-controller-manager")), (Probes{"controller-manager-healthz"}));
  EXPECT_EQ(probes(edit("kube-scheduler")), (Probes{"scheduler-healthz"}));
  EXPECT_EQ(probes(edit("etcd")), (Probes{"etcd-health", "apiserver-readyz"}));
  EXPECT_EQ(probes(edit("kube-scheduler") + edit("kube-apiserver")),
            (Probes{"scheduler-healthz", "apiserver-readyz"}));
  const CompiledPlan other = CompilePlan(
      absl::StrCat(WithEdits(edit("etcd")), "    gate: {probes: [apiserver-readyz]}\n"));
  EXPECT_NE(Shown(other.mistakes).find("add etcd-health"), std::string::npos);
  const CompiledPlan idle = CompilePlan(
      absl::StrCat(WithEdits(edit("kube-scheduler")),
                   "    gate: {probes: [scheduler-healthz, apiserver-readyz, etcd-health]}\n"));
  EXPECT_EQ(Shown(idle.mistakes),
            "9:58: 'etcd-health' proves etcd, which this step does not edit: leave it away");
}

TEST(PlanCompile, AcceptsWhatIsGood) {
  const std::vector<std::string> table = {
      kGood,
      // Taken as written: no YAML number or boolean comes between.
      WithEdits("    - setFlag: {manifest: kube-apiserver, flag: audit-log-maxage, value: 030}\n"),
      WithEdits("    - setFlag: {manifest: kube-apiserver, flag: profiling, value: false}\n"),
      WithEdits("    - setFlag: {manifest: kube-apiserver, flag: v, value: \"\"}\n"),
      WithEdits(
          "    - unsetFlag: {manifest: kube-apiserver, container: kube-apiserver, flag: port}\n"),
      WithEdits("    - mergeListFlag: {manifest: kube-apiserver, flag: enable-admission-plugins,\n"
                "        add: [NodeRestriction], remove: [AlwaysAdmit]}\n"),
      WithEdits("    - mountPath: {manifest: kube-apiserver, name: logs, hostPath: /var/log/a,\n"
                "        mountPath: /logs, type: Directory, readOnly: true}\n"),
      WithEdits(
          "    - putFile: {path: /etc/kubernetes/x, content: a, mode: \"0644\", owner: 0:65534}\n"),
      absl::StrReplaceAll(kGood, {{"\n", "\r\n"}}),
      absl::StrCat("\xEF\xBB\xBF", kGood),
      absl::StrCat(kGood,
                   "    gate: {deadline: 2m, stable: 30s, interval: 200ms, rollbackDeadline: 1h,"
                   " probes: [apiserver-readyz]}\n"),
      absl::StrReplaceAll(kGood, {{"  steps:",
                                   "  notBefore: 2026-11-23T09:00:00+01:00\n"
                                   "  notAfter: 2026-11-24T09:00:00Z\n  steps:"}}),
  };
  for (const std::string& yaml : table) {
    const CompiledPlan compiled = CompilePlan(yaml);
    EXPECT_EQ(Shown(compiled.mistakes), "") << yaml;
    EXPECT_TRUE(FindPlanErrors(compiled.plan).empty()) << yaml;
  }
}

TEST(PlanCompile, TakesFlagValuesExactlyAsWritten) {
  for (const std::string value : {"030", "on", "1e3", "0x10", "1:30", "false"}) {
    const CompiledPlan compiled = CompilePlan(WithEdits(
        absl::StrCat("    - setFlag: {manifest: kube-apiserver, flag: f, value: ", value, "}\n")));
    ASSERT_EQ(Shown(compiled.mistakes), "");
    EXPECT_EQ(compiled.plan.steps(0).edits(0).set_flag().value(), value);
  }
}

TEST(PlanCompile, CompilesEditsOfConfigsAndFiles) {
  const CompiledPlan compiled = CompilePlan(WithEdits(
      "    - setConfigKey: {file: /var/lib/kubelet/config.yaml, path: authentication.anonymous,\n"
      "        value: {enabled: false, b: [1, 1.5, -2e3, null, \"x\\ty\", plain text, 10s]},\n"
      "        kind: KubeletConfiguration}\n"
      "    - setConfigKey: {file: /etc/a, path: [plugins, 0, {name: x}, \"0\", a.b], value: "
      "\"010\"}\n"
      "    - unsetConfigKey: {file: /etc/a, path: \"l[name=x]\"}\n"
      "    - unmountPath: {manifest: kube-apiserver, name: audit, mountPath: /a}\n"
      "    - removeFile: {path: /etc/c}\n"
      "    - setMode: {path: /etc/kubernetes/manifests/kube-apiserver.yaml, mode: \"0600\"}\n"
      "    - setOwner: {path: /etc/kubernetes/manifests/kube-apiserver.yaml, owner: \"0:0\"}\n"));
  ASSERT_EQ(Shown(compiled.mistakes), "");
  const v1::Step& step = compiled.plan.steps(0);
  EXPECT_EQ(step.edits(0).set_config_key().value_json(),
            R"({"b":[1,1.5,-2e3,null,"x\ty","plain text","10s"],"enabled":false})");
  EXPECT_EQ(step.edits(1).set_config_key().value_json(), R"("010")");
  std::string described;
  for (const v1::Edit& edit : step.edits()) absl::StrAppend(&described, Describe(edit), "\n");
  EXPECT_EQ(described,
            "set authentication.anonymous={\"b\":[1,1.5,-2e3,null,\"x\\ty\",\"plain text\","
            "\"10s\"],\"enabled\":false} in /var/lib/kubelet/config.yaml (KubeletConfiguration)\n"
            "set plugins[0][name=x].0.\"a.b\"=\"010\" in /etc/a\n"
            "unset l[name=x] in /etc/a\n"
            "unmount /a of the volume audit in kube-apiserver\n"
            "remove /etc/c\n"
            "set mode 0600 of /etc/kubernetes/manifests/kube-apiserver.yaml\n"
            "set owner 0:0 of /etc/kubernetes/manifests/kube-apiserver.yaml\n");
  EXPECT_TRUE(FindPlanErrors(compiled.plan).empty());
}

TEST(PlanCompile, ARetryIsReadAndSaidToBeForOneNodeOnly) {
  const auto with = [](const std::string& retry) {
    return CompilePlan(absl::StrReplaceAll(
        kGood, {{"  steps:", absl::StrCat("  retry: {", retry, "}\n  steps:")}}));
  };
  const CompiledPlan given = with("attempts: 3, backoff: 10s, maxBackoff: 1m");
  ASSERT_EQ(Shown(given.mistakes), "");
  EXPECT_EQ(given.plan.retry().attempts(), 3U);
  EXPECT_EQ(given.plan.retry().backoff_ms(), 10'000U);
  EXPECT_EQ(given.plan.retry().max_backoff_ms(), 60'000U);
  EXPECT_EQ(Shown(given.warnings),
            "5:3: retry is for belay-agent apply, at one node: a rollout of this plan stops at the "
            "first node that falls, whatever stands here");
  EXPECT_EQ(DescribeRetry(given.plan),
            "belay-agent apply only: up to 3 attempts, a random wait of up to 10s before the "
            "second, doubled each time, at most 60s");
  const CompiledPlan defaults = with("attempts: 2");
  ASSERT_EQ(Shown(defaults.mistakes), "");
  EXPECT_EQ(defaults.plan.retry().backoff_ms(), 30'000U);
  EXPECT_EQ(defaults.plan.retry().max_backoff_ms(), 300'000U);
  EXPECT_EQ(with("attempts: 2, backoff: 10m").plan.retry().max_backoff_ms(), 600'000U);
  EXPECT_FALSE(CompilePlan(kGood).plan.has_retry());
}

TEST(PlanCompile, WarnsThatAConfigFileAloneRestartsNothing) {
  EXPECT_EQ(Shown(CompilePlan(WithEdits(kSetA)).warnings),
            "8:7: this step restarts nothing: the program that reads this file takes the change up "
            "when it is started the next time (for kubelet: add restartService: kubelet)");
  EXPECT_EQ(Shown(CompilePlan(absl::StrCat(kGood, kSetA)).warnings), "");
}

TEST(PlanCompile, AStepThatRestartsKubeletIsGated) {
  const CompiledPlan compiled =
      CompilePlan(WithEdits(absl::StrCat(kSetA, "    - restartService: kubelet\n")));
  EXPECT_EQ(Shown(compiled.mistakes), "");
  EXPECT_EQ(Shown(compiled.warnings), "");
  const v1::Step& step = compiled.plan.steps(0);
  EXPECT_EQ(step.edits(1).restart_service().service(), "kubelet");
  EXPECT_EQ(Describe(step.edits(1)), "restart kubelet");
  EXPECT_EQ(absl::StrJoin(step.gate().probes(), " "), "kubelet-healthz apiserver-readyz");
  EXPECT_EQ(step.gate().stable_ms(), 25'000U);
  EXPECT_TRUE(FindPlanErrors(compiled.plan).empty());
}

TEST(PlanCompile, AValueThatIsNotCanonicalJsonIsRefused) {
  for (const std::string json : {"", " 1", "{\"b\":1,\"a\":2}", "{a:1}", "yes", "[1, 2]",
                                 "\"\\u0041\"", "1\n", "'x'", "{\"a\":1,\"a\":2}", "~", "010"}) {
    EXPECT_FALSE(IsCanonicalJson(json)) << json;
  }
  for (const std::string json :
       {"1", "-0.5e10", "null", "true", "\"yes\"", "[]", "{}", "{\"a\":[{\"b\":\"c: #d\"},\"\"]}",
        "\"a\\n\\t\\r\\\"\\\\b\"", "\"\xc3\xa4\"", "{\"a b\":{\"c\":[[],[1,-2]]}}",
        "\"https://x:1/[a]{b}\""}) {
    EXPECT_TRUE(IsCanonicalJson(json)) << json;
  }
}

TEST(CompileEdit, TakesOneEditInYamlOrJsonWithoutItsFile) {
  const CompiledEdit set =
      CompileEdit(R"({"setFlag":{"flag":"Profiling_x","value":"false"}})", EditScope::OneFile);
  ASSERT_EQ(Shown(set.mistakes), "");
  EXPECT_EQ(set.edit.set_flag().flag(), "Profiling_x");
  EXPECT_EQ(set.edit.set_flag().value(), "false");
  const CompiledEdit mount = CompileEdit("mountPath: {hostPath: /etc/a}", EditScope::OneFile);
  ASSERT_EQ(Shown(mount.mistakes), "");
  EXPECT_EQ(mount.edit.mount_path().name(), "etc-a");
  EXPECT_EQ(mount.edit.mount_path().mount_path(), "/etc/a");
  EXPECT_EQ(mount.edit.mount_path().type(), "DirectoryOrCreate");
  EXPECT_EQ(Shown(CompileEdit(R"({"setFlag":{"flag":"--x"}})", EditScope::OneFile).mistakes),
            "1:2: 'value' is missing in setFlag\n1:20: write the flag without dashes: x");
  EXPECT_EQ(Shown(CompileEdit("setFlag", EditScope::OneFile).mistakes).substr(0, 33),
            "1:1: an edit has exactly one key:");
  EXPECT_EQ(Shown(CompileEdit("{\"setFlag\":", EditScope::OneFile).mistakes).substr(0, 14),
            "1:1: not YAML:");
  EXPECT_EQ(Shown(CompileEdit(R"({"setFlag":{"flag":"x","value":"1"}})", EditScope::Plan).mistakes),
            "1:2: 'manifest' is missing in setFlag");
}

TEST(PlanCompile, ReportsEveryMistakeOfAFileAtOnce) {
  const CompiledPlan compiled = CompilePlan(
      "apiVersion: belay.dev/v1\n"
      "kind: RemediationPlan\n"
      "metadata: {nam: x}\n"
      "spec:\n"
      "  steps:\n"
      "  - name: one\n"
      "    edits:\n"
      "    - setFlag: {manifest: kube-apiserver, flag: --profiling, value: \"false\"}\n"
      "    - putFile: {path: ../policy.yaml, content: x, mode: 0600}\n");
  EXPECT_EQ(Shown(compiled.mistakes),
            "3:1: 'name' is missing in metadata\n"
            "3:12: unknown key 'nam'; did you mean 'name'?\n"
            "8:49: write the flag without dashes: profiling\n"
            "9:23: '../policy.yaml' must be an absolute path, beginning with '/'\n"
            "9:57: 'mode' must be in quotes, \"0600\": without them YAML readers take 0600 for the "
            "number "
            "384 or 600");
}

TEST(PlanCompile, RefusesTooMuchBeforeItIsParsed) {
  EXPECT_EQ(Shown(CompilePlan(absl::StrCat("x:\n", std::string(1'000'000, '['))).mistakes),
            "2:1: more than 1000 brackets are open here");
  EXPECT_EQ(Shown(CompilePlan(std::string(5'000'000, '\n')).mistakes),
            "1:1: the file has 5000000 bytes; at most 4194304 are read");
  EXPECT_EQ(
      Shown(CompilePlan(WithEdits("    - putFile: {path: /etc/a, content: \"{{\"}\n")).mistakes),
      "");
}

TEST(PlanCompile, AShortStablePeriodIsAWarningNotAMistake) {
  const CompiledPlan compiled = CompilePlan(absl::StrCat(kGood, "    gate: {stable: 5s}\n"));
  EXPECT_EQ(Shown(compiled.mistakes), "");
  EXPECT_EQ(Shown(compiled.warnings),
            "9:20: stable is shorter than 20s: kubelet lists its manifests every 20 s, and what "
            "goes wrong "
            "at that listing would come after the verdict");
  EXPECT_EQ(compiled.plan.steps(0).gate().stable_ms(), 5000u);
}

TEST(FindPlanErrors, FindsInADecodedPlanWhatNoCompilerWouldMake) {
  v1::RemediationPlan plan = CompilePlan(kGood).plan;
  ASSERT_TRUE(FindPlanErrors(plan).empty());
  plan.mutable_steps(0)->add_edits();
  plan.mutable_steps(0)->mutable_gate()->set_stable_ms(0);
  plan.mutable_steps(0)->mutable_edits(0)->mutable_set_flag()->set_manifest("../../etc/passwd");
  const std::vector<std::string> errors = FindPlanErrors(plan);
  EXPECT_EQ(absl::StrJoin(errors, "\n"),
            "spec.steps[0].edits[0].setFlag.manifest: '../../etc/passwd': write the manifest's "
            "name without "
            "directory and ending, such as kube-apiserver\n"
            "spec.steps[0].edits[1]: is of no kind that this version knows\n"
            "spec.steps[0].gate.stable: must be between 1ms and 3600s");
  EXPECT_FALSE(FindPlanErrors(v1::RemediationPlan()).empty());
}

TEST(FindPlanErrors, RefusesAManifestEditWithoutAGate) {
  v1::RemediationPlan plan = CompilePlan(kGood).plan;
  plan.mutable_steps(0)->clear_gate();
  EXPECT_FALSE(FindPlanErrors(plan).empty());
}

TEST(ParseDuration, AcceptsUnitsAndRefusesTheRest) {
  EXPECT_EQ(*ParseDurationMs("60s"), 60000u);
  EXPECT_EQ(*ParseDurationMs("2m"), 120000u);
  EXPECT_EQ(*ParseDurationMs("200ms"), 200u);
  EXPECT_EQ(*ParseDurationMs("1h30m"), 5400000u);
  for (const std::string bad :
       {"", "60", "-1s", "+1s", "s", "1us", "25h", "inf", "1 s", "0x10s", "999999999999s"}) {
    EXPECT_FALSE(ParseDurationMs(bad).ok()) << bad;
  }
}

TEST(VolumeName, IsALabelAndTellsLongPathsApart) {
  EXPECT_EQ(VolumeName("/var/log/kubernetes/audit"), "var-log-kubernetes-audit");
  EXPECT_EQ(VolumeName("/A//b_c/"), "a-b-c");
  const std::string one = VolumeName(std::string("/") + std::string(80, 'a') + "/1");
  const std::string two = VolumeName(std::string("/") + std::string(80, 'a') + "/2");
  EXPECT_LE(one.size(), 63u);
  EXPECT_NE(one, two);
}

TEST(DidYouMean, IsSilentWhenNothingIsNear) {
  EXPECT_EQ(DidYouMean("hostpath", {"hostPath", "mountPath"}), "; did you mean 'hostPath'?");
  EXPECT_EQ(NearestWord("sing", {"lint", "sign", "show"}), "sign");
  EXPECT_EQ(DidYouMean("restart", {"hostPath", "mountPath"}), "");
}

TEST(Describe, NamesEveryKindOfEdit) {
  const CompiledPlan compiled = CompilePlan(WithEdits(
      "    - setFlag: {manifest: kube-apiserver, flag: profiling, value: \"false\"}\n"
      "    - unsetFlag: {manifest: kube-apiserver, flag: port}\n"
      "    - mergeListFlag: {manifest: kube-apiserver, flag: enable-admission-plugins, add: [A, "
      "B], remove: [C]}\n"
      "    - mountPath: {manifest: kube-apiserver, hostPath: /a, mountPath: /b, readOnly: true}\n"
      "    - putFile: {path: /etc/x, content: abc, mode: \"0640\"}\n"));
  ASSERT_EQ(Shown(compiled.mistakes), "");
  std::vector<std::string> lines;
  for (const v1::Edit& edit : compiled.plan.steps(0).edits()) lines.push_back(Describe(edit));
  EXPECT_EQ(absl::StrJoin(lines, "\n"),
            "set --profiling=false in kube-apiserver\n"
            "unset --port in kube-apiserver\n"
            "add A,B to and remove C from --enable-admission-plugins in kube-apiserver\n"
            "mount /a at /b read-only in kube-apiserver\n"
            "put /etc/x (3 bytes, mode 0640, owner 0:0)");
}

TEST(Examples, Compile) {
  for (const std::string name : {"audit-logging", "broken-policy", "encryption-at-rest"}) {
    std::ifstream file(absl::StrCat(BELAY_EXAMPLES, "/", name, ".yaml"));
    std::stringstream text;
    text << file.rdbuf();
    const CompiledPlan compiled = CompilePlan(text.str());
    EXPECT_EQ(Shown(compiled.mistakes), "") << name;
    EXPECT_EQ(Shown(compiled.warnings), "") << name;
    EXPECT_EQ(compiled.plan.name(), name);
  }
}

}  // namespace
}  // namespace belay
