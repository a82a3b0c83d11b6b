#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "node-agent/transaction/file_image.h"
#include "node-agent/transaction/restore_commands.h"
#include "tests/unit/transaction_fixture.h"

namespace belay {
namespace {

using Kind = GateResult::Kind;

TEST_F(Transaction, AGoodStepIsCommittedAndItsFilesAreTheNewOnes) {
  ASSERT_EQ(*Run(), v1::VERDICT_COMMITTED);
  EXPECT_EQ(Manifest(), NewManifest().bytes);
  EXPECT_EQ(world_.disk.Read(kWorldPolicy)->attributes, NewPolicy().attributes);
  EXPECT_TRUE(Last().has_committed());
  EXPECT_TRUE(Last().committed().report().changed());
  EXPECT_EQ(gate_.requests.size(), 1U);
  EXPECT_EQ(gate_.requests[0].applied_boottime_ns, world_.clock.boot_ns);
}

TEST_F(Transaction, WhatWasProvedBeforeAStepIsToldInItsReport) {
  Accept();
  StepPlan plan = world_.PlanStep();
  plan.prepared.add_notes("was booted in the shadow");
  gate_.talk.add_notes("from the gate");
  ASSERT_EQ(*executor_->RunStep(0, plan), v1::VERDICT_COMMITTED);
  ASSERT_EQ(Last().committed().report().notes_size(), 2);
  EXPECT_EQ(Last().committed().report().notes(1), "was booted in the shadow");
}

TEST_F(Transaction, ABadStepIsRolledBackAndTheRunEnded) {
  gate_.kinds = {Kind::Failed, Kind::Passed};
  ASSERT_EQ(*Run(), v1::VERDICT_ROLLED_BACK);
  EXPECT_EQ(Manifest(), OldManifest().bytes);
  EXPECT_EQ(world_.disk.Read(kWorldManifest)->attributes, OldManifest().attributes);
  EXPECT_TRUE(absl::IsNotFound(world_.disk.Read(kWorldPolicy).status()));
  EXPECT_FALSE(world_.disk.List(kWorldPolicyFolder).ok());
  EXPECT_EQ(Last().run_finished().verdict(), v1::VERDICT_ROLLED_BACK);
  EXPECT_EQ(Last().run_finished().reason(), "never healthy");
  EXPECT_EQ(gate_.requests[1].direction, GateDirection::Backward);
  v1::RunFinished again;
  again.set_verdict(v1::VERDICT_ROLLED_BACK);
  EXPECT_TRUE(executor_->FinishRun(again).ok());
  again.set_verdict(v1::VERDICT_COMMITTED);
  EXPECT_TRUE(absl::IsFailedPrecondition(executor_->FinishRun(again)));
}

TEST_F(Transaction, FilesArePublishedInOrderAndUndoneInReverse) {
  std::vector<std::string> order;
  std::map<std::string, std::string> seen = {{kWorldManifest, OldManifest().bytes},
                                             {kWorldPolicy, ""}};
  world_.disk.after_each = [&](const std::string&) {
    for (auto& [path, bytes] : seen) {
      const auto now = world_.disk.Read(path);
      if (std::exchange(bytes, now.ok() ? now->bytes : "") != bytes) order.push_back(path);
    }
  };
  gate_.kinds = {Kind::Failed, Kind::Passed};
  ASSERT_EQ(*Run(), v1::VERDICT_ROLLED_BACK);
  EXPECT_EQ(order,
            (std::vector<std::string>{kWorldPolicy, kWorldManifest, kWorldManifest, kWorldPolicy}));
}

TEST_F(Transaction, AFailedRollbackIsAStickyEmergencyWithTheCommandsToType) {
  gate_.kinds = {Kind::Failed, Kind::Failed};
  ASSERT_EQ(*Run(), v1::VERDICT_EMERGENCY_STOP);
  Start();
  EXPECT_TRUE(executor_->state().emergency);
  v1::RunKey other = world_.Key();
  other.set_rollout_id("r2");
  EXPECT_TRUE(absl::IsFailedPrecondition(executor_->AcceptRun(other, 1, world_.Plan())));
  EXPECT_TRUE(absl::IsInvalidArgument(executor_->ClearEmergency("", "ann", "q1")));
  EXPECT_TRUE(executor_->state().emergency);
  EXPECT_TRUE(executor_->ClearEmergency("disk replaced", "ann", "q1").ok());
  EXPECT_FALSE(executor_->state().emergency);
  EXPECT_TRUE(executor_->AcceptRun(other, 1, world_.Plan()).ok());
}

TEST_F(Transaction, ALateDuplicateOfAClearingDoesNotClearTheNextEmergency) {
  gate_.kinds = {Kind::Failed, Kind::Failed, Kind::Failed, Kind::Failed};
  ASSERT_EQ(*Run(), v1::VERDICT_EMERGENCY_STOP);
  ASSERT_TRUE(executor_->ClearEmergency("seen to", "ann", "q1").ok());
  v1::RunKey other = world_.Key();
  other.set_rollout_id("r2");
  ASSERT_TRUE(executor_->AcceptRun(other, 1, world_.Plan()).ok());
  ASSERT_EQ(*executor_->RunStep(0, world_.PlanStep()), v1::VERDICT_EMERGENCY_STOP);
  const std::size_t records = executor_->records().size();
  EXPECT_TRUE(executor_->ClearEmergency("seen to", "ann", "q1").ok());
  EXPECT_TRUE(executor_->state().emergency);
  EXPECT_EQ(executor_->records().size(), records);
}

TEST_F(Transaction, ARollbackThatCannotWriteIsAnEmergency) {
  gate_.kinds = {Kind::Failed};
  // The next call after the gate's own record is the restoring of the manifest.
  gate_.during = [&] { world_.disk.FailAt(2, absl::UnavailableError("Input/output error")); };
  ASSERT_EQ(*Run(), v1::VERDICT_EMERGENCY_STOP);
  const v1::Record& stop = executor_->records()[executor_->records().size() - 2];
  ASSERT_TRUE(stop.has_emergency_stop());
  EXPECT_TRUE(absl::StrContains(stop.emergency_stop().reason(), "Input/output error"));
  EXPECT_FALSE(stop.emergency_stop().manual_commands().empty());
  EXPECT_EQ(Manifest(), NewManifest().bytes);
}

TEST_F(Transaction, NewBytesThatDoNotHaveTheirDigestAreRefused) {
  Accept();
  StepPlan plan = world_.PlanStep();
  plan.after_bytes[kWorldManifest] = "other";
  EXPECT_TRUE(absl::IsInvalidArgument(executor_->RunStep(0, plan).status()));
  EXPECT_EQ(Manifest(), OldManifest().bytes);
}

TEST_F(Transaction, AStepThatChangesNothingIsCommittedWithoutAGate) {
  ASSERT_EQ(*Run(), v1::VERDICT_COMMITTED);
  const int gates = static_cast<int>(gate_.requests.size());
  ASSERT_EQ(*executor_->RunStep(1, world_.PlanStep()), v1::VERDICT_COMMITTED);
  EXPECT_FALSE(Last().committed().report().changed());
  EXPECT_EQ(static_cast<int>(gate_.requests.size()), gates);
  EXPECT_EQ(Count(v1::Record::kPrepared), 1);
}

TEST_F(Transaction, ACommittedStepIsAnsweredAndNotDoneAgain) {
  ASSERT_EQ(*Run(), v1::VERDICT_COMMITTED);
  const int calls = world_.disk.calls();
  EXPECT_TRUE(executor_->AcceptRun(world_.Key(), 1, world_.Plan()).ok());
  EXPECT_EQ(*executor_->RunStep(0, world_.PlanStep()), v1::VERDICT_COMMITTED);
  EXPECT_EQ(world_.disk.calls(), calls);
  EXPECT_TRUE(absl::IsInvalidArgument(executor_->RunStep(2, world_.PlanStep()).status()));
}

TEST_F(Transaction, AnOldEpochAndAnotherRunInProgressAreRefused) {
  ASSERT_TRUE(executor_->AcceptRun(world_.Key(), 5, world_.Plan()).ok());
  v1::RunKey other = world_.Key();
  other.set_rollout_id("r2");
  EXPECT_TRUE(absl::IsAborted(executor_->AcceptRun(other, 4, world_.Plan())));
  EXPECT_TRUE(absl::IsFailedPrecondition(executor_->AcceptRun(other, 5, world_.Plan())));
  EXPECT_TRUE(executor_->RefuseRun(other, "another run is in progress", "wait").ok());
  EXPECT_TRUE(absl::IsAlreadyExists(executor_->AcceptRun(other, 5, world_.Plan())));
}

TEST_F(Transaction, APlanWithoutTheNamedDigestIsNotAccepted) {
  v1::RunKey key = world_.Key();
  key.set_plan_digest("0000");
  EXPECT_TRUE(absl::IsInvalidArgument(executor_->AcceptRun(key, 1, world_.Plan())));
}

TEST_F(Transaction, AnInterruptedGateDecidesNothingAndGoesOnInTheNextLife) {
  gate_.kinds = {Kind::Interrupted};
  EXPECT_TRUE(absl::IsCancelled(Run().status()));
  EXPECT_EQ(executor_->state().phase, Phase::Applied);
  Start();
  ASSERT_TRUE(executor_->Recover().ok());
  EXPECT_EQ(Count(v1::Record::kGateResumed), 1);
  EXPECT_TRUE(Last().has_committed());
}

TEST_F(Transaction, TheThirdRestartInsideOneGateRollsBack) {
  gate_.kinds = {Kind::Interrupted, Kind::Interrupted, Kind::Interrupted};
  EXPECT_TRUE(absl::IsCancelled(Run().status()));
  for (int i = 0; i < 2; ++i) {
    Start();
    EXPECT_TRUE(absl::IsCancelled(executor_->Recover()));
  }
  Start();
  ASSERT_TRUE(executor_->Recover().ok());
  EXPECT_EQ(Last().run_finished().verdict(), v1::VERDICT_ROLLED_BACK);
  EXPECT_EQ(Manifest(), OldManifest().bytes);
}

TEST_F(Transaction, AMomentOfAnotherBootIsZeroInTheGate) {
  gate_.kinds = {Kind::Interrupted};
  EXPECT_TRUE(absl::IsCancelled(Run().status()));
  std::mt19937 random;
  world_.Cut(SimDisk::Cut::Lose, random);
  Start();
  ASSERT_TRUE(executor_->Recover().ok());
  EXPECT_EQ(gate_.requests.back().applied_boottime_ns, 0);
}

TEST_F(Transaction, ALifeThatFindsTheManifestPublishedCountsFromTheIntent) {
  const std::int64_t intent_ns = world_.clock.boot_ns;
  world_.disk.after_each = [&](const std::string& path) {
    if (path == kWorldManifest) throw Crash{};  // right behind the rename
  };
  EXPECT_THROW((void)Run(), Crash);
  world_.disk.after_each = nullptr;
  world_.clock.Pass(60'000'000'000);
  Start();
  ASSERT_TRUE(executor_->Recover().ok());
  EXPECT_EQ(gate_.requests.back().applied_boottime_ns, intent_ns);
}

TEST_F(Transaction, AFullDiskWhilePublishingRollsBack) {
  Accept();
  bool armed = false;
  world_.disk.after_each = [&](const std::string& path) {
    if (path == kWorldPolicy && !std::exchange(armed, true)) {
      world_.disk.FailAt(1, absl::ResourceExhaustedError("No space left on device"));
    }
  };
  ASSERT_EQ(*executor_->RunStep(0, world_.PlanStep()), v1::VERDICT_ROLLED_BACK);
  EXPECT_TRUE(absl::StrContains(Last().run_finished().reason(), "No space left"));
  EXPECT_EQ(Manifest(), OldManifest().bytes);
  // Nothing was ever replaced, so whatever serves now is the old configuration.
  EXPECT_TRUE(executor_->records()[4].rolling_back().manifests_untouched() ||
              executor_->records()[3].rolling_back().manifests_untouched());
}

TEST_F(Transaction, ADamagedImageFallsBackToTheReadableBackup) {
  gate_.kinds = {Kind::Failed, Kind::Passed};
  gate_.during = [&] {
    const auto images = world_.disk.List("/var/lib/belay-agent/images");
    for (const auto& entry : *images) {
      world_.disk.PutFile("/var/lib/belay-agent/images/" + entry.name, "damaged", {});
    }
  };
  ASSERT_EQ(*Run(), v1::VERDICT_ROLLED_BACK);
  EXPECT_EQ(Manifest(), OldManifest().bytes);
}

TEST_F(Transaction, TheReportOfARollbackTellsTheWholeOutage) {
  gate_.kinds = {Kind::Failed};
  gate_.talk.set_down_since_boottime_ns(42);
  gate_.talk.mutable_outage()->set_measured(true);
  gate_.talk.mutable_outage()->set_seconds(3);
  ASSERT_EQ(*Run(), v1::VERDICT_ROLLED_BACK);
  ASSERT_EQ(gate_.requests.size(), 2U);
  EXPECT_EQ(gate_.requests[0].down_since_boottime_ns, 0);
  EXPECT_EQ(gate_.requests[1].down_since_boottime_ns, 42);
  const v1::Record& verdict = executor_->records()[executor_->records().size() - 2];
  EXPECT_EQ(verdict.rolled_back().report().outage().seconds(), 6);
}

TEST_F(Transaction, AMomentOfAnotherBootBeginsNoOutage) {
  gate_.kinds = {Kind::Failed, Kind::Interrupted};
  gate_.talk.set_down_since_boottime_ns(42);
  EXPECT_TRUE(absl::IsCancelled(Run().status()));
  world_.clock.Reboot();
  Start();
  ASSERT_TRUE(executor_->Recover().ok());
  EXPECT_EQ(gate_.requests.back().down_since_boottime_ns, 0);
}

TEST_F(Transaction, OldImagesAndBackupsAreForgottenAndThoseInUseAreNot) {
  gate_.kinds = {Kind::Interrupted};
  EXPECT_TRUE(absl::IsCancelled(Run().status()));
  const auto count = [&](const char* folder) {
    return world_.disk.List(std::string(kWorldStateDir) + folder)->size();
  };
  world_.disk.PutFile(std::string(kWorldStateDir) + "/images/0123", "old", {});
  world_.disk.PutFile(std::string(kWorldStateDir) + "/backups/a.bak_1", "old", {});
  ASSERT_TRUE(executor_->ForgetImagesBefore(0).ok());
  EXPECT_EQ(count("/images"), 3U);
  EXPECT_EQ(count("/backups"), 1U);
  gate_.kinds = {Kind::Failed};
  ASSERT_TRUE(executor_->Recover().ok());
  EXPECT_EQ(Manifest(), OldManifest().bytes);
}

TEST_F(Transaction, ABackupIsReadableAndCarriesTheFilesAttributes) {
  ASSERT_EQ(*Run(), v1::VERDICT_COMMITTED);
  const auto backups = world_.disk.List("/var/lib/belay-agent/backups");
  ASSERT_EQ(backups->size(), 1U);
  EXPECT_EQ((*backups)[0].name, "kube-apiserver.yaml.bak_20261118T110640Z");
  const auto copy = world_.disk.Read("/var/lib/belay-agent/backups/" + (*backups)[0].name);
  EXPECT_EQ(copy->bytes, OldManifest().bytes);
  EXPECT_EQ(copy->attributes, OldManifest().attributes);
}

TEST_F(Transaction, AStepOfFilesOnlyIsCommittedAfterReadingThemAgain) {
  Accept();
  StepPlan plan = world_.PlanStep();
  plan.prepared.mutable_changes()->RemoveLast();
  plan.prepared.clear_components();
  ASSERT_EQ(*executor_->RunStep(0, plan), v1::VERDICT_COMMITTED);
  EXPECT_TRUE(gate_.requests.empty());
  EXPECT_EQ(world_.disk.Read(kWorldPolicy)->bytes, NewPolicy().bytes);
}

TEST_F(Transaction, TextThatIsNotUtf8DoesNotMakeTheJournalUnreadable) {
  Accept();
  StepPlan step = world_.PlanStep();
  step.prepared.mutable_changes(0)->set_diff("-\xE4lt\n+new\n");
  gate_.kinds = {Kind::Interrupted};
  EXPECT_TRUE(absl::IsCancelled(executor_->RunStep(0, std::move(step)).status()));
  Start();
  ASSERT_TRUE(executor_->Recover().ok());
  EXPECT_TRUE(Last().has_committed());
}

// With SELinux every new file has a label at once, which no plan names.
TEST(FileImage, ALabelThatTheImageDoesNotNameIsTheKernels) {
  FileAttributes bare;
  FileAttributes labelled = bare;
  labelled.xattrs["security.selinux"] = "kube_t";
  FileAttributes other = bare;
  other.xattrs["security.selinux"] = "etc_t";
  FileAttributes acl = bare;
  acl.xattrs["system.posix_acl_access"] = "x";
  EXPECT_TRUE(SameImage(ImageOf("a", labelled), ImageOf("a", bare)));
  EXPECT_TRUE(SameImage(ImageOf("a", bare), ImageOf("a", labelled)));
  EXPECT_FALSE(SameImage(ImageOf("a", labelled), ImageOf("a", other)));
  EXPECT_FALSE(SameImage(ImageOf("a", labelled), ImageOf("b", bare)));
  EXPECT_FALSE(SameImage(ImageOf("a", acl), ImageOf("a", bare)));
}

TEST_F(Transaction, AManifestThatBecameASymbolicLinkIsNotFollowed) {
  gate_.during = [&] {
    world_.disk.Erase(kWorldManifest);
    world_.disk.PutSymlink(kWorldManifest);
  };
  EXPECT_EQ(*Run(), v1::VERDICT_QUARANTINED);
  EXPECT_TRUE(absl::IsFailedPrecondition(world_.disk.Read(kWorldManifest).status()));
}

TEST(RestoreCommands, AreWholeShellCommandsInTheOrderOfUndoing) {
  v1::Prepared prepared;
  v1::FileChange& policy = *prepared.add_changes();
  policy.set_path("/etc/k/audit/policy.yaml");
  v1::FileChange& manifest = *prepared.add_changes();
  manifest.set_path("/etc/k/it's.yaml");
  manifest.mutable_before()->set_exists(true);
  manifest.set_backup_path("/state/backups/it's.yaml.bak_1");
  prepared.add_created_directories("/etc/k/audit");
  EXPECT_EQ(
      RestoreCommands(prepared, ""),
      (std::vector<std::string>{
          R"(cp -a -- '/state/backups/it'\''s.yaml.bak_1' '/etc/k/.it'\''s.yaml.belay-restore')"
          R"( && sync && mv -f -- '/etc/k/.it'\''s.yaml.belay-restore' '/etc/k/it'\''s.yaml')",
          "rm -f -- '/etc/k/audit/policy.yaml'",
          "rmdir --ignore-fail-on-non-empty -- '/etc/k/audit'", "sync"}));
}

}  // namespace
}  // namespace belay
