// mountPath: a volume and its mount, in the form of the file.
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"
#include "node-agent/manifest/edit.h"
#include "tests/unit/manifest_edits.h"

namespace belay {
namespace {

std::string Edited(const std::string& before, const v1::Edit& edit) {
  const auto outcome = ApplyEdits(before, "kube-apiserver", {edit});
  if (!outcome.ok()) return "refused: " + std::string(outcome.status().message());
  const auto again = ApplyEdits(outcome->bytes, "kube-apiserver", {edit});
  EXPECT_TRUE(again.ok()) << again.status();
  if (again.ok()) {
    EXPECT_EQ(again->bytes, outcome->bytes);
  }
  return outcome->bytes;
}

const v1::Edit kAudit = MountEdit("audit", "/etc/audit", true);
const std::string kPod =
    "kind: Pod\nspec:\n  containers:\n  - command: [kube-apiserver]\n    name: kube-apiserver\n";

TEST(MountPath, IsAddedBehindTheSiblings) {
  EXPECT_EQ(
      Edited(kPod +
                 "    volumeMounts:\n    - mountPath: /a\n      name: a # why\n    workingDir: /\n"
                 "  volumes:\n  - hostPath:\n      path: /a\n    name: a\nstatus: {}\n",
             kAudit),
      kPod +
          "    volumeMounts:\n    - mountPath: /a\n      name: a # why\n    - mountPath: "
          "/etc/audit\n      name: audit\n      readOnly: true\n    workingDir: /\n"
          "  volumes:\n  - hostPath:\n      path: /a\n    name: a\n  - hostPath:\n      path: "
          "/etc/audit\n      type: DirectoryOrCreate\n    name: audit\nstatus: {}\n");
}

TEST(MountPath, CreatesTheKeysWhereTheyAreMissing) {
  EXPECT_EQ(Edited("kind: Pod\nspec:\n  hostNetwork: true\n  containers:\n    - name: "
                   "kube-apiserver\n      command: [kube-apiserver]\n",
                   kAudit),
            "kind: Pod\nspec:\n  hostNetwork: true\n  volumes:\n    - hostPath:\n        path: "
            "/etc/audit\n        type: DirectoryOrCreate\n      name: audit\n"
            "  containers:\n    - name: kube-apiserver\n      volumeMounts:\n        - mountPath: "
            "/etc/audit\n          name: audit\n          readOnly: true\n      command: "
            "[kube-apiserver]\n");
}

TEST(MountPath, FillsEmptyLists) {
  EXPECT_EQ(Edited(kPod + "    volumeMounts: []\n  volumes: []\n", MountEdit("a", "/a", false)),
            kPod +
                "    volumeMounts: [{mountPath: /a, name: a}]\n  volumes: [{hostPath: {path: /a, "
                "type: DirectoryOrCreate}, name: a}]\n");
}

TEST(MountPath, StaysStrictJson) {
  EXPECT_EQ(Edited("{\"kind\":\"Pod\",\"spec\":{\"containers\":[{\"name\":\"kube-apiserver\","
                   "\"command\":[\"kube-apiserver\"],"
                   "\"volumeMounts\":[{\"name\":\"b\",\"mountPath\":\"/b\"}]}]}}",
                   kAudit),
            "{\"kind\":\"Pod\",\"spec\":{\"volumes\": [{\"hostPath\": {\"path\": \"/etc/audit\", "
            "\"type\": \"DirectoryOrCreate\"}, \"name\": \"audit\"}],"
            "\"containers\":[{\"name\":\"kube-apiserver\",\"command\":[\"kube-apiserver\"],"
            "\"volumeMounts\":[{\"name\":\"b\",\"mountPath\":\"/b\"}, {\"mountPath\": "
            "\"/etc/audit\", \"name\": \"audit\", \"readOnly\": true}]}]}}");
}

TEST(MountPath, IsSatisfiedByAnotherVolumeOfTheSameHostPath) {
  const std::string bytes =
      kPod +
      "    volumeMounts:\n    - mountPath: /etc/audit/\n      name: x\n      readOnly: true\n"
      "  volumes:\n  - name: x\n    hostPath: {path: /etc/audit}\n";
  EXPECT_EQ(Edited(bytes, kAudit), bytes);
}

TEST(MountPath, RefusesTakenNamesAndPaths) {
  const std::string mount = "    volumeMounts:\n    - mountPath: /etc/audit\n      name: x\n";
  EXPECT_TRUE(absl::StrContains(
      Edited(kPod + mount + "  volumes:\n  - name: x\n    emptyDir: {}\n", kAudit), "line 7:"));
  EXPECT_TRUE(absl::StrContains(
      Edited(kPod + mount + "  volumes:\n  - name: x\n    hostPath: {path: /etc/audit}\n", kAudit),
      "line 7:"))
      << "readOnly differs";
  EXPECT_TRUE(absl::StrContains(
      Edited(kPod + "  volumes:\n  - name: audit\n    hostPath: {path: /other}\n", kAudit),
      "line 7:"));
  EXPECT_TRUE(absl::StrContains(
      Edited(kPod + mount +
                 "      subPath: y\n  volumes:\n  - name: x\n    hostPath: {path: /etc/audit}\n",
             kAudit),
      "line 7:"));
  const std::string other =
      "  volumes:\n  - name: audit\n    hostPath: {path: /other, type: DirectoryOrCreate}\n";
  EXPECT_TRUE(absl::StrContains(Edited(kPod + other, kAudit), "line 7:"));
  EXPECT_TRUE(absl::StrContains(Edited(kPod, MountEdit("audit", "etc", true)), "refused"));
  EXPECT_TRUE(absl::StrContains(Edited(kPod, MountEdit("audit", "/a/../b", true)), "refused"));
  EXPECT_TRUE(absl::StrContains(Edited(kPod, MountEdit("", "/a", true)), "refused"));
}

TEST(MountPath, RefusesAContainerWithACommandGivenTwice) {
  const std::string found = Edited(kPod + "    command: [other]\n", kAudit);
  EXPECT_TRUE(absl::StrContains(found, "line 6: the key 'command' stands here a second time"))
      << found;
}

TEST(JsonManifest, StaysStrictJsonWhenFlagsChange) {
  const std::string before =
      "{\n\t\"kind\": \"Pod\",\n\t\"spec\": {\"containers\": [{\"name\": \"kube-apiserver\", "
      "\"command\": [\n\t\t\"kube-apiserver\",\n\t\t\"--v=1\"\n\t]}]}\n}";
  const std::string after =
      "{\n\t\"kind\": \"Pod\",\n\t\"spec\": {\"containers\": [{\"name\": \"kube-apiserver\", "
      "\"command\": [\n\t\t\"kube-apiserver\",\n\t\t\"--v=1\",\n\t\t\"--x=\\\\\\\"\"\n\t]}]}\n}";
  EXPECT_EQ(Edited(before, SetFlagEdit("x", "\\\"")), after);
}

}  // namespace
}  // namespace belay
