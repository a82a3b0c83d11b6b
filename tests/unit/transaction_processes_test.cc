// What a transaction does to processes beside its files: the way it makes for a rollback, and the
// service it restarts.
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/transaction_fixture.h"

namespace belay {
namespace {

using Kind = GateResult::Kind;

TEST_F(Transaction, TheWayIsMadeBeforeTheFirstOldByteIsBackAndOnlyThen) {
  std::vector<std::string> found;
  world_.make_way = [&](const v1::Prepared& prepared, std::int64_t applied_ns) {
    found.push_back(Manifest());
    EXPECT_EQ(prepared.changes_size(), 2);
    EXPECT_EQ(applied_ns, gate_.requests[0].applied_boottime_ns);
    return std::vector<std::string>{"ended process 7"};
  };
  Start();
  gate_.kinds = {Kind::Failed, Kind::Passed};
  ASSERT_EQ(*Run(), v1::VERDICT_ROLLED_BACK);
  EXPECT_EQ(found, std::vector<std::string>{NewManifest().bytes});
  const v1::Record& verdict = executor_->records()[executor_->records().size() - 2];
  ASSERT_EQ(verdict.rolled_back().report().notes_size(), 1);
  EXPECT_EQ(verdict.rolled_back().report().notes(0), "ended process 7");
}

TEST_F(Transaction, AfterABootNothingIsKnownToHaveBeenTheOldProcess) {
  std::int64_t applied_ns = -1;
  world_.make_way = [&](const v1::Prepared&, std::int64_t applied) {
    applied_ns = applied;
    return std::vector<std::string>();
  };
  gate_.kinds = {Kind::Interrupted, Kind::Failed};
  EXPECT_TRUE(absl::IsCancelled(Run().status()));
  std::mt19937 random;
  world_.Cut(SimDisk::Cut::Lose, random);
  Start();
  ASSERT_TRUE(executor_->Recover().ok());
  EXPECT_EQ(applied_ns, 0);
}

TEST_F(Transaction, AServiceIsRestartedBehindTheLastFileAndAgainWhenAllAreBack) {
  std::vector<std::string> found;
  std::vector<std::int64_t> asked_ns;
  world_.restart = [&](const std::string& service) {
    EXPECT_EQ(service, "kubelet");
    found.push_back(Manifest());
    asked_ns.push_back(world_.clock.boot_ns);
    world_.clock.Pass(1'000'000'000);
    return absl::OkStatus();
  };
  world_.disk.after_each = [&](const std::string&) { world_.clock.Pass(1'000'000); };
  Start();
  gate_.kinds = {Kind::Failed, Kind::Passed};
  ASSERT_EQ(*Run(), v1::VERDICT_ROLLED_BACK);
  EXPECT_EQ(found, (std::vector<std::string>{NewManifest().bytes, OldManifest().bytes}));
  ASSERT_EQ(gate_.requests.size(), 2U);
  // The moment before the restart: whatever is started then has read the new files.
  EXPECT_EQ(gate_.requests[0].applied_boottime_ns, asked_ns[0]);
  // Never replaced is only who was there before the first new byte.
  const std::int64_t intent_ns = gate_.requests[1].prepared.boottime_ns();
  EXPECT_LT(intent_ns, asked_ns[0]);
  EXPECT_EQ(gate_.requests[1].applied_boottime_ns, intent_ns);
  EXPECT_EQ(gate_.requests[1].restored_boottime_ns, asked_ns[1]);
}

TEST_F(Transaction, ALifeThatEndedInTheRestartIsFollowedByAnotherRestart) {
  int restarts = 0;
  world_.restart = [&](const std::string&) -> absl::Status {
    if (++restarts == 1) throw Crash{};
    return absl::OkStatus();
  };
  Start();
  EXPECT_THROW((void)Run(), Crash);
  world_.clock.Pass(60'000'000'000);
  Start();
  ASSERT_TRUE(executor_->Recover().ok());
  EXPECT_EQ(restarts, 2);
  EXPECT_TRUE(Last().has_committed());
  EXPECT_EQ(gate_.requests.back().applied_boottime_ns, world_.clock.boot_ns);
}

TEST_F(Transaction, ARestartThatFailsRollsBackAndWhatFailsThenIsForTheGateToJudge) {
  int restarts = 0;
  world_.restart = [&](const std::string&) {
    ++restarts;
    return absl::UnavailableError("no systemd");
  };
  Start();
  gate_.kinds = {Kind::Passed};
  ASSERT_EQ(*Run(), v1::VERDICT_ROLLED_BACK);
  EXPECT_EQ(Manifest(), OldManifest().bytes);
  EXPECT_EQ(Last().run_finished().reason(), "no systemd");
  EXPECT_EQ(restarts, 2) << "what was published may have been read";
  ASSERT_EQ(gate_.requests.size(), 1U);
  EXPECT_EQ(gate_.requests[0].direction, GateDirection::Backward);
}

TEST_F(Transaction, AStepThatPublishedNothingLeavesTheServiceAlone) {
  int restarts = 0;
  world_.restart = [&](const std::string&) {
    ++restarts;
    return absl::OkStatus();
  };
  Start();
  Accept();
  StepPlan plan = world_.PlanStep();
  bool armed = false;
  world_.disk.after_each = [&](const std::string&) {
    if (executor_->state().phase == Phase::Prepared && !std::exchange(armed, true)) {
      world_.disk.FailAt(1, absl::ResourceExhaustedError("No space left on device"));
    }
  };
  ASSERT_EQ(*executor_->RunStep(0, std::move(plan)), v1::VERDICT_ROLLED_BACK);
  EXPECT_EQ(restarts, 0);
}

}  // namespace
}  // namespace belay
