// A real ext4 whose files may not be changed (chattr +i), or that goes read-only, before a step or
// while its new configuration is being proved.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "tests/crash/small_disk_fixture.h"

namespace belay {
namespace {

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

class ImmutableFile : public SmallDiskTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(MountDisk(SmallFileSystem::Kind::Ext4));
    ASSERT_NO_FATAL_FAILURE(PutFile(kManifest, "old"));
    Open();
  }
  void Open() { SmallDiskTest::Open(gate); }

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
    EXPECT_TRUE(Accept().ok());
    return executor->RunStep(0, ManifestStep("new"));
  }
  std::string Manifest() { return files->Read(kManifest)->bytes; }
  std::size_t Entries() { return files->List(kDiskFolder)->size(); }

  ActingGate gate;
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
  SetImmutable(kDiskFolder, true);
  const auto verdict = Run();
  EXPECT_TRUE(absl::IsPermissionDenied(verdict.status())) << verdict.status();
  EXPECT_EQ(executor->state().phase, Phase::Idle);
  EXPECT_EQ(Manifest(), "old");
  EXPECT_EQ(Entries(), 1U);
  SetImmutable(kDiskFolder, false);
}

TEST_F(ImmutableFile, OneThatMayNotBePutBackIsAnEmergencyWithTheCommands) {
  for (const char* path : {kManifest, kDiskFolder}) {
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
