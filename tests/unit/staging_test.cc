// What is put ready for a rollback: found again and removed by whichever life comes next, never
// used for anything else, and of a size that fits.
#include "node-agent/transaction/staging.h"

#include <random>

#include "absl/strings/match.h"
#include "node-agent/transaction/file_image.h"
#include "node-agent/transaction/record_bounds.h"
#include "tests/unit/transaction_fixture.h"

namespace belay {
namespace {

using Kind = GateResult::Kind;

// Dot-names beside the manifest.
int DotNames(const SimDisk& disk) {
  int count = 0;
  const auto entries = disk.List("/etc/kubernetes/manifests");
  for (const DirectoryEntry& entry : *entries) count += entry.name[0] == '.' ? 1 : 0;
  return count;
}

TEST_F(Transaction, TheOldFileLiesReadyWhileTheNewOneIsProved) {
  gate_.during = [&] { EXPECT_EQ(DotNames(world_.disk), 1); };
  ASSERT_EQ(*Run(), v1::VERDICT_COMMITTED);
  EXPECT_EQ(gate_.requests.size(), 1U);
  EXPECT_EQ(DotNames(world_.disk), 0);
}

// At every call of a preparation that no later command comes back to.
TEST(Staging, APreparationThatWasCutLeavesNothingBehind) {
  for (const SimDisk::Cut cut :
       {SimDisk::Cut::Kill, SimDisk::Cut::Lose, SimDisk::Cut::Keep, SimDisk::Cut::Torn}) {
    int seen = 0;
    for (int k = 0;; ++k) {
      TransactionWorld world(Scenario::EveryKind);
      world.disk.CrashAt(k, cut == SimDisk::Cut::Torn);
      static_cast<void>(world.Live());
      if (!world.disk.triggered()) break;
      std::mt19937 random(static_cast<unsigned>(k));
      seen += world.HasTemporary() ? 1 : 0;
      world.Cut(cut, random);
      QueuedGate gate;
      auto executor = world.Open(gate);
      ASSERT_TRUE(executor.ok()) << executor.status();
      ASSERT_TRUE((*executor)->Recover().ok());
      EXPECT_FALSE(world.HasTemporary()) << "cut at " << k;
      EXPECT_FALSE(world.disk.Read(std::string(kWorldStateDir) + "/staged").ok()) << k;
      executor->reset();
      world.Cut(SimDisk::Cut::Lose, random);  // and stays away
      EXPECT_FALSE(world.HasTemporary()) << "cut at " << k << " and power cut later";
    }
    EXPECT_GT(seen, 5);
  }
}

TEST_F(Transaction, InAnEmergencyItStaysForPeople) {
  gate_.kinds = {Kind::Failed, Kind::Failed};
  ASSERT_EQ(*Run(), v1::VERDICT_EMERGENCY_STOP);
  world_.disk.PutFile(std::string(kWorldStateDir) + "/staged", std::string(kWorldManifest) + '\0',
                      {});
  Start();
  ASSERT_TRUE(executor_->Recover().ok());
  EXPECT_TRUE(world_.disk.Read(std::string(kWorldStateDir) + "/staged").ok());
  ASSERT_TRUE(executor_->ClearEmergency("seen to", "ada", "q").ok());
  ASSERT_TRUE(executor_->Recover().ok());
  EXPECT_FALSE(world_.disk.Read(std::string(kWorldStateDir) + "/staged").ok());
}

TEST_F(Transaction, AListThatIsHalfAPathDoesNotStopTheAgent) {
  for (const char* list : {"/etc/kuber", "etc", "/", "/etc/..", ""}) {
    world_.disk.PutFile(std::string(kWorldStateDir) + "/staged", list, {});
    Start();
    EXPECT_TRUE(executor_->Recover().ok()) << list;
  }
  EXPECT_EQ(Manifest(), OldManifest().bytes);
}

TEST(PublisherWithoutRoomForAName, StillSeesTheFileOfSomebodyElse) {
  SimDisk disk;
  disk.PutDirectory("/m");
  disk.PutFile("/m/f", "new", {});
  Publisher publisher(disk, "id");
  const v1::FileImage from = ImageOf("new", {});
  const v1::FileImage to = ImageOf("old", {});
  ASSERT_TRUE(publisher.Stage("/m/f", to, "old").ok());
  disk.FillAt(-1);
  disk.before_each = [&](const std::string& path) {
    if (absl::EndsWith(path, "-was")) disk.Overwrite("/m/f", "by hand");
  };
  const auto published = publisher.Replace("/m/f", from, to, "old");
  ASSERT_TRUE(published.ok()) << published.status();
  EXPECT_EQ(*published, Published::Foreign);
  EXPECT_EQ(disk.Read("/m/f")->bytes, "by hand");
  disk.before_each = nullptr;
  disk.Overwrite("/m/f", "new");
  EXPECT_EQ(*publisher.Replace("/m/f", from, to, "old"), Published::Written);
  EXPECT_EQ(disk.Read("/m/f")->bytes, "old");
}

v1::Record Talkative() {
  v1::Record record;
  v1::RollingBack& back = *record.mutable_rolling_back();
  back.set_reason(std::string(1 << 20, 'r'));
  for (int i = 0; i < 50'000; ++i) {
    back.mutable_report()->add_samples()->set_what("answer " + std::to_string(i));
  }
  back.mutable_report()->add_notes(std::string(1 << 20, 'n'));
  return record;
}

TEST(RecordBounds, TheNewestSamplesStayAndTheRecordSaysThatOthersDoNot) {
  v1::Record record = Talkative();
  BoundRecord(&record);
  EXPECT_LT(record.ByteSizeLong(), kMostReportBytes + 3 * kMostTextBytes);
  const v1::StepReport& report = record.rolling_back().report();
  ASSERT_GT(report.samples_size(), 100);
  EXPECT_EQ(report.samples().rbegin()->what(), "answer 49999");
  EXPECT_TRUE(absl::StrContains(report.notes().rbegin()->data(), "too long"));
  EXPECT_TRUE(absl::EndsWith(record.rolling_back().reason(), "[cut off here]"));
  v1::Record again = record;
  again.mutable_rolling_back()->set_reason("short");
  const std::string before = again.SerializeAsString();
  BoundRecord(&again);
  EXPECT_EQ(again.SerializeAsString(), before);
}

TEST_F(Transaction, WhatAComponentSaysCannotFillTheJournal) {
  gate_.kinds = {Kind::Failed};
  gate_.talk = Talkative().rolling_back().report();
  ASSERT_EQ(*Run(), v1::VERDICT_ROLLED_BACK);
  EXPECT_LT(world_.disk.Read("/var/lib/belay-agent/journal")->bytes.size(), kVerdictBytes);
}

}  // namespace
}  // namespace belay
