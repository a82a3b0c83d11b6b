// Every mistake that a plan can hold, with the place and the words in which the compiler names it.
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/plan/compile.h"
#include "tests/unit/plan_texts.h"

namespace belay {
namespace {

using plan_texts::kGood;
using plan_texts::kHead;
using plan_texts::kSetA;
using plan_texts::Shown;
using plan_texts::WithEdits;

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
               "setMode, setOwner, restartService)"},
        Reject{absl::StrCat(kHead, "    - {}\n"),
               "8:7: an edit has exactly one key: setFlag, unsetFlag, mergeListFlag, mountPath, "
               "unmountPath, setConfigKey, unsetConfigKey, putFile, removeFile, setMode, setOwner, "
               "restartService"},
        Reject{absl::StrReplaceAll(kGood, {{"  steps:", "  notBefore: tomorrow\n  steps:"}}),
               "5:14: 'tomorrow' is not an RFC 3339 time such as 2026-11-23T09:46:29Z"},
        Reject{absl::StrReplaceAll(kGood, {{"  steps:",
                                            "  retry: {attempts: 1, backoff: 2m, maxBackoff: 1m}\n"
                                            "  steps:"}}),
               "5:21: must be between 2 and 10, the first one counted (leave retry away for one "
               "attempt)\n5:49: must not be shorter than backoff"},
        Reject{absl::StrReplaceAll(kGood, {{"  steps:",
                                            "  retry: {attempts: 11, backoff: 0s, maxBackoff: 2h}\n"
                                            "  steps:"}}),
               "5:21: must be between 2 and 10, the first one counted (leave retry away for one "
               "attempt)\n5:34: must be between 1s and 3600s\n5:50: must be between 1s and 3600s"},
        Reject{absl::StrReplaceAll(kGood, {{"  steps:", "  retry: {backoff: 5s}\n  steps:"}}),
               "5:3: 'attempts' is missing in retry"},
        Reject{absl::StrReplaceAll(kGood, {{"  steps:", "  retry: {attempts: \"3\"}\n  steps:"}}),
               "5:21: 'attempts' must be a whole number without quotes"},
        Reject{absl::StrReplaceAll(kGood, {{"  steps:", "  retry: {attempts: 03}\n  steps:"}}),
               "5:21: 'attempts' must be a whole number without quotes"},
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
               "controller-manager-healthz, scheduler-healthz, etcd-health and kubelet-healthz\n"
               "9:41: unknown key 'stabel'; did you mean 'stable'?"},
        Reject{absl::StrCat(kGood, "    gate: 60s\n"), "9:11: 'gate' must be a map"}));

INSTANTIATE_TEST_SUITE_P(
    Services, PlanCompileRejects,
    testing::Values(
        Reject{absl::StrCat(kHead, "    - restartService: {service: kubelet}\n"),
               "8:23: 'restartService' must be the name of a service: kubelet"},
        Reject{absl::StrCat(kHead, kSetA, "    - restartService: containerd\n"),
               "9:7: 'containerd' cannot be restarted by a plan: only kubelet can, and static pods "
               "start anew when their manifest changes"},
        Reject{absl::StrCat(kHead, "    - restartService: kubelet\n"),
               "8:7: nothing in this step would be taken up by the restart: put the edit of "
               "kubelet's configuration (setConfigKey, unsetConfigKey or putFile) into the same "
               "step"},
        Reject{absl::StrCat(kGood, kSetA, "    - restartService: kubelet\n"),
               "10:7: a step that edits a static pod's manifest cannot restart kubelet too: make "
               "it two steps, so that each is proved by itself"},
        Reject{absl::StrCat(kHead, kSetA,
                            "    - restartService: kubelet\n    - restartService: kubelet\n"),
               "10:7: edit 2 of this step is already about the service kubelet: make it one edit"},
        Reject{absl::StrCat(kHead, kSetA, "    - restartService: kubelet\n",
                            "    gate: {probes: [apiserver-readyz, etcd-health]}\n"),
               "10:12: a step that restarts kubelet must be proved healthy: add kubelet-healthz or "
               "leave probes away\n"
               "10:39: 'etcd-health' proves etcd, which this step does not edit: leave it away"},
        Reject{absl::StrCat(kGood, "    gate: {probes: [apiserver-readyz, kubelet-healthz]}\n"),
               "9:39: 'kubelet-healthz' proves kubelet, which this step does not restart: leave it "
               "away"}));

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
}  // namespace
}  // namespace belay
