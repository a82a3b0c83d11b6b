// ConfinedArgumentTrial against a real process: this program, which says what it can still do when
// its last argument is --help.
#include "common/os/argument_trial.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/os/proc_files.h"

extern char** environ;  // NOLINT: the name is POSIX's

namespace belay {
namespace {

// In the part of the program that is asked.
int SayWhatIsPossible(int argc, char** argv) {
  for (int i = 1; i < argc - 1; ++i) {
    if (std::string(argv[i]) == "--fail") return 3;
    if (std::string(argv[i]) == "--abort") std::abort();
    if (std::string(argv[i]) == "--hang") {
      for (;;) pause();
    }
    std::printf("argument %s\n", argv[i]);
  }
  std::printf("uid %u gid %u groups %d\n", getuid(), getgid(), getgroups(0, nullptr));
  std::printf("environment %s\n", *environ == nullptr ? "empty" : "there");
  std::printf("root-only file %s\n", open("/etc/shadow", O_RDONLY) < 0 ? "closed" : "open");
  const int written = open("/tmp/belay-trial-written", O_CREAT | O_WRONLY, 0600);
  signal(SIGXFSZ, SIG_IGN);
  std::printf("file %s\n", written >= 0 && write(written, "x", 1) == 1 ? "written" : "not written");
  if (written >= 0) unlink("/tmp/belay-trial-written");
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(1);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool reached =
      connect(fd, reinterpret_cast<struct sockaddr*>(&address), sizeof(address)) == 0 ||
      errno == ECONNREFUSED;  // somebody was there to refuse
  std::printf("network %s\n", reached ? "reached" : "none");
  std::printf("no new privileges %d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  std::printf("set uid %s\n", setuid(0) == 0 ? "possible" : "impossible");
  std::printf("parent signalled %s\n", kill(getppid(), 0) == 0 ? "possible" : "impossible");
  std::printf("descriptors");
  for (int i = 0; i < 64; ++i) {
    if (i != fd && i != written && fcntl(i, F_GETFD) >= 0) std::printf(" %d", i);
  }
  std::printf("\n");
  return 0;
}

class ArgumentTrialTest : public testing::Test {
 protected:
  void SetUp() override {
    self_.pid = getpid();
    self_.argv = {"the-program"};
    self_.started_boottime_ns = StartedNs(ReadProcFile("/proc/self/stat").value_or("")).value_or(0);
    ASSERT_EQ(setenv("BELAY_SECRET", "x", 1), 0);
  }
  Process self_;
  ConfinedArgumentTrial trial_;
};

TEST_F(ArgumentTrialTest, TheProgramGetsItsArgumentsAndNothingElse) {
  const auto answer = trial_.Try(self_, {"--a=b", "c d"});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->exit_code, 0);
  EXPECT_EQ(answer->output,
            "argument --a=b\n"
            "argument c d\n"
            "uid 2000000000 gid 2000000000 groups 0\n"
            "environment empty\n"
            "root-only file closed\n"
            "file not written\n"
            "network none\n"
            "no new privileges 1\n"
            "set uid impossible\n"
            "parent signalled impossible\n"
            "descriptors 0 1 2\n");
}

TEST_F(ArgumentTrialTest, ItsExitCodeIsItsAnswer) {
  const auto answer = trial_.Try(self_, {"--fail"});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->exit_code, 3);
}

TEST_F(ArgumentTrialTest, ACrashAndAnotherProcessOfTheNumberAreNoAnswer) {
  EXPECT_FALSE(trial_.Try(self_, {"--abort"}).ok());
  Process other = self_;
  other.started_boottime_ns += 10'000'000;
  EXPECT_FALSE(trial_.Try(other, {"--a"}).ok());
  other.pid = 4'000'000;  // above the kernel's highest by default
  EXPECT_FALSE(trial_.Try(other, {"--a"}).ok());
}

}  // namespace
}  // namespace belay

int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[argc - 1]) == "--help") {
    return belay::SayWhatIsPossible(argc, argv);
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
