#include "tests/support/transaction_world.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/digest.h"
#include "common/base/status_macros.h"
#include "node-agent/transaction/file_image.h"

namespace belay {

const char* const kWorldManifest = "/etc/kubernetes/manifests/kube-apiserver.yaml";
const char* const kWorldPolicy = "/etc/kubernetes/audit/policy.yaml";
const char* const kWorldPolicyFolder = "/etc/kubernetes/audit";
const char* const kWorldStateDir = "/var/lib/belay-agent";
const char* const kWorldAdmission = "/etc/kubernetes/admission.yaml";
const char* const kWorldKey = "/etc/kubernetes/pki/sa.key";
const char* const kWorldTokens = "/etc/kubernetes/tokens.csv";

namespace {

const char* const kManifests = "/etc/kubernetes/manifests";
const char* const kJournal = "/var/lib/belay-agent/journal";

FileContent Content(const std::string& bytes, std::uint32_t mode, std::uint32_t gid) {
  FileContent content;
  content.attributes.gid = gid;
  content.bytes = bytes;
  content.attributes.mode = mode;
  content.attributes.xattrs = {{"security.selinux", "system_u:object_r:kubernetes_file_t:s0"}};
  return content;
}

bool Same(const FileContent& a, const FileContent& b) {
  return a.bytes == b.bytes && a.attributes == b.attributes;
}

bool Same(const absl::StatusOr<FileContent>& now, const std::optional<FileContent>& wanted) {
  if (!wanted) return absl::IsNotFound(now.status());
  return now.ok() && Same(*now, *wanted);
}

std::vector<WorldFile> FilesOf(Scenario scenario) {
  std::vector<WorldFile> files = {{kWorldPolicy, std::nullopt, NewPolicy()}};
  const WorldFile manifest = {kWorldManifest, OldManifest(), NewManifest()};
  switch (scenario) {
    case Scenario::PolicyAndManifest:
      files.push_back(manifest);
      return files;
    case Scenario::EveryKind: {
      files.push_back({kWorldAdmission, Content("plugins: [a]\n", 0644, 3),
                       Content("plugins: [a, b]\n", 0600, 0)});
      FileContent open_key = Content("key\n", 0644, 9);
      open_key.attributes.xattrs["system.posix_acl_access"] = "user 5 may read";
      open_key.attributes.xattrs["user.note"] = "of an operator";
      FileContent closed_key = open_key;
      closed_key.attributes.mode = 0600;
      closed_key.attributes.uid = 4;
      closed_key.attributes.xattrs.erase("system.posix_acl_access");
      files.push_back({kWorldKey, open_key, closed_key});
      files.push_back(manifest);
      files.push_back({kWorldTokens, Content("token,user,1\n", 0640, 2), std::nullopt});
      return files;
    }
  }
  return files;
}

class WorldGate : public Gatekeeper {
 public:
  explicit WorldGate(TransactionWorld& world) : world_(world) {}
  GateResult Run(const GateRequest& request,
                 const std::function<void(const std::string&)>&) override {
    world_.disk.Tick();
    world_.clock.Pass(5'000'000'000);
    const bool forward = request.direction == GateDirection::Forward;
    const auto manifest = world_.disk.Read(kWorldManifest);
    if (!manifest.ok() || !Same(*manifest, forward ? NewManifest() : OldManifest())) {
      world_.Violation("a gate was run over files that it is not for");
    }
    if (request.applied_boottime_ns > world_.clock.boot_ns) {
      world_.Violation("a moment of an earlier boot was taken for one of this boot");
    }
    world_.gates += forward ? 1 : 0;
    GateResult result;
    const bool sick = world_.health == Health::Bad || world_.health == Health::Dead ||
                      (world_.health == Health::SickAfterReboot && world_.clock.boots > 1);
    const bool good = forward ? !sick : world_.health != Health::Dead;
    result.kind = good ? GateResult::Kind::Passed : GateResult::Kind::Failed;
    if (!good) result.reason = "never healthy";
    return result;
  }

 private:
  TransactionWorld& world_;
};

// Of a log, where the file system reserves no space for it (framed_log.h).
std::string WithoutFilling(const std::string& bytes) {
  return bytes.substr(0, bytes.find_last_not_of('\xff') + 1);
}

}  // namespace

const FileContent& OldManifest() {
  static const auto& content = *new FileContent(Content("kind: Pod # with a comment\n", 0600, 0));
  return content;
}
const FileContent& NewManifest() {
  static const auto& content =
      *new FileContent(Content("kind: Pod # with a comment, hardened\n", 0600, 0));
  return content;
}
const FileContent& NewPolicy() {
  static const auto& content = *new FileContent(Content("kind: Policy\n", 0640, 7));
  return content;
}

TransactionWorld::TransactionWorld(Scenario what) : files(FilesOf(what)) {
  for (const char* folder :
       {"/etc", "/etc/kubernetes", "/etc/kubernetes/pki", kManifests, "/var", "/var/lib"}) {
    disk.PutDirectory(folder);
  }
  disk.PutDirectory(kWorldStateDir);
  for (const WorldFile& file : files) {
    if (file.before) disk.PutFile(file.path, file.before->bytes, file.before->attributes);
  }
  disk.PutFile(absl::StrCat(kManifests, "/etcd.yaml"), "kind: Pod # etcd\n", FileAttributes{});
}

const WorldFile& TransactionWorld::File(const std::string& path) const {
  return *std::find_if(files.begin(), files.end(),
                       [&](const WorldFile& file) { return file.path == path; });
}

v1::SignedPlan TransactionWorld::Plan() const {
  v1::RemediationPlan plan;
  plan.set_name("harden");
  plan.add_steps()->set_name("the edit");
  plan.add_steps()->set_name("already so");
  v1::SignedPlan signed_plan;
  signed_plan.set_plan(plan.SerializeAsString());
  return signed_plan;
}

v1::RunKey TransactionWorld::Key() const {
  v1::RunKey key;
  key.set_rollout_id("r1");
  key.set_attempt(1);
  key.set_plan_digest(Sha256Hex(Plan().plan()));
  return key;
}

// As the driver does: from the files as they are now.
StepPlan TransactionWorld::PlanStep() {
  StepPlan step;
  for (const WorldFile& file : files) {
    v1::FileChange& change = *step.prepared.add_changes();
    change.set_path(file.path);
    const auto before = ReadImage(disk, file.path);
    if (before.ok()) *change.mutable_before() = *before;
    change.set_is_manifest(file.path == kWorldManifest);
    *change.mutable_after() =
        file.after ? ImageOf(file.after->bytes, file.after->attributes) : AbsentImage();
    if (file.after) step.after_bytes[file.path] = file.after->bytes;
  }
  step.prepared.add_components()->set_component("kube-apiserver");
  if (restart) step.prepared.set_restart_service("kubelet");
  return step;
}

absl::StatusOr<std::unique_ptr<Executor>> TransactionWorld::Open(Gatekeeper& gate) {
  return Executor::Open(
      {.host = disk,
       .state = disk,
       .clock = clock,
       .gatekeeper = gate,
       .state_dir = kWorldStateDir,
       .new_journal_id = "0123456789abcdef",
       .make_way = make_way,
       .restart = restart,
       .on_record = [this](const v1::Record& record) {
         const std::string bytes = RecordBytes(record);
         const auto durable = disk.ReadDurable(kJournal);
         if (!durable || !absl::EndsWith(WithoutFilling(durable->bytes), WithoutFilling(bytes))) {
           Violation("a record was reported before it was durable");
         }
         std::string& known = reported[record.seq()];
         if (!known.empty() && known != bytes) {
           Violation("what was reported was contradicted later");
         }
         known = bytes;
       }});
}

absl::StatusOr<v1::Verdict> TransactionWorld::Command(Executor& executor) {
  const auto finished = executor.state().finished_runs.find(RunKeyText(Key()));
  if (finished != executor.state().finished_runs.end()) return finished->second.outcome.verdict();
  RETURN_IF_ERROR(executor.AcceptRun(Key(), 1, Plan()));
  while (executor.state().current->next_step < executor.state().current->step_count) {
    ASSIGN_OR_RETURN(const v1::Verdict verdict,
                     executor.RunStep(executor.state().current->next_step, PlanStep()));
    if (verdict != v1::VERDICT_COMMITTED) return verdict;
  }
  v1::RunFinished outcome;
  outcome.set_verdict(v1::VERDICT_COMMITTED);
  RETURN_IF_ERROR(executor.FinishRun(outcome));
  return outcome.verdict();
}

absl::StatusOr<v1::Verdict> TransactionWorld::Live() {
  disk.after_each = [this](const std::string& path) {
    if (absl::StartsWith(path, "/etc")) Watch();  // nothing else moves what it looks at
  };
  WorldGate gate(*this);
  try {
    ASSIGN_OR_RETURN(const std::unique_ptr<Executor> executor, Open(gate));
    RETURN_IF_ERROR(executor->Recover());
    return Command(*executor);
  } catch (const Crash&) {
    return v1::VERDICT_UNSPECIFIED;
  }
}

void TransactionWorld::Cut(SimDisk::Cut cut, std::mt19937& random) {
  disk.Apply(cut, random);
  if (cut != SimDisk::Cut::Kill) clock.Reboot();
  Watch();
}

void TransactionWorld::Watch() {
  bool changed = disk.List(kWorldPolicyFolder).ok();
  bool new_manifest = false;
  for (const WorldFile& file : files) {
    const auto now = disk.Read(file.path);
    const bool is_old = Same(now, file.before);
    if (!is_old && !Same(now, file.after)) {
      return Violation(absl::StrCat("I1: ", file.path, " is neither old nor new"));
    }
    changed = changed || !is_old;
    if (file.path == kWorldManifest) new_manifest = !is_old;
  }
  // What the manifest names is there whenever it can be read.
  for (const WorldFile& file : files) {
    if (file.path == kWorldManifest) continue;
    const bool is_old = Same(disk.Read(file.path), file.before);
    if (file.after && new_manifest && is_old) {
      return Violation(absl::StrCat("a manifest is there before its file ", file.path));
    }
    if (!file.after && !new_manifest && !is_old) {
      return Violation(absl::StrCat("the old manifest is there without its file ", file.path));
    }
  }
  const auto entries = disk.List(kManifests);
  int pods = 0;
  for (const DirectoryEntry& entry : *entries) pods += entry.name[0] == '.' ? 0 : 1;
  if (pods != 2) return Violation("I1: the static-pod directory has other files");

  if (!changed || intent_seen) return;
  intent_seen = true;
  const auto journal = disk.ReadDurable(kJournal);
  if (!journal || !absl::StrContains(journal->bytes, kWorldPolicy)) {
    Violation("I2: a file changed before the intent was durable");
  }
  for (const WorldFile& file : files) {
    for (const auto& image : {file.before, file.after}) {
      if (!image) continue;
      const auto saved =
          disk.ReadDurable(absl::StrCat(kWorldStateDir, "/images/", Sha256Hex(image->bytes)));
      if (!saved || saved->bytes != image->bytes) {
        Violation("I2: a file changed before its images were durable");
      }
    }
  }
}

// Temporaries beside managed files, of any of them.
bool TransactionWorld::HasTemporary() const {
  for (const WorldFile& file : files) {
    const auto entries = disk.List(ParentDirectory(file.path));
    if (!entries.ok()) continue;
    for (const DirectoryEntry& entry : *entries) {
      if (entry.name[0] == '.') return true;
    }
  }
  return false;
}

void TransactionWorld::VerifyEnd(v1::Verdict verdict, bool failed) {
  disk.Disarm();
  if (!failed) {
    const bool right = health == Health::Good  ? verdict == v1::VERDICT_COMMITTED
                       : health == Health::Bad ? verdict == v1::VERDICT_ROLLED_BACK
                       : health == Health::Dead
                           ? verdict == v1::VERDICT_EMERGENCY_STOP
                           : verdict == v1::VERDICT_COMMITTED || verdict == v1::VERDICT_ROLLED_BACK;
    if (!right) Violation(absl::StrCat("I3: wrong verdict ", v1::Verdict_Name(verdict)));
  }
  std::mt19937 unused;
  WorldGate gate(*this);
  if (failed) {  // what could not be tidied away is at the next start
    const auto executor = Open(gate);
    if (!executor.ok()) return Violation(std::string(executor.status().message()));
    if (!(*executor)->Recover().ok()) Violation("a start after the verdict fails");
  }
  for (int round = 0; round < 2; ++round) {
    for (const WorldFile& file : files) {
      const auto now = disk.Read(file.path);
      if (verdict == v1::VERDICT_COMMITTED && !Same(now, file.after)) {
        Violation(absl::StrCat("committed, but ", file.path, " is not the new one"));
      }
      if (verdict == v1::VERDICT_ROLLED_BACK && !Same(now, file.before)) {
        Violation(absl::StrCat("rolled back, but ", file.path, " is not as it was"));
      }
    }
    if (verdict == v1::VERDICT_ROLLED_BACK && disk.List(kWorldPolicyFolder).ok()) {
      Violation("rolled back, but a folder that was made is still there");
    }
    if (verdict != v1::VERDICT_EMERGENCY_STOP && HasTemporary()) {
      Violation("a temporary file is left over");
    }
    const int gates_before = gates;
    auto executor = Open(gate);
    if (!executor.ok()) return Violation(std::string(executor.status().message()));
    const NodeState& state = (*executor)->state();
    const int calls = disk.calls();
    if (!absl::IsAlreadyExists((*executor)->AcceptRun(Key(), 9, Plan())) ||
        state.finished_runs.count(RunKeyText(Key())) == 0 ||
        state.finished_runs.at(RunKeyText(Key())).outcome.verdict() != verdict) {
      return Violation("a repeated command is not answered with the verdict");
    }
    if (gates != gates_before || disk.calls() != calls) Violation("a run was done twice");
    int accepted = 0;
    int prepared = 0;
    for (const v1::Record& record : (*executor)->records()) {
      accepted += record.has_run_accepted() ? 1 : 0;
      prepared += record.has_prepared() ? 1 : 0;
      const auto known = reported.find(record.seq());
      if (known != reported.end() && known->second != RecordBytes(record)) {
        Violation("what was reported was contradicted later");
      }
      if (record.has_emergency_stop() && record.emergency_stop().manual_commands().empty()) {
        Violation("an emergency without the commands to restore by hand");
      }
    }
    if (!reported.empty() && reported.rbegin()->first > state.last_seq) {
      Violation("what was reported is not in the journal");
    }
    if (accepted != 1 || prepared > 1) Violation("a run was begun twice");
    if (state.emergency != (verdict == v1::VERDICT_EMERGENCY_STOP)) {
      Violation("I7: the emergency does not hold");
    }
    v1::RunKey other = Key();
    other.set_rollout_id("r2");
    if (state.emergency && !absl::IsFailedPrecondition((*executor)->AcceptRun(other, 9, Plan()))) {
      Violation("I7: a node in emergency stop accepts a run");
    }
    // The verdict outlives a power cut that comes right after it.
    Cut(SimDisk::Cut::Lose, unused);
  }
}

}  // namespace belay
