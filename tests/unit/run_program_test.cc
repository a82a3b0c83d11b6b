// RunProgram and CommandServiceManager with real programs.
#include "common/os/run_program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "common/os/descriptor.h"
#include "common/os/kernel_facts.h"
#include "common/os/service_manager.h"

namespace belay {
namespace {

ProgramRun Shell(const std::string& script) {
  ProgramRun run;
  run.path = "/bin/sh";
  run.argv = {"sh", "-c", script};
  run.deadline_ms = 20'000;
  return run;
}

TEST(RunProgram, TakesOutputAndExitCodeAndGivesOnlyWhatItIsTold) {
  ::setenv("BELAY_SECRET", "x", 1);
  ProgramRun run = Shell("echo out; echo err >&2; echo \"$BELAY_SECRET$GIVEN\"; exit 3");
  run.environment = {"GIVEN=given"};
  const auto end = RunProgram(run);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(end->exit_code, 3);
  EXPECT_FALSE(end->timed_out);
  EXPECT_EQ(end->output, "out\nerr\ngiven\n");
}

TEST(RunProgram, ReadsItsInputToTheEnd) {
  const std::string text(300'000, 'x');
  ProgramRun run = Shell("cat | wc -c; cat | wc -c");
  run.environment = {"PATH=/usr/bin:/bin"};
  run.input = &text;
  const auto end = RunProgram(run);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(end->output, "300000\n0\n");
}

TEST(RunProgram, IsGivenUpWhenItIsAskedFor) {
  ProgramRun run = Shell("while :; do :; done");
  int asked = 0;
  run.give_up = [&asked] { return ++asked == 2; };
  const auto end = RunProgram(run);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_TRUE(end->timed_out);
  EXPECT_EQ(asked, 2);
}

TEST(RunProgram, HandsOverNoDescriptor) {
  const Descriptor secret(open("/etc/hostname", O_RDONLY));  // on purpose without O_CLOEXEC
  ASSERT_TRUE(secret.valid());
  const auto end = RunProgram(Shell("ls /proc/self/fd | tr '\\n' ' '; cat"));
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->output, "0 1 2 3 ");  // 3: ls reads the directory itself
}

TEST(RunProgram, BoundsItsOutputAndItsTime) {
  ProgramRun run = Shell("head -c 300000 /dev/zero | tr '\\0' x");
  run.most_output = 1000;
  auto end = RunProgram(run);
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->output, std::string(1000, 'x'));
  EXPECT_EQ(end->exit_code, 0);
  run = Shell("trap '' TERM; echo begun; tail -f /dev/null");
  run.deadline_ms = 2000;  // also a shell on a busy machine has begun by then
  end = RunProgram(run);
  ASSERT_TRUE(end.ok());
  EXPECT_TRUE(end->timed_out);
  EXPECT_EQ(end->output, "begun\n");
}

TEST(RunProgram, DoesNotWaitForWhatItHasLeftBehind) {
  // The reader keeps the output open until this test's own end of the pipe is closed.
  const auto end = RunProgram(Shell("tail -f /dev/null & echo $!"));
  ASSERT_TRUE(end.ok());
  EXPECT_FALSE(end->timed_out);
  kill(std::atoi(end->output.c_str()), SIGKILL);
}

TEST(RunProgram, RunsTheVeryFileThatIsOpen) {
  const Descriptor shell(open("/bin/sh", O_PATH | O_CLOEXEC));
  ProgramRun run = Shell("echo here");
  run.path = "";
  run.fd = shell.get();
  const auto end = RunProgram(run);
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->output, "here\n");
  run.fd = -1;
  run.path = "/none";
  const auto none = RunProgram(run);
  ASSERT_TRUE(none.ok());
  EXPECT_EQ(none->exit_code, 127);
}

class ServiceManagerTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/run/belay-restart-XXXXXX";  // every folder above it is root's alone
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
    program_ = folder_ + "/restart";
    std::ofstream(program_) << "#!/bin/sh\necho \"$#\" > " << folder_ << "/arguments\n"
                            << "test ! -e " << folder_ << "/broken || { echo it broke; exit 1; }\n";
    ASSERT_EQ(chmod(program_.c_str(), 0755), 0);
  }
  void TearDown() override { ASSERT_EQ(system(("rm -rf " + folder_).c_str()), 0); }
  std::string folder_;
  std::string program_;
};

TEST_F(ServiceManagerTest, RunsTheNodesOwnProgramWithoutArguments) {
  CommandServiceManager manager(program_);
  ASSERT_TRUE(manager.Check().ok()) << manager.Check();
  EXPECT_TRUE(manager.RestartKubelet().ok());
  std::string arguments;
  std::ifstream(folder_ + "/arguments") >> arguments;
  EXPECT_EQ(arguments, "0");
  std::ofstream(folder_ + "/broken") << "x";
  const absl::Status broken = manager.RestartKubelet();
  EXPECT_NE(broken.message().find("it broke"), std::string::npos) << broken;
}

TEST_F(ServiceManagerTest, RefusesWhatOthersThanRootCouldChange) {
  CommandServiceManager manager(program_);
  ASSERT_EQ(chmod(program_.c_str(), 0775), 0);
  EXPECT_FALSE(manager.Check().ok());
  EXPECT_FALSE(manager.RestartKubelet().ok());
  ASSERT_EQ(chmod(program_.c_str(), 0755), 0);
  ASSERT_EQ(chmod(folder_.c_str(), 0777), 0);
  EXPECT_FALSE(manager.Check().ok());
  ASSERT_EQ(chmod(folder_.c_str(), 0755), 0);
  ASSERT_EQ(chown(program_.c_str(), 1, 0), 0);
  EXPECT_FALSE(manager.Check().ok());
  ASSERT_EQ(chown(program_.c_str(), 0, 0), 0);
  EXPECT_TRUE(manager.Check().ok());
  const std::string link = folder_ + "/link";
  ASSERT_EQ(symlink(program_.c_str(), link.c_str()), 0);
  EXPECT_FALSE(CommandServiceManager(link).Check().ok());
  EXPECT_FALSE(CommandServiceManager(folder_).Check().ok());
  EXPECT_FALSE(CommandServiceManager(folder_ + "/none").Check().ok());
  std::string arguments;
  std::ifstream(folder_ + "/arguments") >> arguments;
  EXPECT_EQ(arguments, "");
}

TEST(KernelFacts, AreReadByTheirName) {
  EXPECT_FALSE(HostName().empty());
  EXPECT_EQ(KernelParameter("kernel.ostype"), std::optional<std::string>("Linux"));
  EXPECT_EQ(KernelParameter("kernel.no_such_thing"), std::nullopt);
}

}  // namespace
}  // namespace belay
