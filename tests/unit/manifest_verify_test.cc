// The judge of edits alone: results that a broken splicer could make must be called wrong.
#include <gtest/gtest.h>

#include "node-agent/manifest/verify.h"
#include "tests/unit/manifest_edits.h"

namespace belay {
namespace {

std::string Pod(const std::string& command, const std::string& rest = "") {
  return "kind: Pod\nspec:\n  containers:\n  - name: side\n    command: [x, --v=1]\n"
         "  - name: kube-apiserver\n    command: " +
         command + "\n" + rest;
}

bool Accepts(const std::string& before, const std::string& after, const v1::Edit& edit) {
  const auto a = ReadModels(before);
  const auto b = ReadModels(after);
  EXPECT_TRUE(a.ok() && b.ok());
  return VerifyEdit(*a, *b, "kube-apiserver", edit).ok();
}

TEST(VerifyEdit, AcceptsExactlyTheIntendedFlag) {
  const std::string before = Pod("[kube-apiserver, --w=1]");
  const v1::Edit edit = SetFlagEdit("v", "2");
  EXPECT_TRUE(Accepts(before, Pod("[kube-apiserver, --w=1, --v=2]"), edit));
  EXPECT_FALSE(Accepts(before, before, edit)) << "nothing done";
  EXPECT_FALSE(Accepts(before, Pod("[kube-apiserver, --w=1, --v=3]"), edit)) << "wrong value";
  EXPECT_FALSE(Accepts(before, Pod("[kube-apiserver, --w=2, --v=2]"), edit)) << "another flag";
  EXPECT_FALSE(Accepts(before, Pod("[kube-apiserver, --v=2]"), edit)) << "a flag lost";
  EXPECT_FALSE(Accepts(before, Pod("[kube-apiserver, --w=1, --v=2, --v=2]"), edit)) << "twice";
  EXPECT_FALSE(Accepts(before, Pod("[--v=2, kube-apiserver, --w=1]"), edit))
      << "before the program";
  EXPECT_FALSE(
      Accepts(before, Pod("[kube-apiserver, --w=1, --v=2]", "  hostNetwork: true\n"), edit))
      << "another key";
}

TEST(VerifyEdit, SeesAFlagPutBetweenAnotherAndItsValue) {
  EXPECT_FALSE(Accepts(Pod("[kube-apiserver, --w, a]"), Pod("[kube-apiserver, --w, --v=2, a]"),
                       SetFlagEdit("v", "2")));
}

TEST(VerifyEdit, SeesATextThatBecameANumber) {
  EXPECT_FALSE(Accepts(Pod("[kube-apiserver, --v, \"1\"]"), Pod("[kube-apiserver, --v, 2]"),
                       SetFlagEdit("v", "2")));
}

TEST(VerifyEdit, WantsEveryUseGoneAfterUnset) {
  const std::string before = Pod("[kube-apiserver, --v=1, --w=1, --v=2]");
  EXPECT_TRUE(Accepts(before, Pod("[kube-apiserver, --w=1]"), UnsetFlagEdit("v")));
  EXPECT_FALSE(Accepts(before, Pod("[kube-apiserver, --v=1, --w=1]"), UnsetFlagEdit("v")));
}

TEST(VerifyEdit, WantsTheExactUnionAfterMerge) {
  const std::string before = Pod("[kube-apiserver, \"--a=A,B\", \"--g=K=false\"]");
  const v1::Edit edit = MergeEdit("a", {"C"}, {"B"});
  EXPECT_TRUE(Accepts(before, Pod("[kube-apiserver, \"--a=A,C\", \"--g=K=false\"]"), edit));
  EXPECT_FALSE(Accepts(before, Pod("[kube-apiserver, \"--a=A,B,C\", \"--g=K=false\"]"), edit));
  EXPECT_FALSE(Accepts(before, Pod("[kube-apiserver, \"--a=C\", \"--g=K=false\"]"), edit));
  EXPECT_FALSE(Accepts(before, Pod("[kube-apiserver, \"--a=A\", \"--g=K=false\"]"), edit));
  EXPECT_FALSE(Accepts(before, Pod("[kube-apiserver, \"--a=A,B\", \"--g=K=false,K=true\"]"),
                       MergeEdit("g", {"K=true"})));
}

TEST(VerifyEdit, WantsExactlyOneVolumeAndMount) {
  const std::string before = Pod("[kube-apiserver]");
  const v1::Edit edit = MountEdit("a", "/a", true);
  const std::string volume =
      "  volumes: [{name: a, hostPath: {path: /a, type: DirectoryOrCreate}}]\n";
  const std::string mount = "    volumeMounts: [{name: a, mountPath: /a, readOnly: true}]\n";
  EXPECT_TRUE(Accepts(before, Pod("[kube-apiserver]", mount + volume), edit));
  EXPECT_FALSE(Accepts(before, before, edit));
  EXPECT_FALSE(Accepts(before, Pod("[kube-apiserver]", mount), edit)) << "no volume";
  EXPECT_FALSE(Accepts(before, Pod("[kube-apiserver]", volume), edit)) << "no mount";
  EXPECT_FALSE(Accepts(
      before, Pod("[kube-apiserver]", "    volumeMounts: [{name: a, mountPath: /a}]\n" + volume),
      edit))
      << "writable";
  const std::string other = "  volumes: [{name: a, hostPath: {path: /other}}]\n";
  EXPECT_FALSE(
      Accepts(Pod("[kube-apiserver]", other), Pod("[kube-apiserver]", mount + other), edit))
      << "a volume of another path";
}

TEST(VerifyEdit, SeesAUseThatBecameTwo) {
  EXPECT_FALSE(Accepts(Pod("[kube-apiserver, --v=2]"), Pod("[kube-apiserver, --v=2, --v=2]"),
                       SetFlagEdit("v", "2")));
  EXPECT_TRUE(Accepts(Pod("[kube-apiserver, --v=2, --v=2]"), Pod("[kube-apiserver, --v=2, --v=2]"),
                      SetFlagEdit("v", "2")));
}

TEST(VerifyEdit, SeesAnArgumentThatChangedItsList) {
  EXPECT_FALSE(Accepts(Pod("[kube-apiserver, --w=1]", "    args: [--v=1]\n"),
                       Pod("[kube-apiserver]", "    args: [--w=1, --v=2]\n"),
                       SetFlagEdit("v", "2")));
}

TEST(VerifyEdit, SeesChangesInOtherDocuments) {
  const std::string pod = Pod("[kube-apiserver, --v=1]");
  const std::string done = Pod("[kube-apiserver, --v=2]");
  const v1::Edit edit = SetFlagEdit("v", "2");
  EXPECT_TRUE(Accepts(pod + "---\na: b\n", done + "---\na: b\n", edit));
  EXPECT_FALSE(Accepts(pod + "---\na: b\n", done + "---\na: c\n", edit));
  EXPECT_FALSE(Accepts(pod + "---\na: b\n", done, edit));
}

TEST(VerifyEdit, SeesAnotherPlaceThatAnAnchorChanged) {
  EXPECT_FALSE(Accepts(Pod("&c [kube-apiserver, --v=1]", "  - name: b\n    command: *c\n"),
                       Pod("&c [kube-apiserver, --v=2]", "  - name: b\n    command: *c\n"),
                       SetFlagEdit("v", "2")));
}

TEST(VerifyEdit, SeesWhatHappensInAScript) {
  const auto script = [](const std::string& text) { return Pod("[sh, -c, \"" + text + "\"]"); };
  const v1::Edit edit = SetFlagEdit("v", "2");
  EXPECT_TRUE(
      Accepts(script("kube-apiserver --v=1 2>&1"), script("kube-apiserver --v=2 2>&1"), edit));
  EXPECT_FALSE(
      Accepts(script("kube-apiserver --v=1 2>&1"), script("kube-apiserver --v=2 >&1"), edit));
  EXPECT_FALSE(Accepts(script("kube-apiserver --v=1"), script("--v=2 kube-apiserver"), edit));
  EXPECT_FALSE(Accepts(script("kube-apiserver --w=1 --v=1"), script("kube-apiserver --v=2"), edit));
  EXPECT_FALSE(
      Accepts(script("kube-apiserver --v=1"), Pod("[bash, -c, kube-apiserver --v=2]"), edit));
  EXPECT_FALSE(Accepts(script("kube-apiserver"), Pod("[sh, -c, kube-apiserver, --v=2]"), edit));
}

TEST(VerifyEdit, WantsTheMountAndItsUnusedVolumeGone) {
  v1::Edit edit;
  edit.mutable_unmount_path()->set_manifest("kube-apiserver");
  edit.mutable_unmount_path()->set_mount_path("/a");
  const std::string mounts =
      "    volumeMounts: [{name: a, mountPath: /a}, {name: b, mountPath: /b}]\n";
  const std::string volumes = "  volumes: [{name: a}, {name: b}]\n";
  const std::string before = Pod("[x]", mounts + volumes);
  const std::string left = "    volumeMounts: [{name: b, mountPath: /b}]\n";
  EXPECT_TRUE(Accepts(before, Pod("[x]", left + "  volumes: [{name: b}]\n"), edit));
  EXPECT_FALSE(Accepts(before, before, edit));
  EXPECT_FALSE(Accepts(before, Pod("[x]", left + volumes), edit)) << "the volume stays";
  EXPECT_FALSE(Accepts(before, Pod("[x]", left + "  volumes: [{name: a}]\n"), edit));
  EXPECT_FALSE(Accepts(before, Pod("[x]", mounts + "  volumes: [{name: b}]\n"), edit));
  const std::string other = "  - name: other\n    volumeMounts: [{name: a, mountPath: /x}]\n";
  EXPECT_TRUE(
      Accepts(Pod("[x]", mounts + other + volumes), Pod("[x]", left + other + volumes), edit));
  EXPECT_FALSE(Accepts(Pod("[x]", mounts + other + volumes),
                       Pod("[x]", left + other + "  volumes: [{name: b}]\n"), edit))
      << "another container uses it";
}

TEST(VerifyBytes, SeesEveryByteOutsideOfTheSplices) {
  EXPECT_TRUE(VerifyBytes("abcdef", "abXYef", {{2, 4, "XY"}}).ok());
  EXPECT_FALSE(VerifyBytes("abcdef", "aBXYef", {{2, 4, "XY"}}).ok());
  EXPECT_FALSE(VerifyBytes("abcdef", "abXYeF", {{2, 4, "XY"}}).ok());
  EXPECT_FALSE(VerifyBytes("abcdef", "abXYe", {{2, 4, "XY"}}).ok());
  EXPECT_FALSE(VerifyBytes("abcdef", "abXZef", {{2, 4, "XY"}}).ok());
}

}  // namespace
}  // namespace belay
