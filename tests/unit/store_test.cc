#include "server/store/store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>

#include "server/store/schema.h"
#include "server/store/sqlite_token_store.h"

namespace belay::store {
namespace {

class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    std::string pattern = testing::TempDir() + "belay-store-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    path_ = directory_ + "/belay.db";
  }
  ~StoreTest() override {
    for (const char* name : {"/belay.db", "/belay.db-wal", "/belay.db-shm"}) {
      unlink((directory_ + name).c_str());
    }
    rmdir(directory_.c_str());
  }
  std::unique_ptr<Store> Open() {
    auto store = Store::Open(path_);
    EXPECT_TRUE(store.ok()) << store.status();
    return *std::move(store);
  }
  void Run(const std::string& sql) {
    sqlite3* raw = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &raw), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(raw, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(raw);
  }
  std::string Content() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void Put(const std::string& bytes) const { std::ofstream(path_, std::ios::binary) << bytes; }
  void Enrol(const NodeId& id) {
    auto tokens = SqliteTokenStore::Open(path_);
    ASSERT_TRUE(tokens.ok()) << tokens.status();
    ASSERT_TRUE(
        (*tokens)
            ->CreateToken({"t" + id.node, "s", id.cluster, id.node, "ada", 9, "", "", false})
            .ok());
    ASSERT_TRUE((*tokens)->BindToken("t" + id.node, "key", "pem").ok());
    ASSERT_TRUE((*tokens)
                    ->SpendToken("t" + id.node, {"c" + id.node, id.cluster, id.node, "pem", 1, 9})
                    .ok());
  }

  std::string directory_;
  std::string path_;
};

const NodeId kNode{"prod", "cp1"};

v1::Record RecordNumber(std::uint64_t seq) {
  v1::Record record;
  record.set_seq(seq);
  record.mutable_run()->set_rollout_id("r1");
  record.mutable_run_accepted()->set_epoch(1);
  return record;
}

RolloutRow Rollout(const std::string& id, const std::string& cluster) {
  RolloutRow row;
  row.id = id;
  row.cluster = cluster;
  row.plan_name = "plan";
  row.plan_digest = "digest";
  row.plan.set_plan(std::string("a\0b", 3));
  row.order = {"cp2", "cp1"};
  row.order_reason = "as given";
  row.started_by = "ada";
  row.request_id = "request-" + id;
  row.started_unix_ms = 5;
  return row;
}

TEST_F(StoreTest, WhatWasCommittedIsThereAfterReopening) {
  {
    auto store = Open();
    ASSERT_TRUE(store->AddRollout(Rollout("r1", "prod")).ok());
    v1::RolloutEvent event;
    event.mutable_started()->add_nodes("cp2");
    ASSERT_TRUE(store->AppendEvent("r1", {1, event, "d1"}).ok());
    ASSERT_TRUE(store->SetEmergency({kNode, "rollback failed", 7}).ok());
    ASSERT_TRUE(store->AddClearRequest({"c1", kNode, "mended", "ada", 8}).ok());
  }
  auto store = Open();
  const auto running = store->RunningRollouts();
  ASSERT_TRUE(running.ok()) << running.status();
  ASSERT_EQ(running->size(), 1u);
  EXPECT_EQ((*running)[0].plan.plan(), std::string("a\0b", 3));
  EXPECT_EQ((*running)[0].order, (std::vector<std::string>{"cp2", "cp1"}));
  const auto events = store->Events("r1");
  ASSERT_EQ(events->size(), 1u);
  EXPECT_EQ((*events)[0].state_digest, "d1");
  EXPECT_EQ(store->Emergencies()->at(0).reason, "rollback failed");
  EXPECT_EQ(store->PendingClearRequests()->at(0).operator_name, "ada");
}

