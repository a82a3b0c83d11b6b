// What belayctl refuses before it asks anybody: locks, labels, windows, selectors, dry runs.
#include <gtest/gtest.h>

#include "tests/support/belayctl_run.h"

namespace belay {
namespace {

TEST(BelayctlWords, WrongUsageIsNamedAndNobodyIsAsked) {
  struct Case {
    void (*add)(CLI::App&, Session&);
    std::vector<std::string> arguments;
    const char* says;
  };
  const std::vector<Case> cases = {
      {AddLockVerbs, {"take", "prod"}, "--reason"},
      {AddLockVerbs, {"break", "prod"}, "--reason"},
      {AddLockVerbs, {"release"}, "CLUSTER"},
      {AddLockVerbs, {"take", "prod", "--reason", "x", "--for", "soon"}, "nothing was changed"},
      {AddClusterVerbs, {"label", "prod"}, "LABEL"},
      {AddClusterVerbs, {"label", "prod", "env"}, "neither key=value nor key-"},
      {AddClusterVerbs, {"label", "prod", "en v=x"}, "no label key"},
      {AddClusterVerbs, {"label", "prod", "env=x/y"}, "no label value"},
      {AddClusterVerbs, {"label", "prod", "env=x", "env=y"}, "given twice"},
      {AddClusterVerbs, {"label", "prod", "env=x", "env-"}, "to be removed"},
      {AddClusterVerbs, {"list", "--selector", "env in prod"}, "character 8"},
      {AddRolloutStart, {"start", "p", "--cluster", "c", "--dry-run", "--watch"}, "--watch"},
      {AddRolloutStart, {"start", "p", "--cluster", "c", "--detailed-exitcode"}, "--dry-run"},
  };
  for (const Case& c : cases) {
    const Ran ran = RunVerb(c.add, c.arguments);
    EXPECT_EQ(ran.code, 2) << c.says << "\n" << ran.err;
    EXPECT_NE(ran.err.find(c.says), std::string::npos) << ran.err;
    EXPECT_EQ(ran.out, "");
  }
}

}  // namespace
}  // namespace belay
