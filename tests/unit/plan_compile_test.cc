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
#include "common/plan/suggest.h"

namespace belay {
namespace {

constexpr char kHead[] =
    "apiVersion: belay.dev/v1\n"
    "kind: RemediationPlan\n"
    "metadata: {name: p}\n"
    "spec:\n"
    "  steps:\n"
    "  - name: s\n"
    "    edits:\n";

std::string Shown(const std::vector<Mistake>& mistakes) {
  return absl::StrJoin(mistakes, "\n", [](std::string* out, const Mistake& m) {
    absl::StrAppend(out, m.line, ":", m.column, ": ", m.message);
  });
}

// The head has 7 lines: edits begin in line 8.
std::string WithEdits(const std::string& edits) { return absl::StrCat(kHead, edits); }

const std::string kGood =
    WithEdits("    - setFlag: {manifest: kube-apiserver, flag: profiling, value: \"false\"}\n");

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

struct Reject {
  std::string yaml;
  std::string expected;  // every mistake, "line:column: message"
};

class PlanCompileRejects : public testing::TestWithParam<Reject> {};

TEST_P(PlanCompileRejects, WithPlaceAndReason) {
  EXPECT_EQ(Shown(CompilePlan(GetParam().yaml).mistakes), GetParam().expected) << GetParam().yaml;
}

std::string SetFlag(const std::string& fields) {
  return WithEdits(absl::StrCat("    - setFlag: {", fields, "}\n"));
}
std::string PutFile(const std::string& fields) {
  return WithEdits(absl::StrCat("    - putFile: {", fields, "}\n"));
}
std::string Edit(const std::string& kind, const std::string& fields) {
  return WithEdits(absl::StrCat("    - ", kind, ": {", fields, "}\n"));
}
std::string Mount(const std::string& fields) {
  return WithEdits(absl::StrCat("    - mountPath: {manifest: kube-apiserver, ", fields, "}\n"));
}

INSTANTIATE_TEST_SUITE_P(
    Shape, PlanCompileRejects,
    testing::Values(
        Reject{"", "1:1: the file is empty: a plan begins with apiVersion and kind"},
        Reject{"[]\n", "1:1: a plan must be a map with apiVersion, kind, metadata, spec"},
        Reject{"a: [\n", "2:1: not YAML: end of sequence flow not found"},
        Reject{"{}\n",
               "1:1: 'apiVersion' is missing\n1:1: 'kind' is missing\n1:1: 'metadata' is missing\n"
               "1:1: 'spec' is missing"},
        Reject{absl::StrReplaceAll(kGood,
                                   {{"belay.dev/v1", "belay.dev/v2"}, {"Remediation", "Remedy"}}),
               "1:13: 'apiVersion' must be belay.dev/v1\n2:7: 'kind' must be RemediationPlan"},
        Reject{absl::StrCat(kGood, "---\na: b\n"),
               "9:1: a second document begins here: one plan a file"},
        Reject{absl::StrReplaceAll(kGood, {{"metadata:", "metdata:"}}),
               "1:1: 'metadata' is missing\n3:1: unknown key 'metdata'; did you mean 'metadata'?"},
        Reject{absl::StrCat(kGood, "kind: RemediationPlan\n"),
               "9:1: 'kind' is here twice: the first one is in line 2"},
        Reject{absl::StrReplaceAll(kGood, {{"{name: p}", "&m {name: p}"}}),
               "3:11: anchors (&name) are not allowed: write the value out"},
        Reject{absl::StrReplaceAll(kGood, {{"name: p", "name: !!str p"}}),
               "3:18: tags (!name) are not allowed: leave it away"},
        Reject{absl::StrReplaceAll(kGood, {{"name: p", "name: P_1"}}),
               "3:18: 'P_1' is not a name: it must be 1 to 63 lower-case letters, digits, '-' and "
               "'.', "
               "beginning and ending with a letter or digit"},
        Reject{"apiVersion: belay.dev/v1\nkind: RemediationPlan\nmetadata: {name: p}\nspec: "
               "{steps: []}\n",
               "4:8: a plan needs at least one step"},
        Reject{absl::StrReplaceAll(kGood, {{"kind: R", "kind: \xff"}}),
               "2:7: not text: a NUL or a byte that is not UTF-8"},
        Reject{absl::StrCat(kHead, "    - setFlg: {}\n"),
               "8:7: unknown edit 'setFlg'; did you mean 'setFlag'? (known are setFlag, unsetFlag, "
               "mergeListFlag, mountPath, unmountPath, setConfigKey, unsetConfigKey, putFile, "
               "removeFile, "
               "setMode, setOwner)"},
        Reject{absl::StrCat(kHead, "    - {}\n"),
               "8:7: an edit has exactly one key: setFlag, unsetFlag, mergeListFlag, mountPath, "
               "unmountPath, setConfigKey, unsetConfigKey, putFile, removeFile, setMode, setOwner"},
        Reject{absl::StrReplaceAll(kGood, {{"  steps:", "  notBefore: tomorrow\n  steps:"}}),
               "5:14: 'tomorrow' is not an RFC 3339 time such as 2026-11-23T09:46:29Z"},
        Reject{absl::StrReplaceAll(kGood, {{"  steps:",
                                            "  notBefore: 2026-11-24T00:00:00Z\n"
                                            "  notAfter: 2026-11-23T00:00:00Z\n  steps:"}}),
               "6:13: the plan would end before it begins: notAfter must be after notBefore"},
        Reject{absl::StrCat(kGood, "  - name: s\n    edits: []\n"),
               "9:11: an earlier step is also named 's'\n10:5: a step needs at least one edit"}));

INSTANTIATE_TEST_SUITE_P(
    Edits, PlanCompileRejects,
    testing::Values(
        Reject{SetFlag("manifest: kube-apiserver, flag: --profiling, value: x"),
               "8:49: write the flag without dashes: profiling"},
        Reject{SetFlag("manifest: kube-apiserver, flag: profiling=false, value: x"),
               "8:49: 'profiling=false' holds a '=': write the value in `value`"},
        Reject{SetFlag("manifest: kube-apiserver, flag: Profiling, value: x"),
               "8:49: 'Profiling' is not a flag: lower-case letters, digits and '-' between them"},
        Reject{SetFlag("manifest: kube-apiserver, flag: audit_log_path, value: x"),
               "8:49: 'audit_log_path' is not a flag: lower-case letters, digits and '-' between "
               "them"},
        Reject{SetFlag("manifest: kube-apiserver, flag: profiling"),
               "8:7: 'value' is missing in setFlag"},
        Reject{SetFlag("manifest: kube-apiserver, flag: profiling, value: "),
               "8:60: 'value' must be a string (an empty one is \"\")"},
        Reject{SetFlag("manifest: kube-apiserver, flag: profiling, value: [x]"),
               "8:60: 'value' must be a string (an empty one is \"\")"},
        Reject{SetFlag("manifest: kube-apiserver, flag: profiling, value: \"a\\nb\""),
               "8:67: must be one line without control characters"},
        Reject{SetFlag("manifest: kube-apiserver.yaml, flag: profiling, value: x"),
               "8:27: 'kube-apiserver.yaml': write the manifest's name without directory and "
               "ending, such as "
               "kube-apiserver"},
        Reject{
            SetFlag("manifest: kube-proxy, flag: profiling, value: x"),
            "8:27: 'kube-proxy' has no gate in this version, and nothing is changed that cannot be "
            "proved "
            "healthy: only kube-apiserver, "
            "kube-controller-manager, kube-scheduler and etcd can be edited"},
        Reject{WithEdits("    - mergeListFlag: {manifest: kube-apiserver, flag: f}\n"),
               "8:7: neither adds nor removes anything: give add, remove or both"},
        Reject{
            WithEdits("    - mergeListFlag: {manifest: kube-apiserver, flag: f, add: [A, \"B,C\"],"
                      " remove: [A]}\n"),
            "8:67: 'B,C' must be one entry of the list: not empty, without commas and control "
            "characters\n"
            "8:84: 'A' is named twice in add and remove"},
        Reject{Mount("hostPath: etc/kubernetes"),
               "8:55: 'etc/kubernetes' must be an absolute path, beginning with '/'"},
        Reject{Mount("hostPath: /etc/../root"),
               "8:55: '/etc/../root' must be written without '..', '.', '//' and a '/' at the end"},
        Reject{Mount("hostPath: /"), "8:55: the root directory is not allowed here"},
        Reject{Mount("hostPath: /a, type: directory"),
               "8:65: 'directory' must be one of DirectoryOrCreate, Directory, File, FileOrCreate"},
        Reject{Mount("hostPath: /a, readOnly: yes"),
               "8:69: 'readOnly' must be true or false, without quotes"},
        Reject{PutFile("path: /etc/kubernetes/x, content: a, mode: 0600"),
               "8:60: 'mode' must be in quotes, \"0600\": without them YAML readers take 0600 for "
               "the number "
               "384 or 600"},
        Reject{PutFile("path: /etc/kubernetes/x, content: a, mode: \"0800\""),
               "8:60: 'mode' must be octal digits in quotes, such as \"0600\""},
        Reject{PutFile("path: /etc/kubernetes/x, content: a, mode: \"4755\""),
               "8:60: must be permission bits between \"0001\" and \"0777\", without setuid, "
               "setgid and "
               "sticky"},
        Reject{PutFile("path: /etc/kubernetes/x, content: a, owner: root:root"),
               "8:61: 'root:root' must be numbers uid:gid, such as \"0:0\""},
        Reject{
            PutFile("path: /etc/kubernetes/manifests/x.bak, content: a"),
            "8:23: '/etc/kubernetes/manifests/x.bak' is in a directory of static-pod manifests, "
            "where "
            "kubelet runs every file as a pod: use setFlag, unsetFlag, mergeListFlag, mountPath or "
            "unmountPath"},
        Reject{PutFile("path: /etc/kubernetes/x"), "8:7: 'content' is missing in putFile"}));

INSTANTIATE_TEST_SUITE_P(
    Contradictions, PlanCompileRejects,
    testing::Values(
        Reject{
            absl::StrCat(kGood, "    - unsetFlag: {manifest: kube-apiserver, flag: profiling}\n"),
            "9:51: edit 1 of this step is already about --profiling of kube-apiserver: make it one "
            "edit"},
        Reject{absl::StrCat(kGood,
                            "    - setFlag: {manifest: kube-apiserver, container: kube-apiserver, "
                            "flag: profiling, value: \"true\"}\n"),
               "9:76: edit 1 of this step is already about --profiling of kube-apiserver: make it "
               "one edit"},
        Reject{WithEdits("    - putFile: {path: /etc/a, content: x}\n"
                         "    - putFile: {path: /etc/a, content: y}\n"
                         "    - putFile: {path: /etc/a/b, content: z}\n"),
               "9:23: edit 1 of this step is already about /etc/a: make it one edit\n"
               "10:23: '/etc/a/b' lies below '/etc/a', which edit 1 makes a file"},
        Reject{WithEdits("    - mountPath: {manifest: kube-apiserver, hostPath: /a/b-c}\n"
                         "    - mountPath: {manifest: kube-apiserver, hostPath: /a-b/c}\n"),
               "9:7: the volume 'a-b-c' is /a/b-c (DirectoryOrCreate) in an earlier edit of this "
               "step and "
               "/a-b/c (DirectoryOrCreate) here: give one of them another name"}));

INSTANTIATE_TEST_SUITE_P(
    Gates, PlanCompileRejects,
    testing::Values(
        Reject{
            absl::StrCat(kGood,
                         "    gate: {deadline: 60, stable: 1 minute, interval: 1ms, probes: []}\n"),
            "9:22: '60' is not a duration: write a number and a unit, such as 60s, 2m or 200ms\n"
            "9:34: '1 minute' is not a duration: write a number and a unit, such as 60s, 2m or "
            "200ms\n"
            "9:54: must be between 50ms and 10s\n"
            "9:59: a step that changes kube-apiserver must be proved healthy: add "
            "apiserver-readyz or leave probes away"},
        Reject{absl::StrCat(kGood, "    gate: {probes: [apiserver-healthz], stabel: 25s}\n"),
               "9:12: a step that changes kube-apiserver must be proved healthy: add "
               "apiserver-readyz or leave probes away\n"
               "9:21: 'apiserver-healthz' is not a probe: known are apiserver-readyz, "
               "controller-manager-healthz, scheduler-healthz and etcd-health\n"
               "9:41: unknown key 'stabel'; did you mean 'stable'?"},
        Reject{absl::StrCat(kGood, "    gate: 60s\n"), "9:11: 'gate' must be a map"}));

INSTANTIATE_TEST_SUITE_P(
    ConfigsAndFiles, PlanCompileRejects,
    testing::Values(
        Reject{Edit("setConfigKey", "file: /etc/kubernetes/a.yaml, value: 1"),
               "8:7: 'path' is missing in setConfigKey"},
        Reject{Edit("setConfigKey", "file: etc/a.yaml, path: a..b, value: yes"),
               "8:28: 'etc/a.yaml' must be an absolute path, beginning with '/'\n"
               "8:46: config path 'a..b', character 3: a key is missing here; a path looks like "
               "a.b.c\n"
               "8:59: 'yes' is not read alike by every reader of YAML: write true, false or a "
               "decimal number, or put it in quotes"},
        Reject{Edit("setConfigKey", "file: /etc/a, path: [[a]], value: {b: [010, 1:30, ~, ]}"),
               "8:36: 'path' must be a text such as authentication.anonymous.enabled, or a list of "
               "keys, indices and {key: value} of the one item meant\n"
               "8:61: '010' is not read alike by every reader of YAML: write true, false or a "
               "decimal number, or put it in quotes\n"
               "8:66: '1:30' is not read alike by every reader of YAML: write true, false or a "
               "decimal number, or put it in quotes"},
        Reject{Edit("setConfigKey", "file: /etc/a, path: a, value: "),
               "8:52: a value is missing: write null, or \"\" for an empty text"},
        Reject{Edit("setConfigKey", "file: /etc/a, path: a, value: {no: 1}"),
               "8:53: the key 'no' must be in quotes"},
        Reject{Edit("setConfigKey", "file: /etc/a, path: a, value: 1, kind: Kubelet Config"),
               "8:61: 'Kubelet Config' is not the kind of a document, such as "
               "KubeletConfiguration"},
        Reject{Edit("setConfigKey",
                    "file: /etc/kubernetes/manifests/kube-apiserver.yaml, path: a, value: 1"),
               "8:28: '/etc/kubernetes/manifests/kube-apiserver.yaml' is in a directory of "
               "static-pod manifests, where kubelet runs every file as a pod: use setFlag, "
               "unsetFlag, mergeListFlag, mountPath or unmountPath"},
        Reject{Edit("unsetConfigKey", "file: /etc/a, path: \"a[0]\""),
               "8:44: taking an item out by its index would take another one out the next time: "
               "select it by a key ([name=x]) or set the whole list"},
        Reject{Edit("unmountPath", "manifest: kube-apiserver"),
               "8:7: names neither the volume nor the path it is mounted at: give name, mountPath "
               "or both"},
        Reject{Edit("removeFile", "path: /etc/kubernetes/manifests/old.yaml"),
               "8:26: '/etc/kubernetes/manifests/old.yaml' is in a directory of static-pod "
               "manifests, where kubelet runs every file as a pod: use setFlag, unsetFlag, "
               "mergeListFlag, mountPath or unmountPath"},
        Reject{Edit("setMode", "path: /etc/a"), "8:7: 'mode' is missing in setMode"},
        Reject{Edit("setMode", "path: /etc/a, mode: \"4755\""),
               "8:37: must be permission bits between \"0001\" and \"0777\", without setuid, "
               "setgid and sticky"},
        Reject{Edit("setOwner", "path: /etc/a, owner: root"),
               "8:39: 'root' must be numbers uid:gid, such as \"0:0\""}));

constexpr char kSetA[] = "    - setConfigKey: {file: /etc/a, path: a.b, value: 1}\n";

INSTANTIATE_TEST_SUITE_P(
    ConfigsAndFilesContradict, PlanCompileRejects,
    testing::Values(
        Reject{WithEdits(absl::StrCat(kSetA,
                                      "    - unsetConfigKey: {file: /etc/a, kind: K, path: a}\n"
                                      "    - setConfigKey: {file: /etc/a, path: b, value: 1}\n"
                                      "    - setConfigKey: {file: /etc/b, path: a.b, value: 1}\n"
                                      "    - setMode: {path: /etc/a, mode: \"0600\"}\n"
                                      "    - setOwner: {path: /etc/a, owner: \"0:0\"}\n")),
               "9:53: edit 1 of this step is already about a.b in /etc/a: make it one edit"},
        Reject{WithEdits(absl::StrCat("    - putFile: {path: /etc/a, content: x}\n", kSetA)),
               "9:28: edit 1 of this step is already about /etc/a: make it one edit"},
        Reject{WithEdits(absl::StrCat(kSetA, "    - removeFile: {path: /etc/a}\n")),
               "9:26: edit 1 of this step is already about /etc/a: make it one edit"},
        Reject{WithEdits("    - putFile: {path: /etc/a, content: x}\n"
                         "    - setMode: {path: /etc/a, mode: \"0600\"}\n"),
               "9:23: edit 1 of this step is already about /etc/a: make it one edit"},
        Reject{WithEdits("    - unmountPath: {manifest: etcd, mountPath: /a}\n"
                         "    - mountPath: {manifest: etcd, hostPath: /b, mountPath: /a}\n"),
               "9:60: edit 1 of this step is already about /a in etcd: make it one edit"},
        Reject{WithEdits("    - unmountPath: {manifest: etcd, name: v}\n"
                         "    - mountPath: {manifest: etcd, hostPath: /b, name: v}\n"),
               "9:55: edit 1 of this step takes the volume 'v' out: give this one another name, or "
               "make it two steps"},
        Reject{WithEdits("    - mountPath: {manifest: etcd, hostPath: /b, name: v}\n"
                         "    - unmountPath: {manifest: etcd, name: v}\n"),
               "9:43: an earlier edit of this step mounts the volume 'v': give that one another "
               "name, or make it two steps"}));

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

TEST(PlanCompile, WarnsThatAConfigFileAloneRestartsNothing) {
  EXPECT_EQ(Shown(CompilePlan(WithEdits(kSetA)).warnings),
            "8:7: this step restarts nothing: the program that reads this file takes the change up "
            "when it is started the next time");
  EXPECT_EQ(Shown(CompilePlan(absl::StrCat(kGood, kSetA)).warnings), "");
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
  for (const std::string name : {"audit-logging", "broken-policy"}) {
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