TEST_F(StoreTest, WhatWasNotCommittedIsGone) {
  auto store = Open();
  {
    auto transaction = store->Begin();
    ASSERT_TRUE(transaction.ok());
    ASSERT_TRUE(store->AddRecord(kNode, "j", RecordNumber(1), 1).ok());
  }
  EXPECT_EQ(*store->AcknowledgedSeq(kNode, "j"), 0u);
  auto transaction = store->Begin();
  ASSERT_TRUE(store->AddRecord(kNode, "j", RecordNumber(1), 1).ok());
  ASSERT_TRUE(transaction->Commit().ok());
  EXPECT_EQ(*store->AcknowledgedSeq(kNode, "j"), 1u);
}

TEST_F(StoreTest, EveryEpochIsHigherThanAllBefore) {
  EXPECT_EQ(*Open()->NextEpoch(), 1u);
  EXPECT_EQ(*Open()->NextEpoch(), 2u);
  auto store = Open();
  EXPECT_EQ(*store->NextEpoch(), 3u);
  EXPECT_EQ(*store->NextEpoch(), 4u);
}

TEST_F(StoreTest, ARecordIsCountedOnce) {
  auto store = Open();
  v1::Record record = RecordNumber(1);
  auto& xattrs = *record.mutable_prepared()->add_changes()->mutable_before()->mutable_xattrs();
  for (int i = 0; i < 20; ++i) xattrs["user.a" + std::to_string(i)] = "x";
  EXPECT_EQ(*store->AddRecord(kNode, "j", record, 1), Added::New);
  v1::Record again;
  ASSERT_TRUE(again.ParseFromString(record.SerializeAsString()));
  EXPECT_EQ(*store->AddRecord(kNode, "j", again, 2), Added::Duplicate);
  EXPECT_EQ(store->RecordsOfRollout("prod", "r1")->size(), 1u);
  EXPECT_EQ(store->RecordsOfRollout("test", "r1")->size(), 0u) << "of another cluster";
}

