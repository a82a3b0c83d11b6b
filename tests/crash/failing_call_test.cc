// Every single call of the disk fails, once or from then on, in a step, in its rollback and in the
// recovery of either: files are old or new, wholly; what is committed is there; and where even the
// rollback fails, the node stops and says which commands restore it.  (TransactionWorld::VerifyEnd
// looks at all of that.)
#include <gtest/gtest.h>

#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/transaction_world.h"

namespace belay {
namespace {

using Cut = SimDisk::Cut;

struct Failing {
  absl::Status status;  // as PosixFileSystem says it
  const char* below;    // and every later call with a path below this; empty: only one call
};

std::vector<Failing> Errors() {
  const absl::Status full = absl::ResourceExhaustedError("No space left on device");
  const absl::Status broken = absl::UnavailableError("Input/output error");
  const absl::Status immutable = absl::PermissionDeniedError("Operation not permitted");
  const absl::Status read_only = absl::PermissionDeniedError("Read-only file system");
  const absl::Status elsewhere = absl::UnavailableError("Invalid cross-device link");
  return {{full, ""},           {broken, ""},         {immutable, ""},   {read_only, ""},
          {elsewhere, ""},      {full, "/etc/"},      {broken, "/etc/"}, {immutable, "/etc/"},
          {read_only, "/etc/"}, {elsewhere, "/etc/"}, {full, "/var/"},   {broken, "/var/"},
          {read_only, "/var/"}, {broken, "/"}};
}

// Harmless lives until there is a verdict.
void Finish(TransactionWorld* world) {
  world->disk.Disarm();
  for (int life = 0; life < 4; ++life) {
    const absl::StatusOr<v1::Verdict> verdict = world->Live();
    if (verdict.ok()) return world->VerifyEnd(*verdict, true);
  }
  world->Violation("I3: no verdict after four lives");
}

struct Tally {
  long schedules = 0;
  long emergencies = 0;
  long committed = 0;
};

// A life in which the k-th call fails, then the process is started again, or the power was cut.
// False when the call was not reached.
bool FailAndFinish(const TransactionWorld& start, const Failing& error, int k, Tally* tally,
                   const std::string& schedule) {
  TransactionWorld failed = start;
  failed.disk.FailAt(k, error.status, error.below);
  const absl::StatusOr<v1::Verdict> verdict = failed.Live();
  if (!failed.disk.triggered()) return false;
  for (const Cut cut : {Cut::Kill, Cut::Lose, Cut::Torn}) {
    TransactionWorld world = failed;
    ++tally->schedules;
    if (verdict.ok()) {
      tally->emergencies += *verdict == v1::VERDICT_EMERGENCY_STOP ? 1 : 0;
      tally->committed += *verdict == v1::VERDICT_COMMITTED ? 1 : 0;
      world.VerifyEnd(*verdict, true);
    } else {
      std::mt19937 random(static_cast<unsigned>(k));
      world.Cut(cut, random);
      Finish(&world);
    }
    EXPECT_EQ(world.violation, "")
        << error.status.message() << " below '" << error.below << "' at call " << k << schedule;
    if (verdict.ok()) break;
  }
  return true;
}

class FailingCall : public testing::TestWithParam<Health> {};

TEST_P(FailingCall, InAStepOrItsRollbackEndsSafely) {
  Tally tally;
  for (const Scenario scenario : {Scenario::PolicyAndManifest, Scenario::EveryKind}) {
    TransactionWorld start(scenario);
    start.health = GetParam();
    for (const Failing& error : Errors()) {
      for (int k = 0; FailAndFinish(start, error, k, &tally, ""); ++k) {
        if (HasFailure()) return;
      }
    }
  }
  std::printf("%ld schedules, %ld emergencies, %ld committed\n", tally.schedules, tally.emergencies,
              tally.committed);
  EXPECT_GT(tally.schedules, 1000);
  if (GetParam() == Health::Bad) {
    EXPECT_EQ(tally.committed, 0);
    EXPECT_GT(tally.emergencies, 50);
  }
}

// The life before was cut at each of its calls.
TEST_P(FailingCall, InARecoveryEndsSafely) {
  Tally tally;
  const std::vector<Failing> errors = Errors();
  for (const Cut cut : {Cut::Kill, Cut::Lose}) {
    for (int k1 = 0;; ++k1) {
      TransactionWorld start;
      start.health = GetParam();
      start.disk.CrashAt(k1, cut == Cut::Kill);
      static_cast<void>(start.Live());
      if (!start.disk.triggered()) break;
      std::mt19937 random(static_cast<unsigned>(k1));
      start.Cut(cut, random);
      // Which error it is matters less here than where it falls.
      for (const std::size_t error : {std::size_t{0}, std::size_t{1}, std::size_t{8}}) {
        const std::string schedule = absl::StrCat(" of the life after a cut at ", k1);
        for (int k2 = 0; FailAndFinish(start, errors[error], k2, &tally, schedule); ++k2) {
          if (HasFailure()) return;
        }
      }
    }
  }
  std::printf("%ld schedules, %ld emergencies, %ld committed\n", tally.schedules, tally.emergencies,
              tally.committed);
  EXPECT_GT(tally.schedules, 5000);
  EXPECT_TRUE(GetParam() != Health::Bad || tally.committed == 0);
}

INSTANTIATE_TEST_SUITE_P(Health, FailingCall,
                         testing::Values(Health::Good, Health::Bad, Health::Dead),
                         [](const auto& param) {
                           return param.param == Health::Good  ? "Good"
                                  : param.param == Health::Bad ? "Bad"
                                                               : "Dead";
                         });

}  // namespace
}  // namespace belay
