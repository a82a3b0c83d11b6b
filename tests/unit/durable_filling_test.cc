// Space for later frames where the file system reserves none: filling that frames are written over.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/durable/framed_log.h"
#include "tests/support/sim_disk.h"

namespace belay {
namespace {

using Cut = SimDisk::Cut;

constexpr char kPath[] = "/state/log";
constexpr std::size_t kHeader = 10;
constexpr std::size_t kAround = 8;  // a frame

class DurableFilling : public testing::Test {
 protected:
  DurableFilling() {
    disk.PutDirectory("/state");
    disk.reserves = false;
  }
  std::unique_ptr<FramedLog> Open() {
    auto log = FramedLog::Open(disk, kPath);
    EXPECT_TRUE(log.ok()) << log.status();
    return log.ok() ? *std::move(log) : nullptr;
  }
  std::string Bytes() { return disk.Read(kPath)->bytes; }
  void PowerCut() {
    std::mt19937 unused;
    disk.Apply(Cut::Lose, unused);
  }
  SimDisk disk;
};

TEST_F(DurableFilling, FramesAreWrittenOverItAndNeedNoSpace) {
  auto log = Open();
  ASSERT_TRUE(log->Reserve(100).ok());
  EXPECT_EQ(Bytes().substr(kHeader), std::string(100, '\xff'));
  disk.FillAt(0);
  const std::vector<std::string> frames = {std::string(40, 'a'), std::string(40, '\xff')};
  for (const std::string& frame : frames) ASSERT_TRUE(log->Append(frame).ok());
  EXPECT_EQ(Bytes().size(), kHeader + 100) << "nothing of it was given back";
  EXPECT_EQ(Open()->frames(), frames);
  EXPECT_TRUE(absl::IsResourceExhausted(log->Append("what was not asked for")));
}

TEST_F(DurableFilling, ItIsThereForTheNextLifeAfterAPowerCut) {
  ASSERT_TRUE(Open()->Reserve(100).ok());
  PowerCut();
  disk.FillAt(0);
  auto log = Open();
  ASSERT_TRUE(log->Append(std::string(40, 'a')).ok());
  PowerCut();
  log = Open();
  EXPECT_TRUE(log->Reserve(100 - 40 - kAround).ok()) << "what is there is not asked for again";
  ASSERT_TRUE(log->Append(std::string(40, 'b')).ok());
  EXPECT_EQ(Open()->frames().size(), 2U);
}

TEST_F(DurableFilling, WhereThereIsNoSpaceForMoreTheLogKeepsWhatItHad) {
  auto log = Open();
  ASSERT_TRUE(log->Reserve(100).ok());
  disk.FillAt(0);
  EXPECT_TRUE(absl::IsResourceExhausted(log->Reserve(1000)));
  ASSERT_TRUE(log->Append(std::string(90, 'a')).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(log->Reserve(1000)));
  disk.MakeRoom();
  ASSERT_TRUE(log->Reserve(1000).ok());
  ASSERT_TRUE(log->Append(std::string(990, 'b')).ok());
  EXPECT_EQ(Bytes().size(), kHeader + 98 + 1000);
  EXPECT_EQ(Open()->frames().size(), 2U);
}

TEST_F(DurableFilling, AFrameThatIsLongerThanItIsAppendedAsEver) {
  auto log = Open();
  ASSERT_TRUE(log->Reserve(100).ok());
  ASSERT_TRUE(log->Append(std::string(500, 'a')).ok());
  ASSERT_TRUE(log->Append("after it").ok());
  EXPECT_EQ(Bytes().size(), kHeader + 500 + kAround + 8 + kAround);
  EXPECT_EQ(Open()->frames().size(), 2U);
}

TEST_F(DurableFilling, ANewFileHasNoneUntilItIsAskedForAgain) {
  auto log = Open();
  ASSERT_TRUE(log->Reserve(100).ok());
  ASSERT_TRUE(log->Replace({"folded up"}).ok());
  ASSERT_TRUE(log->Append("one").ok());
  ASSERT_TRUE(log->Reserve(50).ok());
  ASSERT_TRUE(log->Append("two").ok());
  EXPECT_EQ(Open()->frames(), (std::vector<std::string>{"folded up", "one", "two"}));
}

TEST_F(DurableFilling, DamageInFrontOfItIsStillDamage) {
  {
    auto log = Open();
    for (const char* frame : {"first", "second"}) ASSERT_TRUE(log->Append(frame).ok());
    ASSERT_TRUE(log->Reserve(100).ok());
  }
  std::string damaged = Bytes();
  damaged[kHeader + kAround] = 'F';
  disk.PutFile(kPath, damaged, {});
  EXPECT_TRUE(absl::IsDataLoss(FramedLog::Open(disk, kPath).status()));
  EXPECT_EQ(Bytes(), damaged);
}

// A life that asks for space twice and appends; what was appended when it was cut.
std::vector<std::string> Live(SimDisk& on, const std::string& name) {
  std::vector<std::string> appended;
  try {
    const auto log = FramedLog::Open(on, kPath);
    if (!log.ok()) return appended;
    for (int i = 0; i < 5; ++i) {
      if (i == 1 || i == 3) (*log)->Reserve(static_cast<std::uint64_t>(i) * 40).IgnoreError();
      const std::string frame = absl::StrCat(name, i) + std::string(7, i % 2 == 0 ? '\xff' : '\0');
      if ((*log)->Append(frame).ok()) appended.push_back(frame);
    }
  } catch (const Crash&) {
  }
  return appended;
}

// Every frame that was appended is there, and of others at most the one that was being appended.
void Check(SimDisk on, const std::vector<std::string>& appended, const std::string& schedule) {
  on.Disarm();
  {
    const auto log = FramedLog::Open(on, kPath);
    ASSERT_TRUE(log.ok()) << log.status() << schedule;
    const auto& frames = (*log)->frames();
    ASSERT_GE(frames.size(), appended.size()) << schedule;
    for (const std::string& frame : appended) {
      ASSERT_NE(std::find(frames.begin(), frames.end(), frame), frames.end()) << schedule;
    }
    ASSERT_TRUE((*log)->Append("later").ok()) << schedule;
  }
  std::mt19937 unused;
  on.Apply(Cut::Lose, unused);
  const auto log = FramedLog::Open(on, kPath);
  ASSERT_TRUE(log.ok()) << log.status() << schedule;
  ASSERT_EQ((*log)->frames().back(), "later") << schedule;
}

TEST_F(DurableFilling, CutAtEveryCallAndAgainInTheNextLifeNothingIsLost) {
  int schedules = 0;
  for (const Cut cut : {Cut::Kill, Cut::Lose, Cut::Keep, Cut::Torn}) {
    for (unsigned seed = 0; seed < (cut == Cut::Torn ? 12U : 1U); ++seed) {
      for (int k1 = 0;; ++k1) {
        SimDisk once = disk;
        once.CrashAt(k1, seed % 2 == 1 || cut == Cut::Kill);
        const std::vector<std::string> first = Live(once, "a");
        if (!once.triggered()) break;
        std::mt19937 random(seed * 100 + static_cast<unsigned>(k1));
        once.Apply(cut, random);
        Check(once, first, absl::StrCat(" cut ", static_cast<int>(cut), " at ", k1));
        for (int k2 = 0;; ++k2) {
          SimDisk twice = once;
          twice.CrashAt(k2, seed % 3 == 0);
          std::vector<std::string> both = first;
          for (std::string& frame : Live(twice, "b")) both.push_back(std::move(frame));
          const bool was_cut = twice.triggered();
          std::mt19937 second(seed * 1000 + static_cast<unsigned>(k2));
          twice.Apply(Cut::Torn, second);
          ++schedules;
          Check(twice, both, absl::StrCat(" cut ", static_cast<int>(cut), " at ", k1, ", ", k2));
          if (HasFailure()) return;
          if (!was_cut) break;
        }
      }
    }
  }
  std::printf("%d schedules\n", schedules);
  EXPECT_GT(schedules, 3000);
}

}  // namespace
}  // namespace belay
