// The transaction as a real process on a real file system, killed at its every system call that
// changes something, and the recovery killed at its own.  (Between the others the disk is the same,
// and so is what the next life finds.)  What a power cut adds is in transaction_crash_test.cc.
#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/digest.h"
#include "common/base/status_macros.h"
#include "common/os/posix_file_system.h"
#include "node-agent/transaction/executor.h"
#include "node-agent/transaction/file_image.h"
#include "tests/support/sim_clock.h"

namespace belay {
namespace {

constexpr const char* kManifests = "/etc/kubernetes/manifests";
constexpr const char* kManifest = "/etc/kubernetes/manifests/kube-apiserver.yaml";
constexpr const char* kFolder = "/etc/kubernetes/audit";

struct ManagedFile {
  std::string path;
  std::optional<FileContent> before;
  std::optional<FileContent> after;
};

FileContent Content(const std::string& bytes, std::uint32_t mode) {
  FileContent content;
  content.bytes = bytes;
  content.attributes.mode = mode;
  content.attributes.uid = geteuid();
  content.attributes.gid = getegid();
  return content;
}

std::vector<ManagedFile> Files() {
  return {{"/etc/kubernetes/audit/policy.yaml", std::nullopt, Content("kind: Policy\n", 0640)},
          {"/etc/kubernetes/admission.yaml", Content("a\n", 0644), Content("a, b\n", 0600)},
          {"/etc/kubernetes/sa.key", Content("key\n", 0644), Content("key\n", 0600)},
          {kManifest, Content("kind: Pod\n", 0600), Content("kind: Pod # new\n", 0600)},
          {"/etc/kubernetes/tokens.csv", Content("token\n", 0600), std::nullopt}};
}

bool Is(const FileSystem& disk, const ManagedFile& file, const std::optional<FileContent>& wanted) {
  const auto now = disk.Read(file.path);
  if (!wanted) return absl::IsNotFound(now.status());
  return now.ok() && now->bytes == wanted->bytes && now->attributes == wanted->attributes;
}

struct HealthGate : Gatekeeper {
  explicit HealthGate(bool is_healthy) : healthy(is_healthy) {}
  GateResult Run(const GateRequest& request,
                 const std::function<void(const std::string&)>&) override {
    GateResult result;
    result.kind = healthy || request.direction == GateDirection::Backward
                      ? GateResult::Kind::Passed
                      : GateResult::Kind::Failed;
    result.reason = "never healthy";
    return result;
  }
  bool healthy;
};

v1::SignedPlan Plan() {
  v1::RemediationPlan plan;
  plan.add_steps()->set_name("the edit");
  v1::SignedPlan signed_plan;
  signed_plan.set_plan(plan.SerializeAsString());
  return signed_plan;
}

v1::RunKey Key() {
  v1::RunKey key;
  key.set_rollout_id("r");
  key.set_plan_digest(Sha256Hex(Plan().plan()));
  return key;
}

absl::StatusOr<StepPlan> Step(const FileSystem& disk) {
  StepPlan step;
  for (const ManagedFile& file : Files()) {
    v1::FileChange& change = *step.prepared.add_changes();
    change.set_path(file.path);
    change.set_is_manifest(file.path == kManifest);
    ASSIGN_OR_RETURN(*change.mutable_before(), ReadImage(disk, file.path));
    *change.mutable_after() =
        file.after ? ImageOf(file.after->bytes, file.after->attributes) : AbsentImage();
    if (file.after) step.after_bytes[file.path] = file.after->bytes;
  }
  step.prepared.add_components()->set_component("kube-apiserver");
  return step;
}

// One life of the agent: recover, then do the command if it has not been done.
absl::StatusOr<v1::Verdict> Live(FileSystem& disk, bool healthy) {
  SimClock clock;
  HealthGate gate(healthy);
  ASSIGN_OR_RETURN(const std::unique_ptr<Executor> executor,
                   Executor::Open({.host = disk,
                                   .state = disk,
                                   .clock = clock,
                                   .gatekeeper = gate,
                                   .state_dir = "/state",
                                   .new_journal_id = "j"}));
  RETURN_IF_ERROR(executor->Recover());
  const auto done = executor->state().finished_runs.find(RunKeyText(Key()));
  if (done != executor->state().finished_runs.end()) return done->second.outcome.verdict();
  RETURN_IF_ERROR(executor->AcceptRun(Key(), 1, Plan()));
  if (executor->state().current->next_step == 0) {
    ASSIGN_OR_RETURN(StepPlan step, Step(disk));
    ASSIGN_OR_RETURN(const v1::Verdict verdict, executor->RunStep(0, std::move(step)));
    if (verdict != v1::VERDICT_COMMITTED) return verdict;
  }
  v1::RunFinished outcome;
  outcome.set_verdict(v1::VERDICT_COMMITTED);
  RETURN_IF_ERROR(executor->FinishRun(outcome));
  return outcome.verdict();
}

// Of the system calls of PosixFileSystem those that can change the disk.
bool ChangesTheDisk(pid_t child) {
  struct __ptrace_syscall_info info = {};
  if (ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info) <= 0) return true;
  static constexpr std::array<long, 16> kChanging = {
      SYS_openat,    SYS_write,        SYS_pwrite64,   SYS_ftruncate, SYS_fchmod,    SYS_fchown,
      SYS_fsetxattr, SYS_fremovexattr, SYS_fsync,      SYS_renameat,  SYS_renameat2, SYS_linkat,
      SYS_unlinkat,  SYS_mkdirat,      SYS_exit_group, SYS_fallocate};
  const auto number = static_cast<long>(info.entry.nr);
  return std::find(kChanging.begin(), kChanging.end(), number) != kChanging.end();
}

class Kill : public testing::TestWithParam<bool> {
 protected:
  Kill() {
    std::string pattern = testing::TempDir() + "belay-kill-XXXXXX";
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    base = pattern;
    root = base + "/node";
  }
  ~Kill() override { std::filesystem::remove_all(base); }

