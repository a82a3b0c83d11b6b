// A transaction on a real file system that is filled to its last byte while the new configuration
// is being proved.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "common/base/digest.h"
#include "common/os/posix_file_system.h"
#include "node-agent/transaction/executor.h"
#include "node-agent/transaction/file_image.h"
#include "tests/support/sim_clock.h"
#include "tests/support/small_file_system.h"

namespace belay {
namespace {

constexpr const char* kManifest = "/etc/kubernetes/manifests/kube-apiserver.yaml";
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

class RealFullDisk : public testing::TestWithParam<SmallFileSystem::Kind> {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "belay-full-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    base = pattern;
    auto mounted = SmallFileSystem::Mount(GetParam(), base);
    if (!mounted.ok()) {  // ctest shows it as skipped, with this line
      std::printf("NOT RUN, no file system of its own here: %s\n",
                  mounted.status().ToString().c_str());
      std::exit(0);
    }
    small = *std::move(mounted);
    gate.disk = small.get();
    std::filesystem::create_directories(small->root() + "/etc/kubernetes/manifests");
    std::filesystem::create_directories(small->root() + "/state");
    files = *PosixFileSystem::Open(small->root());
    FileAttributes attributes;
    attributes.uid = geteuid();
    attributes.gid = getegid();
    // Larger than what a file system keeps in an inode.
    old_manifest = "kind: Pod # old\n" + std::string(20'000, 'o');
    new_manifest = "kind: Pod # new\n" + std::string(30'000, 'n');
    ASSERT_TRUE(files->Create(kManifest, old_manifest, attributes).ok());
    ASSERT_TRUE(files->Create(kTokens, "token\n", attributes).ok());
    Open();
  }
  void TearDown() override {
    executor.reset();
    files.reset();
    small.reset();
    std::filesystem::remove_all(base);
  }

  void Open() {
    executor.reset();
    auto opened = Executor::Open({.host = *files,
                                  .state = *files,
                                  .clock = clock,
                                  .gatekeeper = gate,
                                  .state_dir = "/state",
                                  .new_journal_id = "j"});
    ASSERT_TRUE(opened.ok()) << opened.status();
    executor = *std::move(opened);
  }

  absl::StatusOr<v1::Verdict> Run() {
    v1::RemediationPlan plan;
    plan.add_steps()->set_name("the edit");
    v1::SignedPlan signed_plan;
    signed_plan.set_plan(plan.SerializeAsString());
    v1::RunKey key;
    key.set_rollout_id("r");
    key.set_plan_digest(Sha256Hex(signed_plan.plan()));
    if (absl::Status accepted = executor->AcceptRun(key, 1, signed_plan); !accepted.ok()) {
      return accepted;
    }
    StepPlan step;
    v1::FileChange& manifest = *step.prepared.add_changes();
    manifest.set_path(kManifest);
    manifest.set_is_manifest(true);
    *manifest.mutable_before() = *ReadImage(*files, kManifest);
    *manifest.mutable_after() = ImageOf(new_manifest, AttributesOf(manifest.before()));
    step.after_bytes[kManifest] = new_manifest;
    v1::FileChange& tokens = *step.prepared.add_changes();
    tokens.set_path(kTokens);
    *tokens.mutable_before() = *ReadImage(*files, kTokens);
    step.prepared.add_components()->set_component("kube-apiserver");
    return executor->RunStep(0, std::move(step));
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

  std::string base, old_manifest, new_manifest;
  std::unique_ptr<SmallFileSystem> small;
  std::unique_ptr<PosixFileSystem> files;
  SimClock clock;
  FillingGate gate;
  std::unique_ptr<Executor> executor;
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
                         testing::Values(SmallFileSystem::Kind::Tmpfs, SmallFileSystem::Kind::Ext4),
                         [](const auto& param) {
                           return param.param == SmallFileSystem::Kind::Tmpfs ? "Tmpfs" : "Ext4";
                         });

}  // namespace
}  // namespace belay
