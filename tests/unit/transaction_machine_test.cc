#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "common/base/digest.h"
#include "node-agent/transaction/machine.h"

namespace belay {
namespace {

v1::Record Empty(std::uint32_t step = 0) {
  v1::Record record;
  record.mutable_run()->set_rollout_id("r1");
  record.mutable_run()->set_attempt(1);
  record.mutable_run()->set_plan_digest("d");
  record.set_step(step);
  return record;
}
v1::Record Created() {
  v1::Record record;
  record.mutable_journal_created()->set_journal_id("id");
  return record;
}
v1::Record Accepted(const std::string& rollout = "r1", std::uint64_t epoch = 1) {
  v1::RemediationPlan plan;
  plan.add_steps()->set_name("a");
  plan.add_steps()->set_name("b");
  v1::Record record = Empty();
  record.mutable_run()->set_rollout_id(rollout);
  record.mutable_run_accepted()->set_epoch(epoch);
  record.mutable_run_accepted()->mutable_plan()->set_plan(plan.SerializeAsString());
  return record;
}
v1::Record Refused(const std::string& rollout) {
  v1::Record record = Empty();
  record.mutable_run()->set_rollout_id(rollout);
  record.mutable_run_refused()->set_reason("no");
  return record;
}
v1::Record Prepared(std::uint32_t step = 0) {
  v1::Record record = Empty(step);
  record.mutable_prepared()->add_changes()->set_path("/f");
  record.mutable_prepared()->set_boot_id("b");
  record.mutable_prepared()->set_boottime_ns(5);
  return record;
}
v1::Record Applied() {
  v1::Record record = Empty();
  record.mutable_applied()->set_boot_id("b");
  record.mutable_applied()->set_boottime_ns(7);
  return record;
}
v1::Record Resumed() {
  v1::Record record = Empty();
  record.mutable_gate_resumed();
  return record;
}
v1::Record Committed(bool changed, std::uint32_t step = 0) {
  v1::Record record = Empty(step);
  record.mutable_committed()->mutable_report()->set_changed(changed);
  return record;
}
v1::Record RollingBack() {
  v1::Record record = Empty();
  record.mutable_rolling_back()->set_reason("sick");
  record.mutable_rolling_back()->set_boot_id("b");
  record.mutable_rolling_back()->set_boottime_ns(9);
  return record;
}
v1::Record Restored() {
  v1::Record record = Empty();
  record.mutable_restored()->set_boot_id("b");
  return record;
}
v1::Record RolledBack() {
  v1::Record record = Empty();
  record.mutable_rolled_back()->set_reason("sick");
  return record;
}
v1::Record Quarantined() {
  v1::Record record = Empty();
  record.mutable_quarantined()->set_reason("foreign");
  return record;
}
v1::Record Emergency() {
  v1::Record record = Empty();
  record.mutable_emergency_stop()->set_reason("broken");
  return record;
}
v1::Record Cleared(const std::string& request = "q") {
  v1::Record record;
  record.mutable_emergency_cleared()->set_reason("seen to");
  record.mutable_emergency_cleared()->set_request_id(request);
  return record;
}
v1::Record Finished(v1::Verdict verdict) {
  v1::Record record = Empty();
  record.mutable_run_finished()->set_verdict(verdict);
  return record;
}

using Records = std::vector<v1::Record>;

absl::StatusOr<NodeState> FoldAll(Records records) {
  for (std::size_t i = 0; i < records.size(); ++i) records[i].set_seq(i + 1);
  return Fold(records);
}
Records operator+(Records records, const v1::Record& next) {
  records.push_back(next);
  return records;
}

const Records kFresh = {};
const Records kNoRun = {Created()};
const Records kRun = kNoRun + Accepted();
const Records kPrepared = kRun + Prepared();
const Records kApplied = kPrepared + Applied();
const Records kRollingBack = kApplied + RollingBack();
const Records kRestored = kRollingBack + Restored();
const Records kBetween = kApplied + Committed(true);
const Records kAllDone = kBetween + Committed(false, 1);
const Records kEnded = kRestored + RolledBack();
const Records kStopped = kRestored + Emergency();
const Records kEmergency = kStopped + Finished(v1::VERDICT_EMERGENCY_STOP);

TEST(TransactionMachine, EveryPairOfStateAndRecordIsDecided) {
  const std::vector<std::pair<std::string, Records>> states = {
      {"fresh", kFresh},       {"no run", kNoRun},    {"run", kRun},
      {"prepared", kPrepared}, {"applied", kApplied}, {"rolling back", kRollingBack},
      {"restored", kRestored}, {"between", kBetween}, {"all done", kAllDone},
      {"ended", kEnded},       {"stopped", kStopped}, {"emergency", kEmergency}};
  std::string table;
  for (const auto& [name, before] : states) {
    const absl::StatusOr<NodeState> state = FoldAll(before);
    ASSERT_TRUE(state.ok()) << name << ": " << state.status();
    const std::uint32_t step = name == "between" ? 1 : name == "all done" ? 2 : 0;
    const Records kinds = {Created(),
                           Accepted("r2"),
                           Refused("r2"),
                           Prepared(step),
                           Applied(),
                           Resumed(),
                           Committed(true, step),
                           Committed(false, step),
                           RollingBack(),
                           Restored(),
                           RolledBack(),
                           Quarantined(),
                           Emergency(),
                           Cleared(),
                           Finished(v1::VERDICT_COMMITTED),
                           Finished(v1::VERDICT_ROLLED_BACK),
                           Finished(v1::VERDICT_REFUSED)};
    for (v1::Record record : kinds) {
      record.set_seq(before.size() + 1);
      const auto next = Advance(*state, record);
      EXPECT_TRUE(next.ok() || absl::IsDataLoss(next.status()));
      table += next.ok() ? '+' : '.';
    }
    table += " " + name + "\n";
  }
  // created, accepted, refused, prepared, applied, resumed, committed, committed unchanged, rolling
  // back, restored, rolled back, quarantined, emergency, cleared, finished committed / rolled back
  // / refused.
  EXPECT_EQ(table,
            "+................ fresh\n"
            ".++.............. no run\n"
            "..++...+........+ run\n"
            "..+.+...+..+..... prepared\n"
            "..+..++.+..+..... applied\n"
            "..+......+.++.... rolling back\n"
            "..+..+....+++.... restored\n"
            "..++...+........+ between\n"
            "..+...........+.+ all done\n"
            "..+............+. ended\n"
            "..+.............. stopped\n"
            "..+..........+... emergency\n");
}

TEST(TransactionMachine, AGapOrARepeatedSequenceNumberIsDataLoss) {
  for (const std::uint64_t seq : {0U, 1U, 3U}) {
    v1::Record record = Accepted();
    record.set_seq(seq);
    EXPECT_TRUE(absl::IsDataLoss(Advance(*FoldAll(kNoRun), record).status())) << seq;
  }
}

TEST(TransactionMachine, ARecordOfAnotherRunOrStepIsDataLoss) {
  v1::Record other = Applied();
  other.mutable_run()->set_attempt(2);
  EXPECT_TRUE(absl::IsDataLoss(FoldAll(kPrepared + other).status()));
  EXPECT_TRUE(absl::IsDataLoss(FoldAll(kRun + Prepared(1)).status()));
  EXPECT_TRUE(absl::IsDataLoss(FoldAll(kBetween + Prepared(0)).status()));
}

TEST(TransactionMachine, AFinishedRunKeepsItsOutcomeAndIsNotAcceptedAgain) {
  const Records done = kEnded + Finished(v1::VERDICT_ROLLED_BACK);
  const NodeState state = *FoldAll(done);
  EXPECT_FALSE(state.current.has_value());
  EXPECT_EQ(state.finished_runs.at("r1/1/d").outcome.verdict(), v1::VERDICT_ROLLED_BACK);
  EXPECT_TRUE(absl::IsDataLoss(FoldAll(done + Accepted("r1", 5)).status()));
  EXPECT_TRUE(FoldAll(done + Accepted("r2", 5)).ok());
}

TEST(TransactionMachine, ARefusedRunIsFinished) {
  const NodeState state = *FoldAll(kNoRun + Refused("r2"));
  EXPECT_EQ(state.finished_runs.at("r2/1/d").outcome.verdict(), v1::VERDICT_REFUSED);
  EXPECT_EQ(state.phase, Phase::Idle);
}

TEST(TransactionMachine, AnOldEpochIsDataLoss) {
  const Records done = kEnded + Finished(v1::VERDICT_ROLLED_BACK);
  EXPECT_TRUE(absl::IsDataLoss(FoldAll(done + Accepted("r2", 0)).status()));
}

TEST(TransactionMachine, AnEmergencyIsStickyUntilClearedAndNoRequestClearsTwice) {
  EXPECT_TRUE(FoldAll(kEmergency)->emergency);
  const Records cleared = kEmergency + Cleared("q1");
  EXPECT_FALSE(FoldAll(cleared)->emergency);
  v1::Record nameless = Cleared("");
  EXPECT_TRUE(absl::IsDataLoss(FoldAll(kEmergency + nameless).status()));
  EXPECT_TRUE(absl::IsDataLoss(FoldAll(cleared + Cleared("q1")).status()));
}

TEST(TransactionMachine, WithoutAnAppliedRecordTheIntentsMomentCounts) {
  const NodeState state = *FoldAll(kPrepared + RollingBack());
  EXPECT_EQ(state.applied.boottime_ns(), 5);
  v1::Record untouched = RollingBack();
  untouched.mutable_rolling_back()->set_manifests_untouched(true);
  EXPECT_EQ(FoldAll(kPrepared + untouched)->applied.boottime_ns(), 9);
  EXPECT_EQ(FoldAll(kRollingBack)->applied.boottime_ns(), 7);
}

TEST(TransactionMachine, NothingOfATransactionIsLeftForTheNextOne) {
  const NodeState state = *FoldAll(kBetween);
  EXPECT_EQ(state.phase, Phase::Idle);
  EXPECT_EQ(state.current->next_step, 1U);
  EXPECT_EQ(state.prepared.changes_size(), 0);
  EXPECT_EQ(state.applied.boottime_ns(), 0);
  EXPECT_EQ(FoldAll(kApplied + Resumed())->gate_resumes, 1U);
  EXPECT_EQ(FoldAll(kApplied + Resumed() + RollingBack())->gate_resumes, 0U);
}

NodeState TwoStepsCommitted() {
  std::vector<v1::Record> records = {Created(), Accepted(),      Prepared(),
                                     Applied(), Committed(true), Prepared(1)};
  v1::Record applied = Applied();
  applied.set_step(1);
  records.push_back(applied);
  records.push_back(Committed(true, 1));
  v1::Record finished = Empty();
  finished.mutable_run_finished()->set_verdict(v1::VERDICT_COMMITTED);
  records.push_back(finished);
  for (std::size_t i = 0; i < records.size(); ++i) records[i].set_seq(i + 1);
  const absl::StatusOr<NodeState> state = Fold(records);
  EXPECT_TRUE(state.ok()) << state.status();
  return *state;
}

TEST(TransactionMachine, OnlyWhatWasDoneLastCanBeUndone) {
  const NodeState state = TwoStepsCommitted();
  const auto accepts = [&](const std::string& rollout, std::vector<std::uint64_t> seqs) {
    v1::Record record = Empty();
    record.mutable_run()->set_rollout_id("v1");
    record.mutable_run_accepted()->set_epoch(1);
    record.mutable_run_accepted()->mutable_undoes()->set_rollout_id(rollout);
    for (const std::uint64_t seq : seqs) {
      record.mutable_run_accepted()->mutable_undoes()->add_prepared_seqs(seq);
    }
    record.set_seq(state.last_seq + 1);
    return Advance(state, record).ok();
  };
  EXPECT_TRUE(accepts("r1", {6, 3}));
  EXPECT_TRUE(accepts("r1", {6}));
  EXPECT_TRUE(accepts("r1", {}));
  EXPECT_FALSE(accepts("r1", {3, 6}));
  EXPECT_FALSE(accepts("r1", {3}));
  EXPECT_FALSE(accepts("r1", {6, 3, 3}));
  EXPECT_FALSE(accepts("r2", {6, 3}));
  EXPECT_FALSE(accepts("", {}));
}

TEST(TransactionMachine, AnUndoneStepComesOffAndCannotBeUndoneAgain) {
  NodeState state = TwoStepsCommitted();
  const auto tell = [&state](v1::Record record) {
    record.mutable_run()->set_rollout_id("v1");
    record.set_seq(state.last_seq + 1);
    absl::StatusOr<NodeState> next = Advance(state, record);
    if (next.ok()) state = *std::move(next);
    return next.status();
  };
  v1::Record accepted = Empty();
  accepted.mutable_run_accepted()->set_epoch(1);
  accepted.mutable_run_accepted()->mutable_undoes()->set_rollout_id("r1");
  accepted.mutable_run_accepted()->mutable_undoes()->add_prepared_seqs(6);
  ASSERT_TRUE(tell(accepted).ok());
  EXPECT_FALSE(tell(Committed(false)).ok()) << "an undoing changes something";
  ASSERT_TRUE(tell(Prepared()).ok());
  ASSERT_TRUE(tell(Applied()).ok());
  ASSERT_TRUE(tell(Committed(true)).ok());
  ASSERT_EQ(state.committed_steps.size(), 1U);
  EXPECT_EQ(state.committed_steps[0].prepared_seq, 3U);
}

}  // namespace
}  // namespace belay
