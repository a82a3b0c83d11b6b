// `belayctl plan render` and `plan diff --root` on a directory that stands for a node.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "cli/files.h"
#include "common/crypto/ed25519.h"
#include "common/os/posix_file_system.h"
#include "common/plan/compile.h"
#include "common/plan/sign.h"
#include "common/plan/signed_file.h"
#include "tests/support/belayctl_run.h"

namespace belay {
namespace {

constexpr char kPod[] =
    "apiVersion: v1\n"
    "kind: Pod\n"
    "metadata: {name: kube-apiserver}\n"
    "spec:\n"
    "  containers:\n"
    "  - command:\n"
    "    - kube-apiserver\n"
    "    - --profiling=true\n"
    "    name: kube-apiserver\n";
constexpr char kManifest[] = "/etc/kubernetes/manifests/kube-apiserver.yaml";

constexpr char kHead[] =
    "apiVersion: belay.dev/v1\nkind: RemediationPlan\nmetadata: {name: p}\nspec:\n  steps:\n";
const std::string kPlan = absl::StrCat(
    kHead,
    "  - name: first\n"
    "    edits:\n"
    "    - setFlag: {manifest: kube-apiserver, flag: profiling, value: \"false\"}\n"
    "    - putFile: {path: /etc/kubernetes/audit/policy.yaml, content: \"secret\\n\"}\n"
    "  - name: second\n"
    "    edits:\n"
    "    - setFlag: {manifest: kube-apiserver, flag: v, value: \"2\"}\n"
    "    - setMode: {path: /etc/kubernetes/manifests/kube-apiserver.yaml, mode: \"0600\"}\n"
    "    - removeFile: {path: /etc/kubernetes/old}\n"
    "    - setConfigKey: {file: /etc/kubernetes/config.yaml, path: a.b, value: 1}\n");

class BelayctlPlan : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/belayctl_plan_XXXXXX";
    base_ = ::mkdtemp(name);
    ASSERT_TRUE(WriteNewFile(Path("plan.yaml"), kPlan, 0644).ok());
    for (const char* directory : {"node", "node/etc", "node/etc/kubernetes",
                                  "node/etc/kubernetes/manifests", "node/etc/kubernetes/audit"}) {
      ASSERT_EQ(::mkdir(Path(directory).c_str(), 0755), 0);
    }
    Put(kManifest, kPod);
    Put("/etc/kubernetes/old", "x\n");
    Put("/etc/kubernetes/config.yaml", "a:\n  c: 2\n");
  }
  void TearDown() override { EXPECT_EQ(std::system(absl::StrCat("rm -r ", base_).c_str()), 0); }
  std::string Path(const std::string& name) const { return absl::StrCat(base_, "/", name); }
  void Put(const std::string& path, const std::string& bytes) {
    ASSERT_TRUE(ReplaceFile(absl::StrCat(Path("node"), path), bytes, 0644).ok());
  }
  std::string Rendered(const std::string& path) const {
    return ReadUserFile(absl::StrCat(Path("out"), path)).value_or("(none)");
  }
  Ran Diff(const std::string& plan = "plan.yaml") {
    return RunVerb(AddPlanDiff, {"diff", Path(plan), "--root", Path("node")});
  }
  Ran Render() {
    return RunVerb(AddPlanRender,
                   {"render", Path("plan.yaml"), "--root", Path("node"), "--out", Path("out")});
  }
  std::string base_;
};

TEST_F(BelayctlPlan, DiffShowsEachStepOverTheOnesBeforeAndTouchesNothing) {
  const Ran ran = Diff();
  EXPECT_EQ(ran.code, 1) << ran.err;
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(ran.out,
            "# step first\n"
            "# /etc/kubernetes/audit/policy.yaml: created with mode 0600, owner 0:0\n"
            "--- /dev/null\n"
            "+++ /etc/kubernetes/audit/policy.yaml\n"
            "@@ -0,0 +1 @@\n"
            "+secret\n"
            "--- /etc/kubernetes/manifests/kube-apiserver.yaml\n"
            "+++ /etc/kubernetes/manifests/kube-apiserver.yaml\n"
            "@@ -5,5 +5,5 @@\n"
            "   containers:\n"
            "   - command:\n"
            "     - kube-apiserver\n"
            "-    - --profiling=true\n"
            "+    - --profiling=false\n"
            "     name: kube-apiserver\n"
            "# step second\n"
            "--- /etc/kubernetes/config.yaml\n"
            "+++ /etc/kubernetes/config.yaml\n"
            "@@ -1,2 +1,3 @@\n"
            " a:\n"
            "   c: 2\n"
            "+  b: 1\n"
            "# /etc/kubernetes/manifests/kube-apiserver.yaml: mode 0644 -> 0600\n"
            "--- /etc/kubernetes/manifests/kube-apiserver.yaml\n"
            "+++ /etc/kubernetes/manifests/kube-apiserver.yaml\n"
            "@@ -6,4 +6,5 @@\n"
            "   - command:\n"
            "     - kube-apiserver\n"
            "     - --profiling=false\n"
            "+    - --v=2\n"
            "     name: kube-apiserver\n"
            "# /etc/kubernetes/old: removed (mode 0644, owner 0:0)\n"
            "--- /etc/kubernetes/old\n"
            "+++ /dev/null\n"
            "@@ -1 +0,0 @@\n"
            "-x\n");
  EXPECT_EQ(*ReadUserFile(absl::StrCat(Path("node"), kManifest)), kPod);
}

