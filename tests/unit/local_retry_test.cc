// A plan that asks for retries, at a node without a coordinator.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "node-agent/driver/retry.h"
#include "tests/unit/local_apply_fixture.h"

namespace belay {
namespace {

v1::RemediationPlan Retrying(std::uint32_t attempts, std::uint32_t backoff_ms,
                             std::uint32_t max_backoff_ms) {
  v1::RemediationPlan plan;
  plan.mutable_retry()->set_attempts(attempts);
  plan.mutable_retry()->set_backoff_ms(backoff_ms);
  plan.mutable_retry()->set_max_backoff_ms(max_backoff_ms);
  return plan;
}

TEST(RetryWait, TheBoundDoublesUpToTheMostAndTheWaitIsAnyPartOfIt) {
  const v1::RemediationPlan plan = Retrying(10, 30'000, 100'000);
  const std::vector<std::int64_t> bounds = {30'000, 60'000, 100'000, 100'000};
  for (std::uint32_t attempt = 1; attempt <= bounds.size(); ++attempt) {
    const std::int64_t bound = bounds[attempt - 1];
    const auto wait = [&](double random) {
      return *RetryWaitMs(plan, attempt, v1::VERDICT_ROLLED_BACK, random);
    };
    EXPECT_EQ(wait(0), 0);
    EXPECT_EQ(wait(0.5), bound / 2);
    EXPECT_EQ(wait(0.999999), bound - 1);
    EXPECT_EQ(wait(7), bound) << "a source that errs makes nobody wait longer";
  }
}

TEST(RetryWait, TheLongestWaitsDoNotOverflow) {
  EXPECT_EQ(RetryWaitMs(Retrying(4'000'000'000, 4'000'000'000, 4'000'000'000), 3'999'999'999,
                        v1::VERDICT_ROLLED_BACK, 0.5),
            2'000'000'000);
}

TEST(RetryWait, OnlyARollbackIsTriedAgainAndOnlySoOften) {
  const v1::RemediationPlan plan = Retrying(3, 1000, 1000);
  for (int verdict = v1::Verdict_MIN; verdict <= v1::Verdict_MAX; ++verdict) {
    EXPECT_EQ(RetryWaitMs(plan, 1, static_cast<v1::Verdict>(verdict), 0.5).has_value(),
              verdict == v1::VERDICT_ROLLED_BACK)
        << verdict;
  }
  EXPECT_TRUE(RetryWaitMs(plan, 2, v1::VERDICT_ROLLED_BACK, 0.5));
  EXPECT_FALSE(RetryWaitMs(plan, 3, v1::VERDICT_ROLLED_BACK, 0.5));
  EXPECT_FALSE(RetryWaitMs({}, 1, v1::VERDICT_ROLLED_BACK, 0.5));
}

class LocalRetryTest : public ApplyingTest {
 protected:
  LocalRetryTest() {
    plan.mutable_steps()->RemoveLast();
    *plan.mutable_retry() = Retrying(3, 30'000, 300'000).retry();
  }

  absl::StatusOr<int> Apply() {
    waits_ms.clear();
    LocalApply apply;
    apply.jitter = [] { return 0.5; };
    apply.wait = [this](std::int64_t ns) {
      EXPECT_EQ(Manifest(), "0") << "it waits with the old configuration, proved";
      waits_ms.push_back(ns / 1'000'000);
      clock.Pass(ns);
      EXPECT_LT(waits_ms.size(), 10U) << "it never ends";
      return stopped_in_wait == static_cast<int>(waits_ms.size()) || waits_ms.size() >= 10;
    };
    return ApplyWith(std::move(apply));
  }
  std::vector<v1::RunKey> Runs(v1::Record::KindCase kind) {
    std::vector<v1::RunKey> keys;
    for (const v1::Record& record : executor->records()) {
      if (record.kind_case() == kind) keys.push_back(record.run());
    }
    return keys;
  }

  int stopped_in_wait = 0;
  std::vector<std::int64_t> waits_ms;
};

TEST_F(LocalRetryTest, EachAttemptIsARunOfItsOwnWithItsGates) {
  gate.before = [this] {
    gate.forward =
        gate.runs == 1 || gate.runs == 3 ? GateResult::Kind::Failed : GateResult::Kind::Passed;
  };
  ASSERT_EQ(*Apply(), kApplied) << said;
  EXPECT_EQ(Manifest(), "0 step-1");
  EXPECT_EQ(gate.runs, 5) << "two forward and back, one forward";
  EXPECT_EQ(waits_ms, (std::vector<std::int64_t>{15'000, 30'000}));
  const auto accepted = Runs(v1::Record::kRunAccepted);
  ASSERT_EQ(accepted.size(), 3U);
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(accepted[i].rollout_id(), "local-run1");
    EXPECT_EQ(accepted[i].attempt(), i + 1);
  }
  EXPECT_EQ(Runs(v1::Record::kRolledBack).size(), 2U);
  EXPECT_NE(said.find("attempt 2 of 3 begins in 15.0 s"), std::string::npos) << said;
  EXPECT_NE(said.find("attempt 3 of 3 begins in 30.0 s"), std::string::npos) << said;
}

TEST_F(LocalRetryTest, TheLastVerdictIsTheVerdict) {
  gate.before = nullptr;
  gate.forward = GateResult::Kind::Failed;
  ASSERT_EQ(*Apply(), kFellBack);
  EXPECT_EQ(Manifest(), "0");
  EXPECT_EQ(Runs(v1::Record::kRolledBack).size(), 3U);
  EXPECT_EQ(waits_ms.size(), 2U);
}

TEST_F(LocalRetryTest, WithoutARetryThereIsOneAttempt) {
  plan.clear_retry();
  gate.before = nullptr;
  gate.forward = GateResult::Kind::Failed;
  ASSERT_EQ(*Apply(), kFellBack);
  EXPECT_EQ(Runs(v1::Record::kRunAccepted).size(), 1U);
  EXPECT_TRUE(waits_ms.empty());
}

TEST_F(LocalRetryTest, QuarantineEmergencyAndRefusalAreNotTriedAgain) {
  refused_step = "step-1";
  ASSERT_EQ(*Apply(), kNotApplied);
  refused_step.clear();
  EXPECT_TRUE(waits_ms.empty());

  gate.before = [this] { disk.PutFile(kManifest, "by somebody", {}); };
  ASSERT_EQ(*Apply(), kFellBack);
  EXPECT_TRUE(waits_ms.empty()) << said;
  EXPECT_EQ(Manifest(), "by somebody");

  disk.PutFile(kManifest, "0", {});
  gate.before = nullptr;
  gate.forward = gate.backward = GateResult::Kind::Failed;
  ASSERT_EQ(*Apply(), kEmergency);
  EXPECT_TRUE(waits_ms.empty()) << said;
}

TEST_F(LocalRetryTest, ANodeThatIsNotReadyForTheSecondAttemptEndsIt) {
  gate.before = [this] {
    gate.forward = GateResult::Kind::Failed;
    ready = absl::UnavailableError("held: somebody is at work");
  };
  ASSERT_EQ(*Apply(), kNotApplied);
  EXPECT_EQ(waits_ms.size(), 1U);
  EXPECT_NE(said.find("refused: this node is not ready"), std::string::npos) << said;
}

TEST_F(LocalRetryTest, AskedToStopWhileItWaitsItEndsWithTheLastVerdict) {
  gate.before = nullptr;
  gate.forward = GateResult::Kind::Failed;
  stopped_in_wait = 1;
  ASSERT_EQ(*Apply(), kFellBack);
  EXPECT_EQ(Runs(v1::Record::kRunAccepted).size(), 1U);
  EXPECT_NE(said.find("asked to stop: attempt 2 of 3 was not begun"), std::string::npos) << said;
  EXPECT_FALSE(executor->state().current) << "nothing is left to go on with";
}

// Killed in the gate of the second attempt: the next command ends that step; a fall is then for
// people to read, as of every step that was cut off.
TEST_F(LocalRetryTest, AnAttemptThatWasCutOffIsEndedAndNotTriedAgain) {
  gate.before = [this] {
    gate.forward = gate.runs == 1   ? GateResult::Kind::Failed
                   : gate.runs == 3 ? GateResult::Kind::Interrupted
                                    : GateResult::Kind::Passed;
  };
  EXPECT_TRUE(absl::IsCancelled(Apply().status()));
  gate.before = nullptr;
  gate.forward = GateResult::Kind::Failed;
  ASSERT_EQ(*Apply(), kFellBack);
  EXPECT_TRUE(waits_ms.empty());
  EXPECT_EQ(Manifest(), "0");
}

// A coordinator's rollout of the same plan: one attempt, whatever the plan says.
TEST_F(LocalRetryTest, ARolloutIsNeverTriedAgain) {
  gate.before = nullptr;
  gate.forward = GateResult::Kind::Failed;
  const v1::Execute command = Command();
  ASSERT_TRUE(runner->Execute(command).ok());
  EXPECT_EQ(Outcome(command).verdict(), v1::VERDICT_ROLLED_BACK);
  EXPECT_EQ(Runs(v1::Record::kRunAccepted).size(), 1U);
  EXPECT_EQ(executor->state().finished_runs.size(), 1U);
}

}  // namespace
}  // namespace belay