  void MakeNode() {
    std::filesystem::remove_all(root);
    std::filesystem::create_directories(root + kManifests);
    std::filesystem::create_directories(root + "/state");
    disk = *PosixFileSystem::Open(root);
    for (const ManagedFile& file : Files()) {
      if (!file.before) continue;
      ASSERT_TRUE(disk->Create(file.path, file.before->bytes, file.before->attributes).ok());
    }
  }

  // Runs a life as a process of its own and kills it when it is about to do its k-th call that
  // changes something (0 = the first).  False when it has ended before.
  bool LiveAndDie(int k) {
    const pid_t child = fork();
    if (child == 0) {
      ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
      raise(SIGSTOP);
      const absl::StatusOr<v1::Verdict> verdict = Live(*disk, GetParam());
      if (!verdict.ok()) std::fprintf(stderr, "%s\n", verdict.status().ToString().c_str());
      _exit(verdict.ok() ? 0 : 1);
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD),
              0)
        << "this test needs ptrace";
    bool entering = true;
    int calls = 0;
    for (int deliver = 0;;) {
      EXPECT_EQ(ptrace(PTRACE_SYSCALL, child, nullptr, deliver), 0);
      EXPECT_EQ(waitpid(child, &status, 0), child);
      if (WIFEXITED(status) || WIFSIGNALED(status)) {
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
        return false;
      }
      constexpr int kSystemCall = SIGTRAP | 0x80;
      deliver = WSTOPSIG(status) == kSystemCall ? 0 : WSTOPSIG(status);
      if (WSTOPSIG(status) != kSystemCall) continue;
      const bool entry = entering;
      entering = !entering;
      if (!entry || !ChangesTheDisk(child) || calls++ < k) continue;
      kill(child, SIGKILL);
      EXPECT_EQ(waitpid(child, &status, 0), child);
      EXPECT_TRUE(WIFSIGNALED(status));
      return true;
    }
  }

  // What must hold at every instant.
  void Check(const std::string& when) {
    bool changed = disk->List(kFolder).ok();
    for (const ManagedFile& file : Files()) {
      const bool is_old = Is(*disk, file, file.before);
      EXPECT_TRUE(is_old || Is(*disk, file, file.after)) << file.path << " " << when;
      changed = changed || !is_old;
    }
    const auto entries = disk->List(kManifests);
    for (const DirectoryEntry& entry : *entries) {
      EXPECT_TRUE(entry.name[0] == '.' || entry.name == "kube-apiserver.yaml") << entry.name;
    }
    if (!changed) return;
    const auto journal = disk->Read("/state/journal");
    ASSERT_TRUE(journal.ok()) << when;
    EXPECT_NE(journal->bytes.find("tokens.csv"), std::string::npos) << when;
  }

  void CheckEnd(const std::string& when) {
    const absl::StatusOr<v1::Verdict> verdict = Live(*disk, GetParam());
    ASSERT_TRUE(verdict.ok()) << verdict.status() << " " << when;
    EXPECT_EQ(*verdict, GetParam() ? v1::VERDICT_COMMITTED : v1::VERDICT_ROLLED_BACK) << when;
    for (const ManagedFile& file : Files()) {
      EXPECT_TRUE(Is(*disk, file, GetParam() ? file.after : file.before)) << file.path << when;
      const auto entries = disk->List(ParentDirectory(file.path));
      if (!entries.ok()) continue;
      for (const DirectoryEntry& entry : *entries) EXPECT_NE(entry.name[0], '.') << when;
    }
    EXPECT_EQ(disk->List(kFolder).ok(), GetParam()) << when;
  }

  std::string base;
  std::string root;
  std::unique_ptr<PosixFileSystem> disk;
};

TEST_P(Kill, AtEverySystemCallLeadsToTheRightVerdict) {
  int k = 0;
  for (bool killed = true; killed; ++k) {
    MakeNode();
    killed = LiveAndDie(k);
    const std::string when = absl::StrCat(" killed at call ", k);
    Check(when);
    CheckEnd(when);
    if (HasFailure()) return;
  }
  std::printf("killed at each of %d system calls\n", k - 1);
  EXPECT_GT(k, 100);
}

// The second kill walks through the recovery while the first walks through the step.
TEST_P(Kill, AtEverySystemCallOfTheRecoveryToo) {
  int pairs = 0;
  for (int first = 0, second = 0;; first += 3, second += 5, ++pairs) {
    MakeNode();
    if (!LiveAndDie(first)) break;
    const std::string when = absl::StrCat(" killed at call ", first, " and ", second);
    if (!LiveAndDie(second)) second = 0;
    Check(when);
    CheckEnd(when);
    if (HasFailure()) return;
  }
  std::printf("killed twice in %d runs\n", pairs);
  EXPECT_GT(pairs, 30);
}

INSTANTIATE_TEST_SUITE_P(Health, Kill, testing::Values(true, false),
                         [](const auto& param) { return param.param ? "Good" : "Bad"; });

}  // namespace
}  // namespace belay
