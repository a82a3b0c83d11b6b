// Files that somebody else writes while a transaction is under way: never overwritten, never lost.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "tests/unit/transaction_fixture.h"

namespace belay {
namespace {

using Kind = GateResult::Kind;

TEST_F(Transaction, AFileThatSomebodyElseWroteIsQuarantinedAndNeverOverwritten) {
  const std::string theirs = "kind: Pod # theirs\n";
  // Called after the temporary has been made: the write falls between reading and renaming.
  bool displaced = false;
  world_.disk.after_each = [&](const std::string& path) {
    displaced = displaced || Manifest() == NewManifest().bytes;
    if (absl::StrContains(path, "/.kube-apiserver.yaml.belay-") &&
        !absl::EndsWith(path, "-old")) {  // that one lies ready before
      world_.disk.PutFile(kWorldManifest, theirs, OldManifest().attributes);
    }
  };
  ASSERT_EQ(*Run(), v1::VERDICT_QUARANTINED);
  EXPECT_EQ(Manifest(), theirs);
  EXPECT_FALSE(displaced);
  EXPECT_TRUE(gate_.requests.empty());
  EXPECT_EQ(world_.disk.List("/etc/kubernetes/manifests")->size(), 2U);  // no temporary is left
}

TEST_F(Transaction, AForeignWriteInAnyPhaseIsQuarantined) {
  for (const char* when : {"before recovery", "in the gate", "in the rollback's gate"}) {
    world_ = TransactionWorld();
    gate_ = QueuedGate();
    Start();
    const auto foreign = [&] { world_.disk.PutFile(kWorldManifest, "theirs", {}); };
    absl::StatusOr<v1::Verdict> verdict;
    if (when == std::string("before recovery")) {
      gate_.kinds = {Kind::Interrupted};
      EXPECT_TRUE(absl::IsCancelled(Run().status()));
      foreign();
      Start();
      EXPECT_TRUE(executor_->Recover().ok());
      verdict = Last().run_finished().verdict();
    } else {
      if (when == std::string("in the rollback's gate")) gate_.kinds = {Kind::Failed};
      if (!gate_.kinds.empty()) gate_.kinds.push_back(Kind::Passed);
      gate_.during = [&, last = gate_.kinds.size()] {
        if (gate_.requests.size() == std::max<std::size_t>(last, 1)) foreign();
      };
      verdict = Run();
    }
    EXPECT_EQ(*verdict, v1::VERDICT_QUARANTINED) << when;
    EXPECT_EQ(Manifest(), "theirs") << when;
  }
}

TEST_F(Transaction, AChangeOfModeAloneIsForeignToo) {
  gate_.during = [&] {
    FileAttributes attributes = NewManifest().attributes;
    attributes.mode = 0644;
    world_.disk.PutFile(kWorldManifest, NewManifest().bytes, attributes);
  };
  EXPECT_EQ(*Run(), v1::VERDICT_QUARANTINED);
}

TEST_F(Transaction, WhatSomebodyHasPutBackIsNotCommitted) {
  gate_.during = [&] {
    world_.disk.PutFile(kWorldManifest, OldManifest().bytes, OldManifest().attributes);
  };
  EXPECT_EQ(*Run(), v1::VERDICT_ROLLED_BACK);
}

TEST_F(Transaction, AFileChangedSinceItWasReadStopsBeforeAnythingIsWritten) {
  Accept();
  StepPlan plan = world_.PlanStep();
  world_.disk.PutFile(kWorldManifest, "newer", {});
  EXPECT_TRUE(absl::IsAborted(executor_->RunStep(0, plan).status()));
  EXPECT_EQ(Manifest(), "newer");
  EXPECT_EQ(executor_->state().phase, Phase::Idle);
  v1::RunFinished refused;
  refused.set_verdict(v1::VERDICT_REFUSED);
  EXPECT_TRUE(executor_->FinishRun(refused).ok());
}

TEST_F(Transaction, AFolderThatSomebodyUsesIsLeftByARollback) {
  gate_.kinds = {Kind::Failed, Kind::Passed};
  gate_.during = [&] { world_.disk.PutFile("/etc/kubernetes/audit/log", "theirs", {}); };
  ASSERT_EQ(*Run(), v1::VERDICT_ROLLED_BACK);
  EXPECT_EQ(world_.disk.Read("/etc/kubernetes/audit/log")->bytes, "theirs");
}

// Acts once, in the instant before the first call on `path`.
class Before {
 public:
  Before(SimDisk* disk, std::string path, std::function<void()> act) {
    disk->before_each = [path = std::move(path), act = std::move(act),
                         done = false](const std::string& called) mutable {
      if (called != path || std::exchange(done, true)) return;
      act();
    };
  }
};

TEST_F(Transaction, AWriteIntoTheOldFileInTheLastInstantIsPutBack) {
  // The next call on the manifest's own name is the rename; they write into the file in place.
  Before rename(&world_.disk, kWorldManifest,
                [&] { world_.disk.Overwrite(kWorldManifest, "theirs"); });
  ASSERT_EQ(*Run(), v1::VERDICT_QUARANTINED);
  EXPECT_EQ(Manifest(), "theirs");
  EXPECT_TRUE(gate_.requests.empty());
  EXPECT_EQ(world_.disk.List("/etc/kubernetes/manifests")->size(), 2U);
}

TEST_F(Transaction, AWriteIntoTheOldFileIsPutBackByTheNextLifeToo) {
  bool renamed = false;
  world_.disk.after_each = [&](const std::string& path) {
    if (path != kWorldManifest || std::exchange(renamed, true)) return;
    throw Crash{};  // right behind the rename: what was displaced is not looked at again
  };
  Before rename(&world_.disk, kWorldManifest,
                [&] { world_.disk.Overwrite(kWorldManifest, "theirs"); });
  EXPECT_THROW((void)Run(), Crash);
  EXPECT_EQ(Manifest(), NewManifest().bytes);
  Start();
  ASSERT_TRUE(executor_->Recover().ok());
  EXPECT_EQ(Last().run_finished().verdict(), v1::VERDICT_QUARANTINED);
  EXPECT_EQ(Manifest(), "theirs");
}

TEST_F(Transaction, AFileThatAppearsInTheLastInstantIsNotOverwritten) {
  Before rename(&world_.disk, kWorldPolicy,
                [&] { world_.disk.PutFile(kWorldPolicy, "theirs", {}); });
  ASSERT_EQ(*Run(), v1::VERDICT_QUARANTINED);
  EXPECT_EQ(world_.disk.Read(kWorldPolicy)->bytes, "theirs");
  EXPECT_EQ(Manifest(), OldManifest().bytes);
}

class RemovalTransaction : public Transaction {
 protected:
  RemovalTransaction() {
    world_ = TransactionWorld(Scenario::EveryKind);
    Start();
  }
  std::string Tokens() { return world_.disk.Read(kWorldTokens)->bytes; }
};

TEST_F(RemovalTransaction, AFileReplacedInTheLastInstantBeforeItsRemovalIsPutBack) {
  for (const bool in_place : {true, false}) {
    world_ = TransactionWorld(Scenario::EveryKind);
    Start();
    const std::string kept = "/etc/kubernetes/.tokens.csv.belay-";
    bool done = false;
    world_.disk.before_each = [&](const std::string& path) {
      if (!absl::StartsWith(path, kept) || !absl::EndsWith(path, "-was")) return;
      if (std::exchange(done, true)) return;
      if (in_place) {
        world_.disk.Overwrite(kWorldTokens, "theirs");
      } else {
        world_.disk.PutFile(kWorldTokens, "theirs", {});
      }
    };
    ASSERT_EQ(*Run(), v1::VERDICT_QUARANTINED);
    EXPECT_EQ(Tokens(), "theirs");
    EXPECT_FALSE(world_.HasTemporary());
  }
}

TEST_F(RemovalTransaction, WhatSomebodyElseRemovedIsGoneAllTheSame) {
  bool done = false;
  world_.disk.before_each = [&](const std::string& path) {
    if (!absl::StrContains(path, "/.tokens.csv.belay-") || !absl::EndsWith(path, "-was")) return;
    if (!std::exchange(done, true)) world_.disk.Erase(kWorldTokens);
  };
  ASSERT_EQ(*Run(), v1::VERDICT_COMMITTED);
}

TEST_F(Transaction, AQuarantineLeavesNoTemporaryOfAnyFile) {
  // A life that was cut while the manifest's temporary was being written; then the policy, which
  // is looked at first, is somebody else's.
  bool cut = false;
  world_.disk.after_each = [&](const std::string& path) {
    if (!cut && absl::StrContains(path, "/.kube-apiserver.yaml.belay-") &&
        !absl::EndsWith(path, "-old")) {  // that one lies ready before
      cut = true;
      throw Crash{};
    }
  };
  EXPECT_THROW((void)Run(), Crash);
  ASSERT_EQ(world_.disk.List("/etc/kubernetes/manifests")->size(), 4U);
  world_.disk.PutFile(kWorldPolicy, "theirs", {});
  Start();
  ASSERT_TRUE(executor_->Recover().ok());
  EXPECT_EQ(Last().run_finished().verdict(), v1::VERDICT_QUARANTINED);
  EXPECT_EQ(world_.disk.List("/etc/kubernetes/manifests")->size(), 2U);
  EXPECT_EQ(world_.disk.Read(kWorldPolicy)->bytes, "theirs");
}

}  // namespace
}  // namespace belay
