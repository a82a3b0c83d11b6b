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

TEST(VerifyBytes, SeesEveryByteOutsideOfTheSplices) {
  EXPECT_TRUE(VerifyBytes("abcdef", "abXYef", {{2, 4, "XY"}}).ok());
  EXPECT_FALSE(VerifyBytes("abcdef", "aBXYef", {{2, 4, "XY"}}).ok());
  EXPECT_FALSE(VerifyBytes("abcdef", "abXYeF", {{2, 4, "XY"}}).ok());
  EXPECT_FALSE(VerifyBytes("abcdef", "abXYe", {{2, 4, "XY"}}).ok());
  EXPECT_FALSE(VerifyBytes("abcdef", "abXZef", {{2, 4, "XY"}}).ok());
}

}  // namespace
}  // namespace belay
