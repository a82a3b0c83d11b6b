// Section J of the edit cases: what a file is on a real file system when it is edited, through the
// same parts as the agent: ChangesOf, the transaction, PosixFileSystem.  Each test is named by its
// row.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/digest.h"
#include "common/os/file_lock.h"
#include "common/os/posix_file_system.h"
#include "node-agent/change/change.h"
#include "node-agent/transaction/executor.h"
#include "node-agent/transaction/file_image.h"
#include "tests/support/observed_file_system.h"
#include "tests/support/sim_clock.h"
#include "tests/unit/file_edits.h"
#include "tests/unit/manifest_edits.h"

namespace belay {
namespace {

constexpr const char* kDirectory = "/etc/kubernetes/manifests";
constexpr const char* kManifest = "/etc/kubernetes/manifests/kube-apiserver.yaml";
constexpr const char* kState = "/var/belay";
constexpr const char* kOld =
    "apiVersion: v1\nkind: Pod  # kept\nmetadata:\n  name: kube-apiserver\nspec:\n  containers:\n"
    "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --profiling=true\n";
constexpr const char* kNew =
    "apiVersion: v1\nkind: Pod  # kept\nmetadata:\n  name: kube-apiserver\nspec:\n  containers:\n"
    "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --profiling=false\n";

struct OpenGate : Gatekeeper {
  GateResult Run(const GateRequest& request,
                 const std::function<void(const std::string&)>&) override {
    if (during) during();
    GateResult result;
    result.kind = request.direction == GateDirection::Forward && fails ? GateResult::Kind::Failed
                                                                       : GateResult::Kind::Passed;
    return result;
  }
  bool fails = false;
  std::function<void()> during;
};

class EditCasesJ : public testing::Test {
 protected:
  EditCasesJ() {
    std::string pattern = testing::TempDir() + "belay-j-XXXXXX";
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    root = pattern;
    for (const char* folder : {"/etc/kubernetes/manifests", "/var/belay"}) {
      std::filesystem::create_directories(root + folder);
    }
    disk = *PosixFileSystem::Open(root);
    attributes.mode = 0600;
    attributes.uid = geteuid();
    attributes.gid = getegid();
    EXPECT_TRUE(disk->Create(kManifest, kOld, attributes).ok());
    Start(*disk);
  }
  ~EditCasesJ() override {
    executor.reset();
    std::filesystem::remove_all(root);
  }
  void Start(FileSystem& host) {
    executor.reset();
    auto opened = Executor::Open({.host = host,
                                  .state = *disk,
                                  .clock = clock,
                                  .gatekeeper = gate,
                                  .state_dir = kState,
                                  .new_journal_id = "j"});
    ASSERT_TRUE(opened.ok()) << opened.status();
    executor = *std::move(opened);
  }
  std::string Real(const std::string& path) const { return root + path; }
  struct stat Stat(const std::string& path) const {
    struct stat facts = {};
    EXPECT_EQ(lstat(Real(path).c_str(), &facts), 0) << path;
    return facts;
  }

