// A real ext4 whose files may not be changed (chattr +i), or that goes read-only, before a step or
// while its new configuration is being proved.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "common/base/digest.h"
#include "common/os/posix_file_system.h"
#include "node-agent/transaction/executor.h"
#include "node-agent/transaction/file_image.h"
#include "tests/support/sim_clock.h"
#include "tests/support/small_file_system.h"

namespace belay {
namespace {

constexpr const char* kFolder = "/etc/kubernetes/manifests";
constexpr const char* kManifest = "/etc/kubernetes/manifests/kube-apiserver.yaml";

struct ActingGate : Gatekeeper {
  GateResult Run(const GateRequest& request,
                 const std::function<void(const std::string&)>&) override {
    const bool forward = request.direction == GateDirection::Forward;
    if (forward && act) act();
    GateResult result;
    result.kind = forward && !good ? GateResult::Kind::Failed : GateResult::Kind::Passed;
    result.reason = "never healthy";
    return result;
  }
  std::function<void()> act;
  bool good = false;
};

class ImmutableFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "belay-immutable-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    base = pattern;
    auto mounted = SmallFileSystem::Mount(SmallFileSystem::Kind::Ext4, base);
    if (!mounted.ok()) {  // ctest shows it as skipped, with this line
      std::printf("NOT RUN, no file system of its own here: %s\n",
                  mounted.status().ToString().c_str());
      std::exit(0);
    }
    small = *std::move(mounted);
    std::filesystem::create_directories(small->root() + kFolder);
    std::filesystem::create_directories(small->root() + "/state");
    files = *PosixFileSystem::Open(small->root());
    FileAttributes attributes;
    attributes.uid = geteuid();
    attributes.gid = getegid();
    ASSERT_TRUE(files->Create(kManifest, "old", attributes).ok());
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

  // As chattr +i and -i do.
  void SetImmutable(const std::string& path, bool immutable) {
    const int fd = open((small->root() + path).c_str(), O_RDONLY | O_CLOEXEC);
    ASSERT_GE(fd, 0);
    int flags = 0;
    ASSERT_EQ(ioctl(fd, FS_IOC_GETFLAGS, &flags), 0);
    flags = immutable ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
    ASSERT_EQ(ioctl(fd, FS_IOC_SETFLAGS, &flags), 0);
    close(fd);
  }
  void Remount(bool read_only) {
    unsigned long flags = MS_REMOUNT;
    if (read_only) flags |= MS_RDONLY;
    ASSERT_EQ(mount(nullptr, small->root().c_str(), nullptr, flags, nullptr), 0);
  }

  absl::StatusOr<v1::Verdict> Run() {
    v1::RemediationPlan plan;
    plan.add_steps()->set_name("the edit");
    v1::SignedPlan signed_plan;
    signed_plan.set_plan(plan.SerializeAsString());
    v1::RunKey key;
    key.set_rollout_id("r");
    key.set_plan_digest(Sha256Hex(signed_plan.plan()));
    EXPECT_TRUE(executor->AcceptRun(key, 1, signed_plan).ok());
    StepPlan step;
    v1::FileChange& manifest = *step.prepared.add_changes();
    manifest.set_path(kManifest);
    manifest.set_is_manifest(true);
    *manifest.mutable_before() = *ReadImage(*files, kManifest);
    *manifest.mutable_after() = ImageOf("new", AttributesOf(manifest.before()));
    step.after_bytes[kManifest] = "new";
    step.prepared.add_components()->set_component("kube-apiserver");
    return executor->RunStep(0, std::move(step));
  }
  std::string Manifest() { return files->Read(kManifest)->bytes; }
  std::size_t Entries() { return files->List(kFolder)->size(); }

  std::string base;
  std::unique_ptr<SmallFileSystem> small;
  std::unique_ptr<PosixFileSystem> files;
  SimClock clock;
  ActingGate gate;
  std::unique_ptr<Executor> executor;
};

TEST_F(ImmutableFile, AManifestThatMayNotBeChangedIsNot) {
  SetImmutable(kManifest, true);
  const auto verdict = Run();
  ASSERT_TRUE(verdict.ok()) << verdict.status();
  EXPECT_EQ(*verdict, v1::VERDICT_ROLLED_BACK);
  EXPECT_EQ(Manifest(), "old");
  EXPECT_EQ(Entries(), 1U);
  SetImmutable(kManifest, false);
}

TEST_F(ImmutableFile, AFolderThatMayNotBeChangedRefusesTheStep) {
  SetImmutable(kFolder, true);
  const auto verdict = Run();
  EXPECT_TRUE(absl::IsPermissionDenied(verdict.status())) << verdict.status();
  EXPECT_EQ(executor->state().phase, Phase::Idle);
  EXPECT_EQ(Manifest(), "old");
  EXPECT_EQ(Entries(), 1U);
  SetImmutable(kFolder, false);
}

TEST_F(ImmutableFile, OneThatMayNotBePutBackIsAnEmergencyWithTheCommands) {
  for (const char* path : {kManifest, kFolder}) {
    gate.act = [&] { SetImmutable(path, true); };
    const auto verdict = Run();
    ASSERT_TRUE(verdict.ok()) << verdict.status();
    EXPECT_EQ(*verdict, v1::VERDICT_EMERGENCY_STOP) << path;
    EXPECT_EQ(Manifest(), "new");
    const v1::Record& stop = executor->records()[executor->records().size() - 2];
    EXPECT_NE(stop.emergency_stop().reason().find("not permitted"), std::string::npos)
        << stop.emergency_stop().reason();
    EXPECT_GT(stop.emergency_stop().manual_commands_size(), 1);
    SetImmutable(path, false);
    TearDown();
    SetUp();
  }
}

TEST_F(ImmutableFile, AFileSystemThatGoesReadOnlyLeadsToAVerdictOnceItIsWell) {
  for (const bool good : {false, true}) {
    gate.good = good;
    gate.act = [&] { Remount(true); };
    const auto verdict = Run();
    EXPECT_FALSE(verdict.ok()) << "nothing can be journalled";
    EXPECT_EQ(Manifest(), "new");
    gate.act = nullptr;
    Remount(false);
    Open();
    ASSERT_TRUE(executor->Recover().ok());
    EXPECT_EQ(Manifest(), good ? "new" : "old");
    EXPECT_EQ(Entries(), 1U);
    TearDown();
    SetUp();
  }
}

}  // namespace
}  // namespace belay
