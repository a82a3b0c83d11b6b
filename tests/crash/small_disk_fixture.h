// A transaction on a file system of its own (small_file_system.h): what the tests of real disks
// that are full, or have files that may not be changed, have in common.
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
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

inline constexpr const char* kDiskFolder = "/etc/kubernetes/manifests";
inline constexpr const char* kManifest = "/etc/kubernetes/manifests/kube-apiserver.yaml";

class SmallDiskTest : public testing::Test {
 protected:
  // With the folders of manifests and of the agent's state.  Ends the program where nothing may be
  // mounted: ctest shows it as skipped, with the line that it prints.
  void MountDisk(SmallFileSystem::Kind kind) {
    std::string pattern = testing::TempDir() + "belay-disk-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    base = pattern;
    auto mounted = SmallFileSystem::Mount(kind, base);
    if (!mounted.ok()) {
      std::printf("NOT RUN, no file system of its own here: %s\n",
                  mounted.status().ToString().c_str());
      std::exit(0);
    }
    small = *std::move(mounted);
    std::filesystem::create_directories(small->root() + kDiskFolder);
    std::filesystem::create_directories(small->root() + "/state");
    files = *PosixFileSystem::Open(small->root());
  }
  void TearDown() override {
    executor.reset();
    files.reset();
    small.reset();
    std::filesystem::remove_all(base);
  }

  void PutFile(const std::string& path, const std::string& bytes) {
    FileAttributes attributes;
    attributes.uid = geteuid();
    attributes.gid = getegid();
    ASSERT_TRUE(files->Create(path, bytes, attributes).ok());
  }

  void Open(Gatekeeper& gate) {
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

  // A run of one step.
  absl::Status Accept() {
    v1::RemediationPlan plan;
    plan.add_steps()->set_name("the edit");
    v1::SignedPlan signed_plan;
    signed_plan.set_plan(plan.SerializeAsString());
    v1::RunKey key;
    key.set_rollout_id("r");
    key.set_plan_digest(Sha256Hex(signed_plan.plan()));
    return executor->AcceptRun(key, 1, signed_plan);
  }
  // The step that makes the manifest `bytes`.
  StepPlan ManifestStep(const std::string& bytes) {
    StepPlan step;
    v1::FileChange& manifest = *step.prepared.add_changes();
    manifest.set_path(kManifest);
    manifest.set_is_manifest(true);
    *manifest.mutable_before() = *ReadImage(*files, kManifest);
    *manifest.mutable_after() = ImageOf(bytes, AttributesOf(manifest.before()));
    step.after_bytes[kManifest] = bytes;
    step.prepared.add_components()->set_component("kube-apiserver");
    return step;
  }

  std::string base;
  std::unique_ptr<SmallFileSystem> small;
  std::unique_ptr<PosixFileSystem> files;
  SimClock clock;
  std::unique_ptr<Executor> executor;
};

}  // namespace belay
