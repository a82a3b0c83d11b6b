// PidfdProcessEnder against real children; what they are is read from a /proc of the test's own
// making, because a control group of kubelet's cannot be had everywhere.
#include "common/os/process_ender.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"

namespace belay {
namespace {

const std::string kPod(32, 'a');
const std::string kOtherPod(32, 'b');
constexpr std::int64_t kStartedTicks = 4'200;

class ProcessEnderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/belay-ender-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    proc_ = name;
    child_ = fork();
    if (child_ == 0) {
      for (;;) pause();
    }
    ASSERT_GT(child_, 0);
    Show(child_, kPod, "55");
    ender_.emplace(proc_);
    process_.pid = child_;
    process_.started_boottime_ns = kStartedTicks * (1'000'000'000 / sysconf(_SC_CLK_TCK));
    process_.pod_uid = kPod;
  }
  void TearDown() override {
    if (!Ended()) {
      kill(child_, SIGKILL);
      waitpid(child_, nullptr, 0);
    }
    ASSERT_EQ(system(("rm -rf " + proc_).c_str()), 0);
  }
  void Write(const std::string& path, const std::string& text) const {
    std::ofstream(proc_ + path, std::ios::trunc) << text;
  }
  // A process of this pod with a socket of this inode; inode 77 listens, 55 is connected.
  void Show(std::int64_t pid, const std::string& pod, const std::string& inode,
            const std::string& state = "S") const {
    const std::string base = absl::StrCat("/", pid);
    for (const std::string& directory : {base, base + "/fd", base + "/net"}) {
      mkdir((proc_ + directory).c_str(), 0700);
    }
    std::string fields;
    for (int i = 4; i <= 21; ++i) fields += "0 ";
    Write(base + "/stat", absl::StrCat(pid, " (x) ", state, " ", fields, kStartedTicks, " 0\n"));
    Write(base + "/cgroup", absl::StrCat("1:cpu:/kubepods/burstable/pod", pod, "/abc\n"));
    Write(base + "/net/tcp",
          "  sl  local_address rem_address   st\n"
          "   0: 0100007F:192B 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 77 1\n"
          "   1: 0100007F:192B 0100007F:D431 01 00000000:00000000 00:00000000 00000000 0 0 55 1\n");
    const std::string link = absl::StrCat(proc_, base, "/fd/3");
    unlink(link.c_str());
    ASSERT_EQ(symlink(absl::StrCat("socket:[", inode, "]").c_str(), link.c_str()), 0);
  }
  bool Ended() {
    if (!reaped_) reaped_ = waitpid(child_, nullptr, WNOHANG) == child_;
    return reaped_;
  }

  std::string proc_;
  pid_t child_ = -1;
  bool reaped_ = false;
  Process process_;
  std::optional<PidfdProcessEnder> ender_;
};

TEST_F(ProcessEnderTest, EndsWhoServesNobodyAndIsContentWithWhoeverIsGone) {
  EXPECT_EQ(ender_->PodListens(kPod), std::optional<bool>(false));
  EXPECT_TRUE(ender_->End(process_).ok());
  EXPECT_TRUE(Ended());
  EXPECT_TRUE(ender_->End(process_).ok());
}

TEST_F(ProcessEnderTest, RefusesAProcessThatListens) {
  Show(child_, kPod, "77");
  EXPECT_EQ(ender_->PodListens(kPod), std::optional<bool>(true));
  EXPECT_EQ(ender_->End(process_).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(Ended());
}

TEST_F(ProcessEnderTest, RefusesAWrapperWhoseChildListens) {
  Show(child_ + 100'000, kPod, "77");
  EXPECT_EQ(ender_->End(process_).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(Ended());
  Show(child_ + 100'000, kOtherPod, "77");  // the new pod may, and shall
  EXPECT_EQ(ender_->PodListens(kPod), std::optional<bool>(false));
}

TEST_F(ProcessEnderTest, RefusesWhereItCannotBeToldWhoListens) {
  const std::string sockets = absl::StrCat(proc_, "/", child_, "/net/tcp");
  ASSERT_EQ(unlink(sockets.c_str()), 0);
  EXPECT_EQ(ender_->PodListens(kPod), std::nullopt);
  EXPECT_EQ(ender_->End(process_).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(Ended());
  EXPECT_EQ(ender_->PodListens(""), std::nullopt);
  EXPECT_EQ(PidfdProcessEnder(proc_ + "/none").PodListens(kPod), std::nullopt);
}

TEST_F(ProcessEnderTest, AZombieOfThePodThatShowsNothingIsNoObstacle) {
  Show(child_ + 100'000, kPod, "77", "Z");
  const std::string base = absl::StrCat(proc_, "/", child_ + 100'000);
  ASSERT_EQ(unlink((base + "/fd/3").c_str()), 0);
  ASSERT_EQ(rmdir((base + "/fd").c_str()), 0);
  EXPECT_EQ(ender_->PodListens(kPod), std::optional<bool>(false));
}

TEST_F(ProcessEnderTest, RefusesWhoeverHasGotTheNumberSince) {
  Process other = process_;
  other.started_boottime_ns += 10'000'000;
  EXPECT_EQ(ender_->End(other).code(), absl::StatusCode::kFailedPrecondition);
  Show(child_, kOtherPod, "55");
  EXPECT_EQ(ender_->End(process_).code(), absl::StatusCode::kFailedPrecondition);
  other = process_;
  other.pod_uid = "";
  Write(absl::StrCat("/", child_, "/cgroup"), "1:cpu:/system.slice/x.service\n");
  EXPECT_EQ(ender_->End(other).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(Ended());
}

}  // namespace
}  // namespace belay
