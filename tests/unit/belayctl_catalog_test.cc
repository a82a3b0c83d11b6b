// `belayctl catalog lint` and `catalog show`, as an operator meets them.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "absl/strings/match.h"
#include "tests/support/belayctl_run.h"

namespace belay {
namespace {

class CatalogVerbs : public testing::Test {
 protected:
  CatalogVerbs() {
    std::string name = testing::TempDir() + "catalogXXXXXX";
    const int fd = mkstemp(name.data());
    close(fd);
    path = name;
  }
  ~CatalogVerbs() override { unlink(path.c_str()); }
  void Write(const std::string& text) { std::ofstream(path) << text; }
  std::string path;
};

TEST_F(CatalogVerbs, LintPrintsPlacesAndFails) {
  Write(
      "apiVersion: belay.dev/v1\nkind: Catalogue\nmetadata: {name: a, title: b}\nspec: {extends: "
      "cis-1.12}\n");
  const Ran ran = RunVerb(AddCatalogVerbs, {"lint", path});
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.out, path + ":2:7: 'kind' must be Catalog\n");
  EXPECT_TRUE(absl::StrContains(ran.err, "1 mistake was found")) << ran.err;
}

TEST_F(CatalogVerbs, LintSeesWhatShowsOnlyTogetherWithWhatIsExtended) {
  Write(
      "apiVersion: belay.dev/v1\nkind: Catalog\nmetadata: {name: a, title: b}\n"
      "spec: {extends: cis-1.12, without: [\"7.7.7\"]}\n");
  const Ran ran = RunVerb(AddCatalogVerbs, {"lint", path});
  EXPECT_EQ(ran.code, 1);
  EXPECT_TRUE(absl::StrContains(ran.out, "7.7.7")) << ran.out;
}

TEST_F(CatalogVerbs, LintIsSilentAboutAGoodOne) {
  Write(
      "apiVersion: belay.dev/v1\nkind: Catalog\nmetadata: {name: a, title: b}\n"
      "spec: {extends: cis-1.12, without: [\"1.1.12\"]}\n");
  const Ran ran = RunVerb(AddCatalogVerbs, {"lint", path});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, "");
}

TEST_F(CatalogVerbs, ShowListsTheNewestBenchmark) {
  const Ran ran = RunVerb(AddCatalogVerbs, {"show"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_TRUE(absl::StartsWith(ran.out, "cis-2.0.1: ")) << ran.out.substr(0, 100);
  EXPECT_TRUE(absl::StrContains(ran.out, "\n1.2.15   L1     automated  kube-apiserver"));
}

TEST_F(CatalogVerbs, ShowTellsEverythingOfOneControl) {
  const Ran ran = RunVerb(AddCatalogVerbs, {"show", "--benchmark", "cis-1.11", "1.2.15"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out,
            "cis-1.11/1.2.15  Profiling of the API server is off\n"
            "level      1, automated, kube-apiserver\n"
            "why        The profiler shows the inner state of the server and costs time while it "
            "runs.\n"
            "checked    --profiling of kube-apiserver is 'false'\n"
            "risk       low: None beyond the restart; whoever profiles must turn it on for the "
            "while.\n"
            "fix        set --profiling=false in kube-apiserver\n");
  EXPECT_EQ(RunVerb(AddCatalogVerbs, {"show", "9.9.9"}).code, 1);
  EXPECT_EQ(RunVerb(AddCatalogVerbs, {"show", "--benchmark", "cis-9"}).code, 1);
}

}  // namespace
}  // namespace belay
