// A transaction on a real file system that is filled to its last byte while the new configuration
// is being proved.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "absl/strings/match.h"
#include "tests/crash/small_disk_fixture.h"

namespace belay {
namespace {

constexpr const char* kTokens = "/etc/kubernetes/tokens.csv";

struct FillingGate : Gatekeeper {
  GateResult Run(const GateRequest& request,
                 const std::function<void(const std::string&)>&) override {
    GateResult result;
    if (request.direction == GateDirection::Backward) {
      result.kind = GateResult::Kind::Passed;
      return result;
    }
    if (fill) disk->FillUp();
    result.kind = interrupt ? GateResult::Kind::Interrupted : GateResult::Kind::Failed;
    result.reason = "never healthy";
    for (int i = 0; i < 20'000; ++i) {  // as of a component that says something else each time
      result.report.add_samples()->set_what("another answer " + std::to_string(i));
    }
    return result;
  }
  const SmallFileSystem* disk = nullptr;
  bool fill = true;
  bool interrupt = false;
};

class RealFullDisk : public SmallDiskTest,
                     public testing::WithParamInterface<SmallFileSystem::Kind> {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(MountDisk(GetParam()));
    gate.disk = small.get();
    // Larger than what a file system keeps in an inode.
    old_manifest = "kind: Pod # old\n" + std::string(20'000, 'o');
    new_manifest = "kind: Pod # new\n" + std::string(30'000, 'n');
    ASSERT_NO_FATAL_FAILURE(PutFile(kManifest, old_manifest));
    ASSERT_NO_FATAL_FAILURE(PutFile(kTokens, "token\n"));
    Open();
  }
  void Open() { SmallDiskTest::Open(gate); }

  absl::StatusOr<v1::Verdict> Run() {
    if (absl::Status accepted = Accept(); !accepted.ok()) return accepted;
    StepPlan step = ManifestStep(new_manifest);
    v1::FileChange& tokens = *step.prepared.add_changes();
    tokens.set_path(kTokens);
    *tokens.mutable_before() = *ReadImage(*files, kTokens);
    return executor->RunStep(0, step);
  }

  void ExpectFull() {
    const std::string path = small->root() + "/etc/kubernetes/one-more";
    FILE* const file = std::fopen(path.c_str(), "w");
    const bool wrote = file != nullptr && std::fputs(std::string(5000, 'x').c_str(), file) >= 0 &&
                       std::fflush(file) == 0;
    if (file != nullptr) std::fclose(file);
    std::remove(path.c_str());
    EXPECT_FALSE(wrote) << "the disk is not full, this test proves nothing";
  }
  void ExpectOldBytes() {
    EXPECT_EQ(files->Read(kManifest)->bytes, old_manifest);
    EXPECT_EQ(files->Read(kTokens)->bytes, "token\n");
    const auto entries = files->List("/etc/kubernetes/manifests");
    for (const DirectoryEntry& entry : *entries) {
      EXPECT_EQ(entry.name, "kube-apiserver.yaml");
    }
  }

  std::string old_manifest, new_manifest;
  FillingGate gate;
};

TEST_P(RealFullDisk, ARollbackComesToItsEnd) {
  const auto verdict = Run();
  ASSERT_TRUE(verdict.ok()) << verdict.status();
  EXPECT_EQ(*verdict, v1::VERDICT_ROLLED_BACK);
  ExpectOldBytes();
  Open();
  EXPECT_EQ(executor->state().finished_runs.begin()->second.outcome.verdict(),
            v1::VERDICT_ROLLED_BACK);
}

TEST_P(RealFullDisk, AnAgentThatIsStartedAgainOnItRollsBackAll) {
  gate.interrupt = true;
  EXPECT_TRUE(absl::IsCancelled(Run().status()));
  ExpectFull();
  Open();
  EXPECT_TRUE(absl::IsCancelled(executor->Recover()));
  gate.interrupt = false;
  Open();
  ASSERT_TRUE(executor->Recover().ok());
  EXPECT_EQ(executor->state().finished_runs.begin()->second.outcome.verdict(),
            v1::VERDICT_ROLLED_BACK);
  ExpectOldBytes();
}

TEST_P(RealFullDisk, BeforeAnythingIsChangedTheStepIsRefused) {
  gate.fill = false;
  small->FillUp();
  ExpectFull();
  const auto verdict = Run();
  ASSERT_TRUE(absl::IsResourceExhausted(verdict.status())) << verdict.status();
  EXPECT_TRUE(absl::StrContains(verdict.status().message(), "Free ")) << verdict.status();
  ExpectOldBytes();
  v1::RunFinished refused;
  refused.set_verdict(v1::VERDICT_REFUSED);
  EXPECT_TRUE(!executor->state().current || executor->FinishRun(refused).ok());
}

INSTANTIATE_TEST_SUITE_P(Kinds, RealFullDisk,
                         testing::Values(SmallFileSystem::Kind::Tmpfs, SmallFileSystem::Kind::Ext4,
                                         SmallFileSystem::Kind::Ext3),
                         [](const auto& param) {
                           return param.param == SmallFileSystem::Kind::Tmpfs  ? "Tmpfs"
                                  : param.param == SmallFileSystem::Kind::Ext4 ? "Ext4"
                                                                               : "Ext3";
                         });

}  // namespace
}  // namespace belay
