#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "common/durable/framed_log.h"
#include "tests/support/sim_disk.h"

namespace belay {
namespace {

constexpr char kPath[] = "/state/log";

class Durable : public testing::Test {
 protected:
  Durable() { disk_.PutDirectory("/state"); }
  std::unique_ptr<FramedLog> Open() {
    auto log = FramedLog::Open(disk_, kPath);
    EXPECT_TRUE(log.ok()) << log.status();
    return log.ok() ? *std::move(log) : nullptr;
  }
  std::string Bytes() { return disk_.Read(kPath)->bytes; }
  void Overwrite(const std::string& bytes) {
    disk_.PutFile(kPath, bytes, disk_.Read(kPath)->attributes);
  }
  SimDisk disk_;
};

TEST_F(Durable, FramesComeBackInOrderWithAnyBytesInThem) {
  const std::vector<std::string> frames = {"one", std::string("\0\xff\n", 3),
                                           std::string(100'000, 'x')};
  for (const std::string& frame : frames) ASSERT_TRUE(Open()->Append(frame).ok());
  EXPECT_EQ(Open()->frames(), frames);
}

TEST_F(Durable, AnAppendedFrameSurvivesAPowerCutAtOnce) {
  ASSERT_TRUE(Open()->Append("one").ok());
  std::mt19937 random;
  disk_.Apply(SimDisk::Cut::Lose, random);
  EXPECT_EQ(Open()->frames(), std::vector<std::string>{"one"});
}

TEST_F(Durable, TheFormatIsTheDocumentedOne) {
  ASSERT_TRUE(Open()->Append("abc").ok());
  // CRC-32 of 03 00 00 00 61 62 63 as zlib computes it.
  EXPECT_EQ(Bytes().substr(0, 14), std::string("belaylog1\n\3\0\0\0", 14));
  EXPECT_EQ(Bytes().substr(18), "abc");
  EXPECT_EQ(disk_.Read(kPath)->attributes.mode, 0600U);
}

TEST_F(Durable, ATailCutAtAnyByteIsCutOffAndTheLogGoesOn) {
  {
    auto log = Open();
    ASSERT_TRUE(log->Append("first frame").ok());
    ASSERT_TRUE(log->Append("second frame").ok());
  }
  const std::string whole = Bytes();
  const std::size_t last = 8 + std::string("second frame").size();
  for (std::size_t kept = whole.size() - last; kept < whole.size(); ++kept) {
    Overwrite(whole.substr(0, kept));
    auto log = Open();
    ASSERT_EQ(log->frames(), std::vector<std::string>{"first frame"}) << kept;
    ASSERT_TRUE(log->Append("third").ok());
    EXPECT_EQ(Open()->frames(), (std::vector<std::string>{"first frame", "third"})) << kept;
  }
}

TEST_F(Durable, ATailOfZerosIsCutOff) {
  ASSERT_TRUE(Open()->Append("first").ok());
  const std::string sound = Bytes();
  Overwrite(sound + std::string(4096, '\0'));
  EXPECT_EQ(Open()->frames(), std::vector<std::string>{"first"});
  EXPECT_EQ(Bytes(), sound);
}

TEST_F(Durable, ACutTailStaysCutAfterAPowerCut) {
  ASSERT_TRUE(Open()->Append("first").ok());
  const std::string sound = Bytes();
  Overwrite(sound + "garbage");
  Open();
  std::mt19937 random;
  disk_.Apply(SimDisk::Cut::Lose, random);
  EXPECT_EQ(Bytes(), sound);
}

TEST_F(Durable, AnyFlippedBitBeforeTheLastFrameIsDataLossAndNothingIsTouched) {
  for (const char* frame : {"first", "second", "third"}) ASSERT_TRUE(Open()->Append(frame).ok());
  const std::string whole = Bytes();
  const std::size_t last = 8 + std::string("third").size();
  for (std::size_t at = 0; at < whole.size() - last; ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      Overwrite(damaged);
      const auto log = FramedLog::Open(disk_, kPath);
      ASSERT_TRUE(absl::IsDataLoss(log.status())) << "byte " << at << " bit " << bit;
      ASSERT_EQ(Bytes(), damaged);
    }
  }
}

TEST_F(Durable, AFileOfSomebodyElseIsNotTouched) {
  disk_.PutFile(kPath, "hello world, this is not a log\n", {});
  EXPECT_TRUE(absl::IsDataLoss(FramedLog::Open(disk_, kPath).status()));
  EXPECT_EQ(Bytes(), "hello world, this is not a log\n");
}

TEST_F(Durable, AfterAFailedAppendTheLogIsDeadUntilOpenedAgain) {
  for (const int call : {0, 1}) {
    auto log = Open();
    const std::size_t before = log->frames().size();
    disk_.FailAt(call, absl::ResourceExhaustedError("No space left on device"));
    EXPECT_TRUE(absl::IsResourceExhausted(log->Append("lost")));
    EXPECT_TRUE(absl::IsFailedPrecondition(log->Append("next")));
    EXPECT_TRUE(absl::IsFailedPrecondition(log->Append("next")));
    EXPECT_EQ(log->frames().size(), before);
    disk_.Disarm();
    EXPECT_TRUE(Open()->Append("after").ok());
  }
}

TEST_F(Durable, EmptyAndHugeFramesAreRefused) {
  auto log = Open();
  EXPECT_TRUE(absl::IsInvalidArgument(log->Append("")));
  EXPECT_TRUE(absl::IsInvalidArgument(log->Append(std::string((16U << 20) + 1, 'x'))));
  EXPECT_TRUE(log->Append("fine").ok());
}

TEST_F(Durable, AnUnreadableFileIsAnErrorAndNotAnEmptyLog) {
  disk_.PutSymlink(kPath);
  EXPECT_TRUE(absl::IsFailedPrecondition(FramedLog::Open(disk_, kPath).status()));
}

}  // namespace
}  // namespace belay