  // One step in a run of its own, as the agent does it.
  absl::StatusOr<v1::Verdict> Apply(const std::vector<v1::Edit>& wanted) {
    v1::Step step;
    for (const v1::Edit& edit : wanted) *step.add_edits() = edit;
    absl::StatusOr<StepChanges> changes = ChangesOf(step, kDirectory, *disk);
    if (!changes.ok()) return changes.status();
    StepPlan plan;
    for (const PathChange& change : *changes) {
      if (!change.changed()) continue;
      v1::FileChange& out = *plan.prepared.add_changes();
      out.set_path(change.path);
      out.set_is_manifest(!change.manifest.empty());
      *out.mutable_before() = change.before.exists
                                  ? ImageOf(change.before.bytes, change.before.attributes)
                                  : AbsentImage();
      *out.mutable_after() = change.after.exists
                                 ? ImageOf(change.after.bytes, change.after.attributes)
                                 : AbsentImage();
      if (change.after.exists) plan.after_bytes[change.path] = change.after.bytes;
    }
    plan.prepared.add_components()->set_component("kube-apiserver");
    if (between) between();
    v1::RemediationPlan whole;
    *whole.add_steps() = step;
    v1::SignedPlan signed_plan;
    signed_plan.set_plan(whole.SerializeAsString());
    v1::RunKey key;
    key.set_rollout_id("r" + std::to_string(++runs));
    key.set_plan_digest(Sha256Hex(signed_plan.plan()));
    const absl::Status accepted = executor->AcceptRun(key, 1, signed_plan);
    if (!accepted.ok()) return accepted;
    absl::StatusOr<v1::Verdict> verdict = executor->RunStep(0, std::move(plan));
    v1::RunFinished end;
    end.set_verdict(verdict.ok() ? *verdict : v1::VERDICT_REFUSED);
    EXPECT_TRUE(executor->FinishRun(end).ok());
    return verdict;
  }
  // Nothing has been written, not even a temporary.
  void ExpectUntouched(const std::function<void()>& act) {
    const struct stat before = Stat(kManifest);
    const auto entries = disk->List(kDirectory);
    act();
    const struct stat after = Stat(kManifest);
    EXPECT_EQ(before.st_ino, after.st_ino);
    EXPECT_EQ(before.st_mtim.tv_sec, after.st_mtim.tv_sec);
    EXPECT_EQ(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
    EXPECT_EQ(entries->size(), disk->List(kDirectory)->size());
  }
  void ExpectRefused(const std::vector<v1::Edit>& wanted, const std::string& what) {
    const absl::StatusOr<v1::Verdict> verdict = Apply(wanted);
    ASSERT_FALSE(verdict.ok()) << v1::Verdict_Name(*verdict);
    EXPECT_NE(verdict.status().message().find(what), std::string::npos) << verdict.status();
  }
  std::string Manifest() { return disk->Read(kManifest)->bytes; }

  const std::vector<v1::Edit> edits = {SetFlagEdit("profiling", "false")};
  std::string root;
  std::unique_ptr<PosixFileSystem> disk;
  FileAttributes attributes;
  SimClock clock;
  OpenGate gate;
  std::unique_ptr<Executor> executor;
  std::function<void()> between;  // after the file was read, before the step is run
  int runs = 0;
};

TEST_F(EditCasesJ, J1ASymlinkIsRefusedAndStaysOne) {
  const std::string target = Real("/etc/kubernetes/real.yaml");
  std::filesystem::rename(Real(kManifest), target);
  std::filesystem::create_symlink("../real.yaml", Real(kManifest));
  ExpectRefused(edits, "symbolic link");
  EXPECT_TRUE(S_ISLNK(Stat(kManifest).st_mode));
  EXPECT_EQ(disk->Read("/etc/kubernetes/real.yaml")->bytes, kOld);
  EXPECT_EQ(disk->List(kDirectory)->size(), 1U);
}

TEST_F(EditCasesJ, J2AHardLinkedFileIsReplacedAndItsOtherNameKeepsTheOldBytes) {
  ASSERT_EQ(link(Real(kManifest).c_str(), Real("/etc/kubernetes/other").c_str()), 0);
  ASSERT_EQ(*Apply(edits), v1::VERDICT_COMMITTED);
  EXPECT_EQ(Manifest(), kNew);
  EXPECT_EQ(disk->Read("/etc/kubernetes/other")->bytes, kOld);
  EXPECT_EQ(Stat(kManifest).st_nlink, 1U);
  EXPECT_EQ(Stat("/etc/kubernetes/other").st_nlink, 1U);
}

// user:5:r-- beside rw-r-----, as the kernel keeps it.
std::string SomeAcl() {
  const auto entry = [](std::uint16_t tag, std::uint16_t perm, std::uint32_t id) {
    std::string out;
    for (const std::uint32_t part : {std::uint32_t{tag}, std::uint32_t{perm}}) {
      out.push_back(static_cast<char>(part & 0xff));
      out.push_back(static_cast<char>(part >> 8 & 0xff));
    }
    for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(id >> shift));
    return out;
  };
  const std::uint32_t none = 0xffffffff;
  return std::string("\2\0\0\0", 4) + entry(0x01, 6, none) + entry(0x02, 4, 5) +
         entry(0x04, 4, none) + entry(0x10, 4, none) + entry(0x20, 0, none);
}

TEST_F(EditCasesJ, J3OwnerModeXattrsAndAclAreTheSameAfterTheEditAndAfterItsUndoing) {
  const std::string file = Real(kManifest);
  const bool root_user = geteuid() == 0;
  if (root_user) {
    ASSERT_EQ(chown(file.c_str(), 12, 34), 0);
  }
  ASSERT_EQ(chmod(file.c_str(), 0750), 0);
  const std::string acl = SomeAcl();
  const bool xattrs = setxattr(file.c_str(), "user.note", "x", 1, 0) == 0;
  const bool acls =
      setxattr(file.c_str(), "system.posix_acl_access", acl.data(), acl.size(), 0) == 0;
  const FileAttributes before = disk->Read(kManifest)->attributes;
  EXPECT_EQ(before.xattrs.contains("user.note"), xattrs);
  EXPECT_EQ(before.xattrs.contains("system.posix_acl_access"), acls);
  gate.fails = true;
  EXPECT_EQ(*Apply(edits), v1::VERDICT_ROLLED_BACK);
  EXPECT_EQ(Manifest(), kOld);
  EXPECT_EQ(disk->Read(kManifest)->attributes, before);
  gate.fails = false;
  ASSERT_EQ(*Apply(edits), v1::VERDICT_COMMITTED);
  EXPECT_EQ(Manifest(), kNew);
  EXPECT_EQ(disk->Read(kManifest)->attributes, before);
}

TEST_F(EditCasesJ, J3AModeAndAnOwnerAloneAreChangedAndUndone) {
  const FileAttributes before = disk->Read(kManifest)->attributes;
  std::vector<v1::Edit> attributes_only = {ModeEdit(kManifest, 0640)};
  if (geteuid() == 0) attributes_only.push_back(OwnerEdit(kManifest, "12:34"));
  gate.fails = true;
  EXPECT_EQ(*Apply(attributes_only), v1::VERDICT_ROLLED_BACK);
  EXPECT_EQ(disk->Read(kManifest)->attributes, before);
  gate.fails = false;
  EXPECT_EQ(*Apply(attributes_only), v1::VERDICT_COMMITTED);
  EXPECT_EQ(Stat(kManifest).st_mode & 07777U, 0640U);
  if (geteuid() == 0) {
    EXPECT_EQ(Stat(kManifest).st_uid, 12U);
  }
  EXPECT_EQ(Manifest(), kOld);
}

TEST_F(EditCasesJ, J4AFileReplacedAfterItWasReadIsLeftToItsWriter) {
  between = [this] {
    std::filesystem::remove(Real(kManifest));
    ASSERT_TRUE(disk->Create(kManifest, "theirs", attributes).ok());
  };
  EXPECT_TRUE(absl::IsAborted(Apply(edits).status()));
  EXPECT_EQ(Manifest(), "theirs");
}

TEST_F(EditCasesJ, J4AFileChangedWhileItIsProvedIsQuarantined) {
  gate.during = [this] { ASSERT_TRUE(disk->WriteFrom(kManifest, 0, "theirs").ok()); };
  EXPECT_EQ(*Apply(edits), v1::VERDICT_QUARANTINED);
  EXPECT_EQ(Manifest(), "theirs");
}

TEST_F(EditCasesJ, J5NothingButDotFilesIsEverAddedToThePodDirectory) {
  std::string seen;
  int calls = 0;
  ObservedFileSystem watched(*disk, [&](const std::string&, const std::string&) {
    ++calls;
    const auto entries = disk->List(kDirectory);
    for (const DirectoryEntry& entry : *entries) {
      if (entry.name[0] != '.' && entry.name != "kube-apiserver.yaml") seen = entry.name;
    }
  });
  Start(watched);
  gate.fails = true;
  EXPECT_EQ(*Apply(edits), v1::VERDICT_ROLLED_BACK);
  EXPECT_GT(calls, 10);
  EXPECT_EQ(seen, "");
  EXPECT_EQ(disk->List(kDirectory)->size(), 1U);
}

// Killed at any instant: tests/crash.  Here: what a cut life has left is cleaned up.
TEST_F(EditCasesJ, J6ALeftOverTemporaryIsCleanedUpByTheNextEdit) {
  const std::string suffix = Sha256Hex("j").substr(0, 12);
  for (const char* end : {"", "-was"}) {
    const std::string left =
        std::string(kDirectory) + "/.kube-apiserver.yaml.belay-" + suffix + end;
    ASSERT_TRUE(disk->Create(left, *end == 0 ? "half" : kOld, attributes).ok());
  }
  ASSERT_EQ(*Apply(edits), v1::VERDICT_COMMITTED);
  EXPECT_EQ(Manifest(), kNew);
  EXPECT_EQ(disk->List(kDirectory)->size(), 1U);
}

// That it is durable before it is reported: tests/crash loses everything that was not synced.
TEST_F(EditCasesJ, J7FileAndDirectoryAreSyncedBeforeSuccessIsReported) {
  std::vector<std::string> calls;
  ObservedFileSystem watched(*disk, [&](const std::string& verb, const std::string& path) {
    calls.push_back(verb + " " + path);
  });
  Start(watched);
  ASSERT_EQ(*Apply(edits), v1::VERDICT_COMMITTED);
  const std::string temporary =
      std::string(kDirectory) + "/.kube-apiserver.yaml.belay-" + Sha256Hex("j").substr(0, 12);
  const std::string ready = temporary + "-old";  // for a rollback
  EXPECT_EQ(calls, (std::vector<std::string>{
                       "remove " + ready, "create " + ready, "sync " + ready,
                       std::string("sync ") + kDirectory, "remove " + temporary,
                       "create " + temporary, "sync " + temporary, "link " + temporary + "-was",
                       std::string("rename ") + kManifest, "remove " + temporary + "-was",
                       std::string("sync ") + kDirectory, "remove " + ready,
                       std::string("sync ") + kDirectory}));
}

TEST_F(EditCasesJ, J8OfTwoEditorsOneWinsWhollyAndTheOtherIsRefused) {
  between = [this] {
    between = nullptr;
    std::filesystem::create_directories(Real("/var/other"));
    auto other = Executor::Open({.host = *disk,
                                 .state = *disk,
                                 .clock = clock,
                                 .gatekeeper = gate,
                                 .state_dir = "/var/other",
                                 .new_journal_id = "k"});
    ASSERT_TRUE(other.ok()) << other.status();
    executor.swap(*other);
    EXPECT_EQ(*Apply({SetFlagEdit("v", "2")}), v1::VERDICT_COMMITTED);
    executor.swap(*other);
  };
  EXPECT_TRUE(absl::IsAborted(Apply(edits).status()));
  EXPECT_EQ(Manifest(), std::string(kOld) + "    - --v=2\n");
  EXPECT_EQ(disk->List(kDirectory)->size(), 1U);
  // And there is one agent to a node: whoever comes second does not get the lock.
  const auto first = FileLock::Acquire(Real("/var/belay/lock"), "belay-agent");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_FALSE(FileLock::Acquire(Real("/var/belay/lock"), "belay-agent").ok());
}

TEST_F(EditCasesJ, J9WhatIsNoRegularFileIsRefusedAndNothingIsMade) {
  std::filesystem::remove(Real(kManifest));
  ExpectRefused(edits, "no manifest of kube-apiserver");
  EXPECT_TRUE(disk->List(kDirectory)->empty());
  std::filesystem::create_directory(Real(kManifest));
  ExpectRefused(edits, "directory");
  std::filesystem::remove(Real(kManifest));
  ASSERT_EQ(mkfifo(Real(kManifest).c_str(), 0600), 0);
  ExpectRefused(edits, "regular file");
  EXPECT_EQ(disk->List(kDirectory)->size(), 1U);
}

TEST_F(EditCasesJ, J10AFileThatWeMayNotReadIsAClearError) {
  ASSERT_EQ(chmod(Real(kManifest).c_str(), 0), 0);
  if (geteuid() != 0) {
    ExpectRefused(edits, "Permission denied");
    return;
  }
  // To root a mode is no obstacle, and it is kept.
  ASSERT_EQ(*Apply(edits), v1::VERDICT_COMMITTED);
  EXPECT_EQ(Stat(kManifest).st_mode & 07777U, 0U);
}

TEST_F(EditCasesJ, J11WhatIsAlreadySoIsNotWritten) {
  ASSERT_EQ(*Apply(edits), v1::VERDICT_COMMITTED);
  ExpectUntouched([this] { EXPECT_EQ(*Apply(edits), v1::VERDICT_COMMITTED); });
  ExpectUntouched(
      [this] { EXPECT_EQ(*Apply({ModeEdit(kManifest, 0600)}), v1::VERDICT_COMMITTED); });
  ExpectUntouched(
      [this] { EXPECT_EQ(*Apply({RemoveEdit("/etc/kubernetes/none")}), v1::VERDICT_COMMITTED); });
}

}  // namespace
}  // namespace belay