TEST_F(StoreTest, ARecordMayBeTheFirstThatTheNodeStillHas) {
  auto store = Open();
  ASSERT_TRUE(store->AddRecord(kNode, "j", RecordNumber(1), 1).ok());
  EXPECT_EQ(*store->AddRecord(kNode, "j", RecordNumber(6), 1, 5), Added::Gap);
  for (const std::uint64_t huge : {kMostRecords + 1, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    EXPECT_EQ(*store->AddRecord(kNode, "j", RecordNumber(huge), 1, huge), Added::Gap) << huge;
  }
  EXPECT_EQ(*store->AddRecord(kNode, "j", RecordNumber(2), 1, 5), Added::Gap);
  EXPECT_EQ(*store->AddRecord(kNode, "j", RecordNumber(5), 1, 5), Added::New);
  EXPECT_EQ(*store->AddRecord(kNode, "j", RecordNumber(7), 1, 5), Added::Gap);
  EXPECT_EQ(*store->AddRecord(kNode, "j", RecordNumber(6), 1, 5), Added::New);
  EXPECT_EQ(*store->AddRecord(kNode, "j", RecordNumber(3), 1, 5), Added::Conflict);
  EXPECT_EQ(*store->AcknowledgedSeq(kNode, "j"), 6u);
}

TEST_F(StoreTest, ARecordWithAGapOrAnotherContentIsRefused) {
  auto store = Open();
  ASSERT_TRUE(store->AddRecord(kNode, "j", RecordNumber(1), 1).ok());
  EXPECT_EQ(*store->AddRecord(kNode, "j", RecordNumber(3), 1), Added::Gap);
  v1::Record other = RecordNumber(1);
  other.mutable_run_accepted()->set_epoch(2);
  EXPECT_EQ(*store->AddRecord(kNode, "j", other, 1), Added::Conflict);
  EXPECT_EQ(*store->AddRecord(kNode, "j", RecordNumber(0), 1), Added::Conflict);
  EXPECT_EQ(*store->AcknowledgedSeq(kNode, "j"), 1u);
  EXPECT_EQ(*store->AcknowledgedSeq(kNode, "another journal"), 0u);
  EXPECT_EQ(*store->AcknowledgedSeq({"prod", "cp2"}, "j"), 0u);
}

TEST_F(StoreTest, AClusterHasOneRunningRolloutAndARequestIdOneRollout) {
  auto store = Open();
  ASSERT_TRUE(store->AddRollout(Rollout("r1", "prod")).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(store->AddRollout(Rollout("r2", "prod"))));
  EXPECT_TRUE(store->AddRollout(Rollout("r3", "test")).ok());
  ASSERT_TRUE(store->FinishRollout("r1", 9).ok());
  RolloutRow same_request = Rollout("r4", "prod");
  same_request.request_id = "request-r1";
  EXPECT_TRUE(absl::IsAlreadyExists(store->AddRollout(same_request)));
  EXPECT_TRUE(store->AddRollout(Rollout("r5", "prod")).ok());
  EXPECT_EQ(store->RolloutIds("prod")->at(0), "r5") << "newest first";
  EXPECT_EQ(store->RolloutIds("")->size(), 3u);
}

TEST_F(StoreTest, ANodeIsKnownWhenItsTokenIsSpent) {
  auto store = Open();
  Enrol(kNode);
  ASSERT_EQ(store->Nodes()->size(), 1u);
  NodeRow seen{kNode, "1.0", {}, 77};
  seen.status.set_ready(true);
  ASSERT_TRUE(store->SawNode(seen).ok());
  EXPECT_TRUE(store->Nodes()->at(0).status.ready());
  EXPECT_TRUE(absl::IsNotFound(store->SawNode({{"prod", "cp9"}, "", {}, 1})));
  auto tokens = SqliteTokenStore::Open(path_);
  EXPECT_TRUE((*tokens)->FindToken("tcp1")->spent);
  EXPECT_TRUE(absl::IsFailedPrecondition((*tokens)->BindToken("tcp1", "k2", "p")));
  EXPECT_TRUE(absl::IsFailedPrecondition((*tokens)->SpendToken("tcp1", {})));
  EXPECT_TRUE(absl::IsNotFound((*tokens)->FindToken("none").status()));
}

TEST_F(StoreTest, AFailedSpendLeavesTheTokenUnspent) {
  auto store = Open();
  Enrol(kNode);
  auto tokens = SqliteTokenStore::Open(path_);
  ASSERT_TRUE((*tokens)->CreateToken({"t2", "s", "prod", "cp2", "ada", 9, "", "", false}).ok());
  ASSERT_TRUE((*tokens)->BindToken("t2", "key", "pem").ok());
  EXPECT_FALSE((*tokens)->SpendToken("t2", {"ccp1", "prod", "cp2", "pem", 1, 9}).ok())
      << "the certificate is taken";
  EXPECT_FALSE((*tokens)->FindToken("t2")->spent);
  EXPECT_EQ(store->Nodes()->size(), 1u);
}

TEST_F(StoreTest, ADatabaseOfAnotherProgramIsRefusedAndUnchanged) {
  Run("CREATE TABLE songs(title TEXT); INSERT INTO songs VALUES('x');");
  const std::string before = Content();
  const auto store = Store::Open(path_);
  EXPECT_TRUE(absl::IsFailedPrecondition(store.status())) << store.status();
  EXPECT_NE(store.status().message().find("another program"), std::string::npos);
  EXPECT_EQ(Content(), before);
}

TEST_F(StoreTest, AFileThatIsNoDatabaseIsRefusedAndUnchanged) {
  for (const std::string& bytes : {std::string("hello"), std::string(5000, 'x')}) {
    Put(bytes);
    EXPECT_TRUE(absl::IsDataLoss(Store::Open(path_).status())) << Store::Open(path_).status();
    EXPECT_EQ(Content(), bytes);
  }
}

TEST_F(StoreTest, LockEventsAreKeptInTheirOrder) {
  v1::LockEvent event;
  event.set_cluster("prod");
  event.mutable_taken()->set_owner("bob");
  ASSERT_TRUE(Open()->AppendLockEvent(event).ok());
  event.set_cluster("test");
  ASSERT_TRUE(Open()->AppendLockEvent(event).ok());
  auto store = Open();
  ASSERT_EQ(store->LockEvents()->size(), 2u);
  EXPECT_EQ(store->LockEvents()->at(0).cluster(), "prod");
  ASSERT_EQ(store->LockEvents("test")->size(), 1u);
  EXPECT_EQ(store->LockEvents("test")->at(0).taken().owner(), "bob");
  Run("UPDATE lock_events SET event = x'ffff' WHERE number = 1");
  EXPECT_TRUE(absl::IsDataLoss(store->LockEvents().status()))
      << "a lock that cannot be read would hold nothing";
}

TEST_F(StoreTest, EveryOlderSchemaIsBroughtUpToDateWithWhatItHolds) {
  for (std::size_t version = 1; version < static_cast<std::size_t>(kSchemaVersion); ++version) {
    unlink(path_.c_str());
    Run("PRAGMA application_id = " + std::to_string(kApplicationId));
    Run(kSchema);
    for (std::size_t from = 1; from < version; ++from) Run(kMigrations.at(from - 1));
    Run("INSERT INTO meta VALUES('schema_version', " + std::to_string(version) + "), ('epoch', 7)");
    Run("INSERT INTO rollouts(id, cluster, plan_name, plan_digest, plan, node_order, order_reason, "
        "started_by, request_id, started_unix_ms) VALUES('r1', 'prod', 'p', 'd', x'', 'cp1', '', "
        "'ada', 'q', 1)");
    auto store = Open();
    EXPECT_EQ(*store->NextEpoch(), 8u);
    ASSERT_EQ(store->RunningRollouts()->size(), 1u) << version;
    EXPECT_EQ(store->RunningRollouts()->at(0).started_by, "ada");
    EXPECT_TRUE(store->LockEvents()->empty());
    EXPECT_TRUE(store->Operators()->empty());
    v1::LockEvent event;
    EXPECT_TRUE(store->AppendLockEvent(event).ok());
  }
}

TEST_F(StoreTest, ADatabaseThatWasServedBeforeThereWereRolesKnowsThatItsOperatorsAreNotListed) {
  Open().reset();
  EXPECT_EQ(*Open()->UnlistedUntilUnix(), 0) << "a new one lists whoever comes";
  for (const int epoch : {0, 1}) {
    unlink(path_.c_str());
    Run("PRAGMA application_id = " + std::to_string(kApplicationId));
    Run(kSchema);
    Run("INSERT INTO meta VALUES('schema_version', 1), ('epoch', " + std::to_string(epoch) + ")");
    Run("INSERT INTO nodes VALUES('prod', 'cp1', '', x'', 1700000000999)");
    auto store = Open();
    EXPECT_EQ(*store->UnlistedUntilUnix(), epoch > 0 ? 1'700'000'000 : 0);
    ASSERT_TRUE(store->EndUnlisted().ok());
    EXPECT_EQ(*store->UnlistedUntilUnix(), 0);
  }
}

// Whoever got a certificate after the newest of it is not known by it.
TEST_F(StoreTest, HowLongOperatorsWereNotListedIsTheAgeOfTheData) {
  const std::string certificate = "INSERT INTO certificates VALUES('sha', 'prod', 'cp1', '', ";
  const std::vector<std::pair<std::string, std::int64_t>> cases = {
      {"", 0},
      {certificate + "1600000007, 1900000000)", 1'600'000'007},
      {"INSERT INTO node_records VALUES('prod', 'cp1', 'j', 1, 'r', x'', 1600000008000)",
       1'600'000'008},
      {"INSERT INTO emergencies VALUES('prod', 'cp1', '', 1600000009000)", 1'600'000'009},
      {"INSERT INTO clear_requests VALUES('c', 'prod', 'cp1', '', 'ada', 1, 1600000010000)",
       1'600'000'010},
      {"INSERT INTO rollouts VALUES(1, 'r1', 'prod', 'p', 'd', x'', 'cp1', '', 'ada', 'q', 1, "
       "1600000011000)",
       1'600'000'011}};
  for (const auto& [data, until] : cases) {
    unlink(path_.c_str());
    Run("PRAGMA application_id = " + std::to_string(kApplicationId));
    Run(kSchema);
    Run("INSERT INTO meta VALUES('schema_version', 1), ('epoch', 7)");
    if (!data.empty()) Run(data);
    EXPECT_EQ(*Open()->UnlistedUntilUnix(), until) << data;
  }
  unlink(path_.c_str());
  Run("PRAGMA application_id = " + std::to_string(kApplicationId));
  Run(kSchema);
  Run("INSERT INTO meta VALUES('schema_version', 1), ('epoch', 7)");
  Run(certificate + "99000000000, 99900000000)");
  EXPECT_LT(*Open()->UnlistedUntilUnix(), 99'000'000'000) << "a clock was wrong: it is of now";
}

TEST_F(StoreTest, AnOperatorHasTheRolesOfTheLastWord) {
  auto store = Open();
  EXPECT_FALSE(store->FindOperator("bob")->has_value());
  v1::OperatorRoles bob;
  bob.set_name("bob");
  bob.set_changed_by("ada");
  bob.add_roles(v1::ROLE_VIEWER);
  bob.add_roles(v1::ROLE_APPROVER);
  ASSERT_TRUE(store->SetOperator(bob).ok());
  EXPECT_EQ((*store->FindOperator("bob"))->roles_size(), 2);
  bob.clear_roles();
  ASSERT_TRUE(store->SetOperator(bob).ok());
  ASSERT_TRUE(store->FindOperator("bob")->has_value()) << "listed, with nothing";
  EXPECT_EQ((*store->FindOperator("bob"))->roles_size(), 0);
  EXPECT_EQ(store->Operators()->size(), 1u);
}

TEST_F(StoreTest, AnotherConnectionsChangeShows) {
  auto store = Open();
  const std::int64_t before = *store->DataVersion();
  EXPECT_EQ(*store->DataVersion(), before);
  v1::OperatorRoles bob;
  bob.set_name("bob");
  ASSERT_TRUE(Open()->SetOperator(bob).ok());
  EXPECT_NE(*store->DataVersion(), before);
}

TEST_F(StoreTest, AnImageIsTheDatabaseThatItWouldBe) {
  const auto image = Store::NewImage([](Store& store) {
    v1::OperatorRoles ada;
    ada.set_name("ada");
    ada.add_roles(v1::ROLE_ADMIN);
    return store.SetOperator(ada);
  });
  ASSERT_TRUE(image.ok()) << image.status();
  unlink(path_.c_str());
  std::ofstream(path_, std::ios::binary) << *image;
  auto store = Open();
  EXPECT_EQ((*store->FindOperator("ada"))->roles(0), v1::ROLE_ADMIN);
  EXPECT_EQ(*store->UnlistedUntilUnix(), 0);
}

TEST_F(StoreTest, ANewerSchemaIsRefused) {
  Open().reset();
  Run("UPDATE meta SET value = 99 WHERE name = 'schema_version'");
  const auto store = Store::Open(path_);
  EXPECT_TRUE(absl::IsFailedPrecondition(store.status())) << store.status();
  EXPECT_NE(store.status().message().find("schema version is 99"), std::string::npos);
}

TEST_F(StoreTest, ATornDatabaseIsRefusedAndUnchanged) {
  {
    auto store = Open();
    for (std::uint64_t i = 1; i <= 40; ++i) {
      v1::Record record = RecordNumber(i);
      record.mutable_run_accepted()->mutable_plan()->set_plan(std::string(3000, 'p'));
      ASSERT_TRUE(store->AddRecord(kNode, "j", record, 1).ok());
    }
  }
  const std::string whole = Content();
  ASSERT_GT(whole.size(), 100'000u);
  const std::string torn = whole.substr(0, whole.size() / 2 / 4096 * 4096);
  Put(torn);
  EXPECT_TRUE(absl::IsDataLoss(Store::Open(path_).status())) << Store::Open(path_).status();
  EXPECT_EQ(Content(), torn);
}

}  // namespace
}  // namespace belay::store