TEST_F(BelayctlPlan, RenderWritesWhatEachFileBecomesAndDiffOfThatIsEmpty) {
  const Ran ran = Render();
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(Rendered(kManifest),
            absl::StrReplaceAll(kPod, {{"--profiling=true", "--profiling=false\n    - --v=2"}}));
  EXPECT_EQ(Rendered("/etc/kubernetes/audit/policy.yaml"), "secret\n");
  EXPECT_EQ(Rendered("/etc/kubernetes/config.yaml"), "a:\n  c: 2\n  b: 1\n");
  EXPECT_EQ(Rendered("/etc/kubernetes/old"), "(none)");
  EXPECT_TRUE(absl::StrContains(ran.out, "removed: /etc/kubernetes/old\n")) << ran.out;
  struct stat stat {};
  ASSERT_EQ(::stat(absl::StrCat(Path("out"), kManifest).c_str(), &stat), 0);
  EXPECT_EQ(stat.st_mode & 07777, 0600u);
  EXPECT_EQ(*ReadUserFile(absl::StrCat(Path("node"), kManifest)), kPod);
  const Ran again = RunVerb(AddPlanDiff, {"diff", Path("plan.yaml"), "--root", Path("out")});
  EXPECT_EQ(again.code, 0) << again.out << again.err;
  EXPECT_EQ(again.out, "");
  EXPECT_EQ(Render().code, 0);  // over what it wrote before
}

TEST_F(BelayctlPlan, SignedPlansAreReadToo) {
  const auto key = Ed25519PrivateKey::Generate();
  v1::RemediationPlan plan = CompilePlan(kPlan).plan;
  FillValidity(plan, 1'000, 1'000);
  ASSERT_TRUE(
      WriteNewFile(Path("signed.plan"), WriteSignedPlanFile(SignPlan(plan, *key)), 0644).ok());
  EXPECT_EQ(Diff("signed.plan").out, Diff().out);
}

TEST_F(BelayctlPlan, ARefusalNamesTheStepAndNothingIsRendered) {
  Put("/etc/kubernetes/config.yaml", "a: [\n");
  const Ran diff = Diff();
  EXPECT_EQ(diff.code, 11);
  EXPECT_TRUE(absl::StrContains(diff.out, "# step first\n")) << diff.out;
  EXPECT_TRUE(absl::StrContains(diff.err, "refused: step second: ")) << diff.err;
  const Ran render = Render();
  EXPECT_EQ(render.code, 11);
  EXPECT_TRUE(absl::StrContains(render.err, "step second: ")) << render.err;
  EXPECT_EQ(Rendered(kManifest), "(none)");
}

TEST_F(BelayctlPlan, RenderNeverWritesIntoTheNodeItReads) {
  const Ran ran = RunVerb(AddPlanRender, {"render", Path("plan.yaml"), "--root", Path("node"),
                                          "--out", Path("node/../node")});
  EXPECT_EQ(ran.code, 1);
  EXPECT_TRUE(absl::StrContains(ran.err, "--out is --root")) << ran.err;
  EXPECT_EQ(*ReadUserFile(absl::StrCat(Path("node"), kManifest)), kPod);
}

TEST_F(BelayctlPlan, NoLinkInTheOutputLeadsOutOfIt) {
  ASSERT_EQ(::mkdir(Path("out").c_str(), 0755), 0);
  ASSERT_EQ(::symlink(Path("node/etc").c_str(), Path("out/etc").c_str()), 0);
  EXPECT_EQ(Render().code, 1);
  EXPECT_EQ(*ReadUserFile(absl::StrCat(Path("node"), kManifest)), kPod);
}

TEST_F(BelayctlPlan, DiffSaysWhatIsWrongWithItsUse) {
  EXPECT_EQ(RunVerb(AddPlanDiff, {"diff", Path("plan.yaml")}).code, 2);
  EXPECT_EQ(
      RunVerb(AddPlanDiff, {"diff", Path("plan.yaml"), "--root", Path("node"), "--cluster", "c"})
          .code,
      2);
  EXPECT_EQ(RunVerb(AddPlanDiff, {"diff", Path("none"), "--root", Path("node")}).code, 2);
  EXPECT_EQ(RunVerb(AddPlanDiff, {"diff", Path("plan.yaml"), "--root", Path("none")}).code, 2);
  const Ran unsigned_plan = RunVerb(AddPlanDiff, {"diff", Path("plan.yaml"), "--cluster", "c"});
  EXPECT_EQ(unsigned_plan.code, 2);
  EXPECT_TRUE(absl::StrContains(unsigned_plan.err, "signed plans only")) << unsigned_plan.err;
  ASSERT_TRUE(ReplaceFile(Path("bad.yaml"), "a: b\n", 0644).ok());
  const Ran bad = Diff("bad.yaml");
  EXPECT_EQ(bad.code, 2);
  EXPECT_TRUE(absl::StrContains(bad.err, "bad.yaml:1:1: 'apiVersion' is missing")) << bad.err;
}

TEST_F(BelayctlPlan, DiffIsJsonToo) {
  const Ran ran =
      RunVerb(AddPlanDiff, {"diff", Path("plan.yaml"), "--root", Path("node"), "-o", "json"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_TRUE(absl::StrContains(ran.out, "\"kind\": \"CREATED\"")) << ran.out;
  EXPECT_TRUE(absl::StrContains(ran.out, "\"step\": \"second\"")) << ran.out;
}

}  // namespace
}  // namespace belay
