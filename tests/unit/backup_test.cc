#include "server/store/backup.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdlib>

#include "common/os/posix_file_system.h"
#include "server/store/store.h"

namespace belay::store {
namespace {

class BackupTest : public testing::Test {
 protected:
  BackupTest() : files_(*PosixFileSystem::Open("/")) {
    std::string pattern = testing::TempDir() + "belay-backup-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    database_ = directory_ + "/belay.db";
    backup_ = directory_ + "/copy.db";
  }
  ~BackupTest() override {
    for (const std::string& name : Names()) {
      EXPECT_TRUE(files_->Remove(directory_ + "/" + name).ok());
    }
    EXPECT_TRUE(files_->Remove(directory_).ok());
  }
  static std::unique_ptr<Store> Open(const std::string& path) {
    auto store = Store::Open(path);
    EXPECT_TRUE(store.ok()) << store.status();
    return *std::move(store);
  }
  static void SetEmergency(Store& store, const std::string& node) {
    EXPECT_TRUE(store.SetEmergency({{"prod", node}, "because", 1}).ok());
  }
  static std::vector<std::string> Emergencies(Store& store) {
    std::vector<std::string> nodes;
    const auto rows = store.Emergencies();
    EXPECT_TRUE(rows.ok()) << rows.status();
    for (const EmergencyRow& row : *rows) nodes.push_back(row.id.node);
    return nodes;
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    const auto entries = files_->List(directory_);
    for (const DirectoryEntry& entry : *entries) names.push_back(entry.name);
    return names;
  }
  using Nodes = std::vector<std::string>;

  std::unique_ptr<PosixFileSystem> files_;
  std::string directory_, database_, backup_;
};

TEST_F(BackupTest, WhatWasInTheDatabaseWhenItWasBackedUpComesBack) {
  {
    auto store = Open(database_);  // served meanwhile, its last commit only in the log
    SetEmergency(*store, "cp1");
    ASSERT_TRUE(BackUp(*files_, database_, backup_).ok());
    SetEmergency(*store, "cp2");
  }
  const auto kept = Restore(*files_, database_, backup_, 1'800'000'000);
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_EQ(Emergencies(*Open(database_)), Nodes{"cp1"});
  EXPECT_EQ(Emergencies(*Open(*kept)), (Nodes{"cp1", "cp2"})) << "the old one is kept whole";
}

TEST_F(BackupTest, ARestoredDatabaseGivesOutNoEpochThatWasEverGivenOut) {
  std::uint64_t last = 0;
  {
    auto store = Open(database_);
    ASSERT_TRUE(BackUp(*files_, database_, backup_).ok());
    for (int i = 0; i < 5; ++i) last = *store->NextEpoch();
  }
  for (std::int64_t now = 1'800'000'000; now < 1'800'000'030; now += 10) {
    ASSERT_TRUE(Restore(*files_, database_, backup_, now).ok());
    auto store = Open(database_);
    EXPECT_EQ(*store->RestoredUnix(), now);
    const std::uint64_t epoch = *store->NextEpoch();
    EXPECT_GT(epoch, last);
    last = epoch;
    ASSERT_TRUE(store->ForgetRestored().ok());
    EXPECT_EQ(*store->RestoredUnix(), 0);
  }
}

TEST_F(BackupTest, WhatIsNoDatabaseOfOursReplacesNothing) {
  { SetEmergency(*Open(database_), "cp1"); }
  ASSERT_TRUE(files_->Create(backup_, "not a database at all, but long enough to be one", {}).ok());
  EXPECT_TRUE(absl::IsDataLoss(Restore(*files_, database_, backup_, 5).status()));
  EXPECT_TRUE(absl::IsNotFound(Restore(*files_, database_, directory_ + "/none", 5).status()));
  EXPECT_EQ(Emergencies(*Open(database_)), Nodes{"cp1"});
}

TEST_F(BackupTest, ABackupOverwritesNothingAndLeavesNoHalves) {
  { SetEmergency(*Open(database_), "cp1"); }
  ASSERT_TRUE(files_->Create(backup_, "mine", {}).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(BackUp(*files_, database_, backup_)));
  EXPECT_EQ(files_->Read(backup_)->bytes, "mine");
  EXPECT_FALSE(BackUp(*files_, directory_ + "/none", directory_ + "/other").ok());
  EXPECT_EQ(Names(), (Nodes{"belay.db", "copy.db"}));
}

TEST_F(BackupTest, ADamagedDatabaseIsReplacedAndKept) {
  { SetEmergency(*Open(database_), "cp1"); }
  ASSERT_TRUE(BackUp(*files_, database_, backup_).ok());
  ASSERT_TRUE(files_->WriteFrom(database_, 0, std::string(8192, 'x')).ok());
  static_cast<void>(files_->Remove(database_ + "-wal"));  // an empty one may be there
  ASSERT_TRUE(files_->Create(database_ + "-wal", "a log that is not of the backup", {}).ok());
  const auto kept = Restore(*files_, database_, backup_, 7);
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_EQ(Emergencies(*Open(database_)), Nodes{"cp1"});
  EXPECT_EQ(files_->Read(*kept)->bytes, std::string(8192, 'x'));
  EXPECT_EQ(files_->Read(*kept + "-wal")->bytes, "a log that is not of the backup");
}

TEST_F(BackupTest, AnOldSchemaIsBroughtUpToDateByRestore) {
  {
    auto store = Open(database_);
    SetEmergency(*store, "cp1");
    ASSERT_TRUE(store->NextEpoch().ok());  // it has been served
  }
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open(database_.c_str(), &raw), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(
                raw,
                "DROP TABLE rollout_notes; ALTER TABLE rollouts DROP COLUMN options; "
                "DROP INDEX reverts_of_rollout; DROP INDEX rollout_of_fleet; "
                "DROP TABLE fleets; DROP TABLE fleet_events; "
                "DROP TABLE lock_events; DROP TABLE cluster_labels; DROP TABLE node_labels; "
                "DROP TABLE operators; DROP TABLE role_bindings; "
                "DROP TABLE audit_trail; DROP TABLE operator_certificates; DROP TABLE revocations; "
                "ALTER TABLE tokens DROP COLUMN revoked_by; "
                "ALTER TABLE tokens DROP COLUMN revoked_unix_ms; "
                "ALTER TABLE rollouts DROP COLUMN fleet; "
                "ALTER TABLE rollouts DROP COLUMN reverts; "
                "INSERT INTO nodes VALUES('prod', 'cp1', '', x'', 1600000000000); "
                "UPDATE meta SET value = 1 WHERE name = 'schema_version'",
                nullptr, nullptr, nullptr),
            SQLITE_OK)
      << sqlite3_errmsg(raw);
  sqlite3_close(raw);
  ASSERT_TRUE(BackUp(*files_, database_, backup_).ok());
  ASSERT_TRUE(Restore(*files_, database_, backup_, 7).ok());
  auto store = Open(database_);
  EXPECT_EQ(Emergencies(*store), Nodes{"cp1"});
  EXPECT_EQ(*store->UnlistedUntilUnix(), 1'600'000'000)
      << "who got a certificate after the backup has no role in it";
  EXPECT_TRUE(store->AddNote("r-1", "a table of version 2", 1).ok());
  EXPECT_TRUE(store->RunningRollouts().ok());
}

}  // namespace
}  // namespace belay::store
