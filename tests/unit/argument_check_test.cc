// What is refused because the program itself would refuse it, and what is not.
#include "node-agent/health/argument_check.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"

namespace belay {
namespace {

// Takes --old=1 and --good=1, as Go's pflag does.
class Program : public ArgumentTrial {
 public:
  absl::StatusOr<TrialAnswer> Try(const Process& process,
                                  const std::vector<std::string>& arguments) override {
    EXPECT_EQ(process.pid, 7);
    asked.push_back(absl::StrJoin(arguments, " "));
    if (!able.ok()) return able;
    for (const std::string& argument : arguments) {
      if (argument == "--old=1" && !control_fails) continue;
      if (argument == "--good=1") continue;
      return TrialAnswer{1, complaint + argument + "\nUsage: pages of it\n"};
    }
    return TrialAnswer{0, "Usage: the error \"unknown flag: --x\" is only mentioned here"};
  }
  std::vector<std::string> asked;
  absl::Status able;
  bool control_fails = false;
  std::string complaint = "Error: unknown flag: ";
};

v1::ComponentExpectation Expecting(const std::vector<std::string>& before,
                                   const std::vector<std::string>& after) {
  v1::ComponentExpectation component;
  component.set_component("etcd");
  component.set_manifest_path("/m/etcd.yaml");
  for (const std::string& element : before) component.add_argv_before(element);
  for (const std::string& element : after) component.add_argv_after(element);
  return component;
}

const Process kServer = {7, 5, {"etcd", "--old=1"}};

TEST(ArgumentCheck, WhatTheProgramTakesIsNotRefused) {
  Program program;
  EXPECT_TRUE(RefuseUnknownArguments(
                  Expecting({"etcd", "--old=1"}, {"etcd", "--old=1", "--good=1"}), kServer, program)
                  .ok());
  EXPECT_EQ(program.asked, std::vector<std::string>{"--old=1 --good=1"});
}

TEST(ArgumentCheck, WhatTheProgramRefusesIsRefusedInItsOwnWords) {
  for (const char* words :
       {"Error: unknown flag: ", "Error: invalid argument \"x\" for ", "invalid value \"x\" for ",
        "flag provided but not defined: ", "Error: flag needs an argument: "}) {
    Program program;
    program.complaint = words;
    const absl::Status refused = RefuseUnknownArguments(
        Expecting({"/bin/etcd", "--old=1"}, {"/bin/etcd", "--bad=1"}), kServer, program);
    EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_TRUE(absl::StrContains(refused.message(), words)) << refused;
    EXPECT_FALSE(absl::StrContains(refused.message(), "pages"));
    EXPECT_EQ(program.asked, (std::vector<std::string>{"--bad=1", "--old=1"}));
  }
}

TEST(ArgumentCheck, BehindAWrapperTheProgramsOwnArgumentsAreTried) {
  Program program;
  EXPECT_FALSE(RefuseUnknownArguments(Expecting({"/go-runner", "--log", "/bin/etcd", "--old=1"},
                                                {"/go-runner", "--log", "/bin/etcd", "--bad=1"}),
                                      kServer, program)
                   .ok());
  EXPECT_EQ(program.asked.front(), "--bad=1");
}

TEST(ArgumentCheck, WhatCannotBeAskedIsLeftToTheGate) {
  const v1::ComponentExpectation bad = Expecting({"etcd", "--old=1"}, {"etcd", "--bad=1"});
  Program unable;
  unable.able = absl::UnavailableError("no such call");
  EXPECT_TRUE(RefuseUnknownArguments(bad, kServer, unable).ok());
  Program refuses_everything;
  refuses_everything.control_fails = true;
  EXPECT_TRUE(RefuseUnknownArguments(bad, kServer, refuses_everything).ok());
  Program strange;
  strange.complaint = "cannot allocate memory ";
  EXPECT_TRUE(RefuseUnknownArguments(bad, kServer, strange).ok());
  Program never_asked;
  EXPECT_TRUE(
      RefuseUnknownArguments(Expecting({"sh", "-c", "etcd --old=1"}, {"sh", "-c", "etcd --bad=1"}),
                             kServer, never_asked)
          .ok());
  EXPECT_TRUE(RefuseUnknownArguments(Expecting({"etcd", "--old=1"}, {"etcd", "--bad=$(HOST_IP)"}),
                                     kServer, never_asked)
                  .ok());
  EXPECT_TRUE(never_asked.asked.empty());
}

}  // namespace
}  // namespace belay
