#include "node-agent/driver/local_journal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>

#include "node-agent/driver/restore.h"
#include "node-agent/health/gatekeeper.h"
#include "tests/support/transaction_world.h"

namespace belay {
namespace {

struct ClosedGate : Gatekeeper {
  GateResult Run(const GateRequest& request,
                 const std::function<void(const std::string&)>&) override {
    GateResult result;
    result.kind = request.direction == GateDirection::Backward ? GateResult::Kind::Passed
                                                               : GateResult::Kind::Failed;
    result.reason = "500\n[-]etcd \x1b[31m";
    return result;
  }
};

class LocalJournal : public testing::Test {
 protected:
  void RunOne() {
    ClosedGate gate;
    auto executor = world.Open(gate);
    ASSERT_TRUE(executor.ok()) << executor.status();
    ASSERT_EQ(*world.Command(**executor), v1::VERDICT_ROLLED_BACK);
  }
  TransactionWorld world{Scenario::EveryKind};
};

TEST_F(LocalJournal, ANodeThatHasNeverRunHasNone) {
  const auto records = ReadLocalJournal(world.disk, kWorldStateDir);
  ASSERT_TRUE(records.ok());
  EXPECT_TRUE(records->empty());
  EXPECT_EQ(JournalText(*records), "");
}

TEST_F(LocalJournal, EveryRecordIsOneLineThatIsSafeToShow) {
  RunOne();
  const int calls = world.disk.calls();
  const auto records = ReadLocalJournal(world.disk, kWorldStateDir);
  ASSERT_TRUE(records.ok()) << records.status();
  EXPECT_EQ(world.disk.calls(), calls) << "reading must not touch it";
  const std::string text = JournalText(*records);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), static_cast<long>(records->size()));
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find("1  2026-"), std::string::npos);
  EXPECT_NE(text.find("r1#1 step 1 prepared: create /etc/kubernetes/audit/policy.yaml, change "
                      "/etc/kubernetes/admission.yaml (was "),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(" remove /etc/kubernetes/tokens.csv"), std::string::npos);
  EXPECT_NE(text.find("rolling back: 500 | [-]etcd"), std::string::npos) << text;
  EXPECT_NE(text.find("run finished, VERDICT_ROLLED_BACK"), std::string::npos);
}

TEST_F(LocalJournal, BackupsAreNamedWithTheFileTheyWereTakenOf) {
  RunOne();
  const auto backups = BackupsOf(*Fold(*ReadLocalJournal(world.disk, kWorldStateDir)));
  ASSERT_EQ(backups.size(), 4U);  // the new policy has none
  for (const Backup& backup : backups) {
    const auto copy = world.disk.Read(backup.copy);
    ASSERT_TRUE(copy.ok()) << copy.status();
    EXPECT_EQ(copy->bytes, world.File(backup.path).before->bytes);
  }
}

TEST_F(LocalJournal, ABackupIsPutBackWithItsAttributesWhateverIsThereNow) {
  RunOne();
  const auto records = ReadLocalJournal(world.disk, kWorldStateDir);
  for (const Backup& backup : BackupsOf(*Fold(*records))) {
    world.disk.PutFile(backup.path, "by hand", {});
    const auto said = RestoreFile(world.disk, world.disk, *records, backup.copy);
    ASSERT_TRUE(said.ok()) << said.status();
    EXPECT_EQ(world.disk.Read(backup.path)->bytes, world.File(backup.path).before->bytes);
    EXPECT_EQ(world.disk.Read(backup.path)->attributes, world.File(backup.path).before->attributes);
    EXPECT_NE(RestoreFile(world.disk, world.disk, *records, backup.copy)->find("already so"),
              std::string::npos);
  }
  EXPECT_FALSE(world.HasTemporary());
}

TEST_F(LocalJournal, WhatIsNoBackupOrADamagedOneIsNotPutBack) {
  RunOne();
  const auto records = ReadLocalJournal(world.disk, kWorldStateDir);
  const Backup backup = BackupsOf(*Fold(*records)).back();
  EXPECT_TRUE(
      absl::IsNotFound(RestoreFile(world.disk, world.disk, *records, "/etc/passwd").status()));
  world.disk.PutFile(backup.copy, "damaged", {});
  EXPECT_TRUE(
      absl::IsDataLoss(RestoreFile(world.disk, world.disk, *records, backup.copy).status()));
  EXPECT_EQ(world.disk.Read(backup.path)->bytes, world.File(backup.path).before->bytes);
}

TEST_F(LocalJournal, NothingIsPutBackWhileAStepIsInProgress) {
  RunOne();
  auto records = *ReadLocalJournal(world.disk, kWorldStateDir);
  const std::string copy = BackupsOf(*Fold(records)).back().copy;
  while (!records.back().has_applied()) records.pop_back();
  EXPECT_TRUE(
      absl::IsFailedPrecondition(RestoreFile(world.disk, world.disk, records, copy).status()));
}

}  // namespace
}  // namespace belay
