// The transaction cut at every mutating call of the disk, and cut again at every call of the
// recovery; and every call failing once.  The invariants are checked after every call
// (TransactionWorld).
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/transaction_world.h"

namespace belay {
namespace {

using Cut = SimDisk::Cut;

struct Named {
  Health health;
  const char* name;
};
constexpr Named kHealths[] = {{Health::Good, "good"},
                              {Health::Bad, "bad"},
                              {Health::SickAfterReboot, "sick after reboot"},
                              {Health::Dead, "dead"}};

struct Tally {
  long schedules = 0;
  long violations = 0;
  std::string first;
};

bool StopAtFirst() { return std::getenv("BELAY_STOP_AT_FIRST") != nullptr; }

// Lives without further harm until there is a verdict.
void FinishWorld(TransactionWorld* world, bool failed) {
  for (int life = 0; life < 4; ++life) {
    const absl::StatusOr<v1::Verdict> verdict = world->Live();
    if (verdict.ok()) return world->VerifyEnd(*verdict, failed);
    if (!failed) return world->Violation(absl::StrCat("I3: ", verdict.status().message()));
  }
  world->Violation("I3: no verdict after four lives");
}

class TransactionCrash : public testing::Test {
 protected:
  static void TearDownTestSuite() {
    std::printf("%-44s %10s %10s\n", "schedules", "run", "violations");
    for (const auto& [name, tally] : Table()) {
      std::printf("%-44s %10ld %10ld  %s\n", name.c_str(), tally.schedules, tally.violations,
                  tally.first.c_str());
    }
  }
  static std::map<std::string, Tally>& Table() {
    static auto& table = *new std::map<std::string, Tally>();
    return table;
  }
  // False when the search shall end.
  static bool Count(Tally* tally, const TransactionWorld& world, const std::string& schedule) {
    ++tally->schedules;
    if (world.violation.empty()) return true;
    ++tally->violations;
    if (tally->first.empty()) tally->first = absl::StrCat(world.violation, " (", schedule, ")");
    return !StopAtFirst();
  }
};

struct CutPoint {
  Cut cut;
  unsigned seed;
  const char* name;
};
constexpr CutPoint kFirst[] = {{Cut::Kill, 0, "killed"},
                               {Cut::Lose, 0, "lost"},
                               {Cut::Keep, 0, "kept"},
                               {Cut::Torn, 1, "torn 1"},
                               {Cut::Torn, 2, "torn 2"}};
constexpr CutPoint kSecond[] = {
    {Cut::Kill, 0, "killed"}, {Cut::Lose, 0, "lost"}, {Cut::Torn, 4, "torn 4"}};

bool Halfway(Cut cut) { return cut == Cut::Kill || cut == Cut::Torn; }

struct Search {
  Scenario scenario = Scenario::PolicyAndManifest;
  std::vector<CutPoint> first;
  std::vector<CutPoint> second;
};

// Every call is the first cut, and every call of the recovery the second.
void CutEverywhere(const Named& named, const Search& search, Tally* tally,
                   const std::function<bool(const TransactionWorld&, const std::string&)>& count) {
  for (const CutPoint& first : search.first) {
    // A dead node differs from a bad one in its last two records only.
    if (named.health == Health::Dead && first.cut != Cut::Kill && first.cut != Cut::Lose) continue;
    for (int k1 = 0;; ++k1) {
      TransactionWorld cut_once(search.scenario);
      cut_once.health = named.health;
      cut_once.disk.CrashAt(k1, Halfway(first.cut));
      const absl::StatusOr<v1::Verdict> verdict = cut_once.Live();
      if (!cut_once.disk.triggered()) {
        if (verdict.ok()) cut_once.VerifyEnd(*verdict, false);
        ASSERT_TRUE(verdict.ok()) << verdict.status();
        if (!count(cut_once, "uncut")) return ADD_FAILURE() << tally->first;
        break;
      }
      std::mt19937 random(first.seed * 1000 + static_cast<unsigned>(k1));
      cut_once.Cut(first.cut, random);
      for (const CutPoint& second : search.second) {
        if (second.cut == first.cut) continue;  // finds nothing that a mixture does not
        for (int k2 = 0;; ++k2) {
          TransactionWorld world = cut_once;
          world.disk.CrashAt(k2, Halfway(second.cut));
          const absl::StatusOr<v1::Verdict> end = world.Live();
          const bool cut_again = world.disk.triggered();
          if (cut_again) {
            std::mt19937 again(second.seed * 1000 + static_cast<unsigned>(k1 * 100 + k2));
            world.Cut(second.cut, again);
            FinishWorld(&world, false);
          } else if (end.ok()) {
            world.VerifyEnd(*end, false);
          } else {
            world.Violation(absl::StrCat("I3: ", end.status().message()));
          }
          const std::string schedule =
              absl::StrCat(named.name, ", ", first.name, " at ", k1, ", ", second.name, " at ", k2);
          if (!count(world, schedule)) return ADD_FAILURE() << tally->first;
          if (!cut_again) break;
        }
      }
    }
  }
}

TEST_F(TransactionCrash, CutAnywhereAndAgainDuringRecoveryEndsInTheRightVerdict) {
  const Search search = {Scenario::PolicyAndManifest,
                         {std::begin(kFirst), std::end(kFirst)},
                         {std::begin(kSecond), std::end(kSecond)}};
  for (const Named& named : kHealths) {
    Tally& tally = Table()[absl::StrCat("cut, and cut again; ", named.name)];
    CutEverywhere(named, search, &tally, [&](const TransactionWorld& world, const std::string& at) {
      return Count(&tally, world, at);
    });
    EXPECT_EQ(tally.violations, 0) << tally.first;
    EXPECT_GT(tally.schedules, 1000);
  }
}

TEST_F(TransactionCrash, AStepOverEveryKindOfFileSurvivesTheSame) {
  const Search search = {Scenario::EveryKind,
                         {{Cut::Kill, 0, "killed"}, {Cut::Torn, 1, "torn 1"}},
                         {{Cut::Lose, 0, "lost"}}};
  for (const Named& named : {kHealths[0], kHealths[1]}) {
    Tally& tally = Table()[absl::StrCat("every kind of file, cut twice; ", named.name)];
    CutEverywhere(named, search, &tally, [&](const TransactionWorld& world, const std::string& at) {
      return Count(&tally, world, at);
    });
    EXPECT_EQ(tally.violations, 0) << tally.first;
    EXPECT_GT(tally.schedules, 1000);
  }
}

struct Failing {
  absl::Status status;
  bool for_good;  // and so does every later call below /etc: a file system that went read-only
};

TEST_F(TransactionCrash, AnyCallFailingEndsInASafeVerdict) {
  const std::vector<Failing> errors = {
      {absl::ResourceExhaustedError("No space left on device"), false},
      {absl::UnavailableError("Input/output error"), false},
      {absl::PermissionDeniedError("Operation not permitted"), false},
      {absl::PermissionDeniedError("Read-only file system"), true}};
  for (const Named& named : kHealths) {
    for (const Scenario scenario : {Scenario::PolicyAndManifest, Scenario::EveryKind}) {
      Tally& tally = Table()[absl::StrCat("one call fails; ", named.name)];
      for (const Failing& error : errors) {
        for (int k = 0;; ++k) {
          TransactionWorld failed_once(scenario);
          failed_once.health = named.health;
          failed_once.disk.FailAt(k, error.status, error.for_good ? "/etc/" : "");
          const absl::StatusOr<v1::Verdict> verdict = failed_once.Live();
          if (!failed_once.disk.triggered()) break;
          // Then the power is cut, or only the agent is started again.
          for (const CutPoint& after : kFirst) {
            TransactionWorld world = failed_once;
            if (verdict.ok()) {
              world.VerifyEnd(*verdict, true);
            } else {
              std::mt19937 random(after.seed * 1000 + static_cast<unsigned>(k));
              world.Cut(after.cut, random);
              FinishWorld(&world, true);
            }
            const std::string schedule =
                absl::StrCat(named.name, ", ", error.status.message(), " at ", k, ", ", after.name);
            if (!Count(&tally, world, schedule)) return ADD_FAILURE() << tally.first;
            if (verdict.ok()) break;
          }
        }
      }
      EXPECT_EQ(tally.violations, 0) << tally.first;
      EXPECT_GT(tally.schedules, 50);
    }
  }
}

}  // namespace
}  // namespace belay
