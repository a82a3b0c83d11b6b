// The judge of edits again: what must not slip through beside the intended change.
#include <gtest/gtest.h>

#include "node-agent/manifest/edit.h"
#include "node-agent/manifest/tree.h"
#include "node-agent/manifest/verify.h"
#include "tests/unit/manifest_edits.h"

namespace belay {
namespace {

bool Accepts(const std::string& before, const std::string& after, const v1::Edit& edit) {
  const auto a = ReadModels(before);
  const auto b = ReadModels(after);
  EXPECT_TRUE(a.ok() && b.ok());
  return VerifyEdit(*a, *b, "kube-apiserver", edit).ok();
}

// A pod with one flag more when `set`, with `spec` as further lines of its spec.
std::string Pod(bool set, const std::string& spec) {
  return "kind: Pod\nspec:\n  containers:\n  - name: kube-apiserver\n    command: [kube-apiserver" +
         std::string(set ? ", --v=2" : "") + "]\n" + spec;
}

bool AcceptsBeside(const std::string& before, const std::string& after) {
  return Accepts(Pod(false, before), Pod(true, after), SetFlagEdit("v", "2"));
}

TEST(EditorVerify, AcceptsTheEditWhenTheRestIsTheSame) {
  const std::string rest = "  tolerations: [a, b]\n  hostNetwork: true\n";
  EXPECT_TRUE(AcceptsBeside(rest, rest));
}

TEST(EditorVerify, SeesAListElsewhereGrowOrShrink) {
  EXPECT_FALSE(AcceptsBeside("  tolerations: [a]\n", "  tolerations: [a, b]\n"));
  EXPECT_FALSE(AcceptsBeside("  tolerations: [a, b]\n", "  tolerations: [a]\n"));
}

TEST(EditorVerify, SeesAKeyElsewhereRenamedLostOrNew) {
  EXPECT_FALSE(AcceptsBeside("  hostNetwork: true\n", "  hostPID: true\n"));
  EXPECT_FALSE(AcceptsBeside("  hostNetwork: true\n", ""));
  EXPECT_FALSE(AcceptsBeside("", "  hostNetwork: true\n"));
}

TEST(EditorVerify, SeesATextBecomeABooleanElsewhere) {
  EXPECT_FALSE(AcceptsBeside("  priorityClassName: \"true\"\n", "  priorityClassName: true\n"));
}

std::string Mounts(const std::string& mounts, const std::string& volumes) {
  return "kind: Pod\nspec:\n  containers:\n  - name: kube-apiserver\n    command: "
         "[kube-apiserver]\n"
         "    volumeMounts: [" +
         mounts + "]\n  volumes: [" + volumes + "]\n";
}

TEST(EditorVerify, LetsNoTwoMountsGoByOneName) {
  v1::Edit edit;
  edit.mutable_unmount_path()->set_manifest("kube-apiserver");
  edit.mutable_unmount_path()->set_name("a");
  const std::string volume = "{name: a, hostPath: {path: /a}}";
  EXPECT_TRUE(Accepts(Mounts("{name: a, mountPath: /a}", volume), Mounts("", ""), edit));
  EXPECT_FALSE(Accepts(Mounts("{name: a, mountPath: /a}, {name: a, mountPath: /b}", volume),
                       Mounts("", ""), edit));
}

TEST(EditorVerify, AsksWhetherAMountIsReadOnly) {
  v1::Edit edit = MountEdit("a", "/a", true);
  const std::string volume = "{name: a, hostPath: {path: /a, type: DirectoryOrCreate}}";
  const std::string writable = Mounts("{name: a, mountPath: /a}", volume);
  EXPECT_FALSE(Accepts(writable, writable, edit)) << "mounted, but not read-only";
  const std::string read_only = Mounts("{name: a, mountPath: /a, readOnly: true}", volume);
  EXPECT_TRUE(Accepts(read_only, read_only, edit));
}

std::string Bare(const std::string& keys) {
  return "kind: Pod\nspec:\n  containers:\n  - name: kube-apiserver\n" + keys + "    image: x\n";
}

TEST(EditorVerify, LetsArgsComeWhereNothingIsGivenAndNeverACommand) {
  const v1::Edit edit = SetFlagEdit("v", "2");
  EXPECT_TRUE(Accepts(Bare(""), Bare("    args: [--v=2]\n"), edit));
  EXPECT_FALSE(Accepts(Bare(""), Bare("    command: [--v=2]\n"), edit));
  EXPECT_FALSE(Accepts(Bare("    command: [kube-apiserver]\n"),
                       Bare("    command: [kube-apiserver]\n    args: [--v=2]\n"), edit));
  EXPECT_FALSE(Accepts(Bare("    command: []\n"), Bare("    args: [--v=2]\n"), edit));
}

std::string Script(const std::string& text) {
  return Bare("    command: [sh, -c]\n    args: [" + text + "]\n");
}

TEST(EditorVerify, SeesACommandOfAScriptJoinedToTheOneAbove) {
  const std::string before = Script(R"("kube-apiserver \\\n --v=2 \\\n --w=1\necho done")");
  EXPECT_TRUE(
      Accepts(before, Script(R"("kube-apiserver \\\n --v=2\necho done")"), UnsetFlagEdit("w")));
  EXPECT_FALSE(
      Accepts(before, Script(R"("kube-apiserver \\\n --v=2 \\\necho done")"), UnsetFlagEdit("w")));
}

TEST(EditorVerify, SeesAFlagOfTheProgramMoveToTheCommandBehind) {
  const std::string before = Script(R"("kube-apiserver --v=2 && sleep 1")");
  EXPECT_TRUE(
      Accepts(before, Script(R"("kube-apiserver --v=2 --w=1 && sleep 1")"), SetFlagEdit("w", "1")));
  EXPECT_FALSE(
      Accepts(before, Script(R"("kube-apiserver --v=2 && sleep 1 --w=1")"), SetFlagEdit("w", "1")));
}

TEST(EditorVerify, TakesCommentsOfAScriptForNothing) {
  const std::string before = Script(R"("# isn't --v=1\nkube-apiserver --v=2 # --v=3")");
  EXPECT_TRUE(Accepts(before, Script(R"("# isn't --v=1\nkube-apiserver --v=4 # --v=3")"),
                      SetFlagEdit("v", "4")));
  EXPECT_FALSE(Accepts(before, before, SetFlagEdit("v", "3")));
}

TEST(EditorMerge, RemovesWholeElementsOnly) {
  const auto outcome =
      ApplyEdits(Mounts("", "").replace(Mounts("", "").find("[kube-apiserver]"), 16,
                                        "[kube-apiserver, \"--a=NodeRestriction,Node\"]"),
                 "kube-apiserver", {MergeEdit("a", {}, {"Node"})});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_NE(outcome->bytes.find("\"--a=NodeRestriction\""), std::string::npos) << outcome->bytes;
}

TEST(EditorReading, TakesNoFirstDocumentForTheWholeFile) {
  EXPECT_TRUE(ParseDocument("a: 1\n").ok());
  EXPECT_FALSE(ParseDocument("a: 1\n---\nb: 2\n").ok());
}

}  // namespace
}  // namespace belay
