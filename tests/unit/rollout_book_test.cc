#include "server/driver/rollout_book.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "server/reports/reports.h"

namespace belay {
namespace {

class RolloutBookTest : public testing::Test {
 protected:
  RolloutBookTest() {
    std::string pattern = testing::TempDir() + "belay-book-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    store_ = *store::Store::Open(directory_ + "/belay.db");
  }
  ~RolloutBookTest() override {
    store_.reset();
    for (const char* name : {"/belay.db", "/belay.db-wal", "/belay.db-shm"}) {
      unlink((directory_ + name).c_str());
    }
    rmdir(directory_.c_str());
  }
  static std::shared_ptr<RolloutEntry> Draft(const RolloutBook& book) {
    store::RolloutRow row;
    row.id = "r-1";
    row.cluster = "prod";
    row.request_id = "q";
    v1::RemediationPlan plan;
    plan.set_name("p");
    row.plan.set_plan(plan.SerializeAsString());
    const auto entry = book.Draft(row);
    EXPECT_TRUE(entry.ok()) << entry.status();
    return *entry;
  }
  static v1::RolloutEvent Started() {
    v1::RolloutEvent event;
    event.mutable_started()->add_nodes("cp1");
    event.mutable_started()->add_nodes("cp2");
    return event;
  }
  static v1::RolloutEvent Ready() {
    v1::RolloutEvent event;
    event.mutable_readiness()->add_ready("cp1");
    event.mutable_readiness()->add_ready("cp2");
    return event;
  }
  static v1::RolloutEvent Committed() {
    v1::RolloutEvent event;
    event.mutable_verdict()->set_node("cp1");
    event.mutable_verdict()->set_verdict(v1::VERDICT_COMMITTED);
    return event;
  }
  void Do(RolloutBook& book, const std::shared_ptr<RolloutEntry>& entry,
          const v1::RolloutEvent& event) {
    const std::optional<Turn> turn = book.Prepare(entry, event, 1);
    ASSERT_TRUE(turn.has_value());
    auto transaction = store_->Begin();
    ASSERT_TRUE(book.Write(*turn).ok());
    ASSERT_TRUE(transaction->Commit().ok());
    book.Apply(*turn);
  }

  std::string directory_;
  std::unique_ptr<store::Store> store_;
};

TEST_F(RolloutBookTest, AnEventThatWouldBreakAnInvariantStopsTheRolloutAndVerdictsStillCount) {
  bool broken = false;
  RolloutBook book(*store_, 0,
                   [&](const rollout::State& before, const v1::RolloutEvent& event,
                       const rollout::Step& after) -> std::optional<std::string> {
                     if (broken && event.has_accepted()) return "two nodes are in flight at once";
                     return RolloutBook::CheckInvariants(before, event, after);
                   });
  const auto entry = Draft(book);
  Do(book, entry, Started());
  Do(book, entry, Ready());
  broken = true;
  v1::RolloutEvent accepted;
  accepted.mutable_accepted()->set_node("cp1");
  const std::optional<Turn> turn = book.Prepare(entry, accepted, 1);
  ASSERT_TRUE(turn.has_value());
  EXPECT_EQ(turn->defect, "two nodes are in flight at once");
  Do(book, entry, accepted);
  EXPECT_EQ(entry->state.phase, v1::ROLLOUT_PHASE_STOPPING);
  {
    RolloutBook after_restart(*store_, 0);
    ASSERT_TRUE(after_restart.LoadRunning().ok());
    EXPECT_EQ(after_restart.RunningIn("prod")->state, entry->state) << "the stop is journalled";
  }
  Do(book, entry, Committed());
  EXPECT_EQ(entry->state.nodes[0].phase, v1::NODE_PHASE_COMMITTED);
  EXPECT_EQ(entry->state.phase, v1::ROLLOUT_PHASE_STOPPED);
  EXPECT_EQ(entry->state.stop_cause, v1::STOP_CAUSE_DEFECT);
  EXPECT_EQ(book.RunningIn("prod"), nullptr);
}

TEST_F(RolloutBookTest, WhereNotEvenTheStopIsSoundNothingIsTakenAnyMore) {
  bool broken = false;
  RolloutBook book(*store_, 0,
                   [&](const rollout::State&, const v1::RolloutEvent&,
                       const rollout::Step&) -> std::optional<std::string> {
                     return broken ? std::optional<std::string>("never") : std::nullopt;
                   });
  const auto entry = Draft(book);
  Do(book, entry, Started());
  broken = true;
  EXPECT_FALSE(book.Prepare(entry, Ready(), 1).has_value());
  broken = false;
  EXPECT_FALSE(book.Prepare(entry, Ready(), 1).has_value()) << "it stays held";
  EXPECT_EQ(book.RunningIn("prod"), entry) << "and holds its cluster";
  ASSERT_TRUE(book.GiveUp("r-1", "given up by ada", 9).ok());
  EXPECT_EQ(book.RunningIn("prod"), nullptr);
  EXPECT_EQ((*book.Snapshot("r-1"))->phase(), v1::ROLLOUT_PHASE_UNREADABLE);
}

}  // namespace
}  // namespace belay
