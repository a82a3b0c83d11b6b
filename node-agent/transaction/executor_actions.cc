// The one action of every phase.  Each is idempotent: a life that was cut in the middle of it is
// followed by one that does it again from the beginning.
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"
#include "node-agent/transaction/executor.h"
#include "node-agent/transaction/file_image.h"
#include "node-agent/transaction/restore_commands.h"

namespace belay {
namespace {

// How often a gate for a new configuration is run again after the agent was restarted inside it; an
// agent that dies each time may die of the new configuration.  The gate of a rollback has nothing
// left to fall back to and is always run again.
constexpr std::uint32_t kMaxGateResumes = 2;

// The first path of each sort; empty where there is none.
struct Found {
  std::string before;
  std::string after;
  std::string foreign;
};

absl::StatusOr<Found> LookAtFiles(const FileSystem& fs, const v1::Prepared& prepared) {
  Found found;
  for (const v1::FileChange& change : prepared.changes()) {
    const absl::StatusOr<v1::FileImage> now = ReadImage(fs, change.path());
    std::string* where = &found.foreign;
    if (now.ok() && SameImage(*now, change.after())) where = &found.after;
    if (now.ok() && SameImage(*now, change.before())) where = &found.before;
    if (!now.ok() && !absl::IsFailedPrecondition(now.status())) return now.status();
    if (where->empty()) *where = change.path();
  }
  return found;
}

// A moment of another boot is before every process of this one.
std::int64_t InThisBoot(const Clock& clock, const std::string& boot_id, std::int64_t boottime_ns) {
  return boot_id == clock.BootId() ? boottime_ns : 0;
}

}  // namespace

absl::StatusOr<v1::Verdict> Executor::Drive() {
  while (state().phase != Phase::Idle) {
    switch (state().phase) {
      case Phase::Idle:
        break;
      case Phase::Prepared:
        RETURN_IF_ERROR(Publish());
        break;
      case Phase::Applied:
        RETURN_IF_ERROR(JudgeNew());
        break;
      case Phase::RollingBack:
        RETURN_IF_ERROR(Restore());
        break;
      case Phase::Restored:
        RETURN_IF_ERROR(JudgeOld());
        break;
    }
  }
  ReleaseSpace();
  if (!state().due_outcome) return v1::VERDICT_COMMITTED;
  v1::Record record = NewRecord();
  *record.mutable_run_finished() = *state().due_outcome;
  const v1::Verdict verdict = state().due_outcome->verdict();
  RETURN_IF_ERROR(Append(std::move(record)));
  return verdict;
}

absl::Status Executor::Publish() {
  const v1::Prepared& prepared = state().prepared;
  // Taken before the first byte changes; what an earlier life published counts from its intent.
  v1::Applied applied;
  applied.set_boot_id(options_.clock.BootId());
  const std::int64_t now_ns = options_.clock.BootNowNs();
  applied.set_boottime_ns(InThisBoot(options_.clock, prepared.boot_id(), prepared.boottime_ns()));
  const absl::Status made = publisher_->MakeDirectories(
      {prepared.created_directories().begin(), prepared.created_directories().end()});
  if (!made.ok()) return BeginRollback(std::string(made.message()), {});
  for (const v1::FileChange& change : prepared.changes()) {
    std::string bytes;
    if (change.after().exists()) {
      absl::StatusOr<std::string> image = images_.Load(change.after().digest(), "");
      if (!image.ok()) return BeginRollback(std::string(image.status().message()), {});
      bytes = *std::move(image);
    }
    const absl::StatusOr<Published> published =
        publisher_->Replace(change.path(), change.before(), change.after(), bytes);
    if (!published.ok()) return BeginRollback(std::string(published.status().message()), {});
    switch (*published) {
      case Published::Already:
        break;
      case Published::Written:
        if (change.is_manifest()) applied.set_boottime_ns(now_ns);
        break;
      case Published::Foreign:
        return Quarantine(change.path());
    }
  }
  if (!prepared.restart_service().empty()) {
    // Whatever is started from now on has read the new files.
    applied.set_boottime_ns(options_.clock.BootNowNs());
    const absl::Status restarted = Restart();
    if (!restarted.ok()) return BeginRollback(std::string(restarted.message()), {});
  }
  v1::Record record = NewRecord();
  *record.mutable_applied() = std::move(applied);
  return Append(std::move(record));
}

absl::Status Executor::Restart() const {
  if (options_.restart) return options_.restart(state().prepared.restart_service());
  return absl::FailedPreconditionError("this agent restarts no services");
}

GateResult Executor::RunGate(GateDirection direction) {
  GateResult result;
  if (state().prepared.components().empty()) {  // only files: looking at them is all there is
    result.kind = GateResult::Kind::Passed;
    return result;
  }
  const v1::Applied& applied = state().applied;
  const v1::Restored& restored = state().restored;
  GateRequest request;
  request.direction = direction;
  request.prepared = state().prepared;
  request.applied_boottime_ns =
      InThisBoot(options_.clock, applied.boot_id(), applied.boottime_ns());
  if (direction == GateDirection::Backward && !state().prepared.restart_service().empty()) {
    // Never replaced is only who was there before the first new byte.
    const v1::Prepared& prepared = state().prepared;
    request.applied_boottime_ns =
        InThisBoot(options_.clock, prepared.boot_id(), prepared.boottime_ns());
  }
  const v1::RollingBack& decided = state().rolling_back;
  request.down_since_boottime_ns =
      InThisBoot(options_.clock, decided.boot_id(), decided.report().down_since_boottime_ns());
  request.restored_boottime_ns =
      InThisBoot(options_.clock, restored.boot_id(), restored.boottime_ns());
  return options_.gatekeeper.Run(request, [this](const std::string& what) {
    if (options_.on_progress) options_.on_progress(what);
  });
}

absl::Status Executor::JudgeNew() {
  if (std::exchange(resuming_, false)) {
    if (state().gate_resumes >= kMaxGateResumes) {
      return BeginRollback(absl::StrCat("the agent was stopped or died ", state().gate_resumes + 1,
                                        " times while the new configuration was being proved"),
                           {});
    }
    v1::Record record = NewRecord();
    record.mutable_gate_resumed()->set_boot_id(options_.clock.BootId());
    return Append(std::move(record));
  }
  GateResult result = RunGate(GateDirection::Forward);
  result.report.set_changed(true);
  result.report.mutable_notes()->MergeFrom(state().prepared.notes());
  switch (result.kind) {
    case GateResult::Kind::Interrupted:
      return absl::CancelledError("the agent is stopping; the gate goes on when it runs again");
    case GateResult::Kind::Foreign:
      return Quarantine(result.path);
    case GateResult::Kind::Failed:
      return BeginRollback(result.reason, result.report);
    case GateResult::Kind::Passed:
      break;
  }
  // What was proved must still be there: a commit says that the files hold the new bytes.
  const absl::StatusOr<Found> found = LookAtFiles(options_.host, state().prepared);
  if (!found.ok()) return BeginRollback(std::string(found.status().message()), result.report);
  if (!found->foreign.empty()) return Quarantine(found->foreign);
  if (!found->before.empty()) {
    return BeginRollback(absl::StrCat(found->before, " was put back by somebody else"),
                         result.report);
  }
  v1::Record record = NewRecord();
  *record.mutable_committed()->mutable_report() = std::move(result.report);
  return Append(std::move(record));
}

absl::Status Executor::Restore() {
  const v1::Prepared& prepared = state().prepared;
  const v1::RollingBack& decided = state().rolling_back;
  v1::Restored restored;
  restored.set_boot_id(options_.clock.BootId());
  restored.set_boottime_ns(InThisBoot(options_.clock, decided.boot_id(), decided.boottime_ns()));
  if (options_.make_way) {
    const v1::Applied& applied = state().applied;
    for (std::string& note : options_.make_way(
             prepared, InThisBoot(options_.clock, applied.boot_id(), applied.boottime_ns()))) {
      restored.add_notes(std::move(note));
    }
  }
  const std::int64_t now_ns = options_.clock.BootNowNs();
  for (int i = prepared.changes_size() - 1; i >= 0; --i) {
    const v1::FileChange& change = prepared.changes(i);
    std::string bytes;
    if (change.before().exists()) {
      absl::StatusOr<std::string> image =
          images_.Load(change.before().digest(), change.backup_path());
      if (!image.ok()) return Emergency(std::string(image.status().message()), {});
      bytes = *std::move(image);
    }
    const absl::StatusOr<Published> published =
        publisher_->Replace(change.path(), change.after(), change.before(), bytes);
    if (!published.ok()) return Emergency(std::string(published.status().message()), {});
    switch (*published) {
      case Published::Already:
        break;
      case Published::Written:
        if (change.is_manifest()) restored.set_boottime_ns(now_ns);
        break;
      case Published::Foreign:
        return Quarantine(change.path());
    }
  }
  // A folder that somebody has put something into is theirs now and stays.
  const auto left = publisher_->RemoveDirectories(
      {prepared.created_directories().begin(), prepared.created_directories().end()});
  if (!left.ok()) return Emergency(std::string(left.status().message()), {});
  if (!prepared.restart_service().empty() && !decided.manifests_untouched()) {
    restored.set_boottime_ns(options_.clock.BootNowNs());
    const absl::Status restarted = Restart();
    // Whether the old configuration runs all the same is for its gate to see.
    if (!restarted.ok()) restored.add_notes(std::string(restarted.message()));
  }
  v1::Record record = NewRecord();
  *record.mutable_restored() = std::move(restored);
  return Append(std::move(record));
}

absl::Status Executor::JudgeOld() {
  if (std::exchange(resuming_, false)) {
    v1::Record record = NewRecord();
    record.mutable_gate_resumed()->set_boot_id(options_.clock.BootId());
    return Append(std::move(record));
  }
  GateResult result = RunGate(GateDirection::Backward);
  result.report.set_changed(true);
  result.report.mutable_notes()->MergeFrom(state().restored.notes());
  // What had ended before the new configuration fell is part of what the step has cost.
  const v1::Outage& before = state().rolling_back.report().outage();
  if (before.measured() && result.report.outage().measured()) {
    v1::Outage& outage = *result.report.mutable_outage();
    outage.set_seconds(outage.seconds() + before.seconds());
  }
  switch (result.kind) {
    case GateResult::Kind::Interrupted:
      return absl::CancelledError(
          "the agent is stopping; the rollback's gate goes on when it runs again");
    case GateResult::Kind::Foreign:
      return Quarantine(result.path);
    case GateResult::Kind::Failed:
      return Emergency(
          absl::StrCat("the old configuration is back but not healthy: ", result.reason),
          result.report);
    case GateResult::Kind::Passed:
      break;
  }
  const absl::StatusOr<Found> found = LookAtFiles(options_.host, state().prepared);
  if (!found.ok()) return Emergency(std::string(found.status().message()), result.report);
  if (!found->foreign.empty()) return Quarantine(found->foreign);
  if (!found->after.empty()) return Quarantine(found->after);
  v1::Record record = NewRecord();
  record.mutable_rolled_back()->set_reason(state().rolling_back.reason());
  *record.mutable_rolled_back()->mutable_report() = std::move(result.report);
  return Append(std::move(record));
}

bool Executor::ManifestsUntouched() const {
  for (const v1::FileChange& change : state().prepared.changes()) {
    // What a restarted service reads counts as its manifest.
    if (!change.is_manifest() && state().prepared.restart_service().empty()) continue;
    const absl::StatusOr<v1::FileImage> now = ReadImage(options_.host, change.path());
    if (!now.ok() || !SameImage(*now, change.before())) return false;
  }
  return true;
}

absl::Status Executor::BeginRollback(const std::string& reason, const v1::StepReport& report) {
  v1::Record record = NewRecord();
  v1::RollingBack& rolling_back = *record.mutable_rolling_back();
  rolling_back.set_reason(reason);
  *rolling_back.mutable_report() = report;
  rolling_back.set_boot_id(options_.clock.BootId());
  rolling_back.set_boottime_ns(options_.clock.BootNowNs());
  rolling_back.set_manifests_untouched(state().phase == Phase::Prepared && ManifestsUntouched());
  return Append(std::move(record));
}

absl::Status Executor::Quarantine(const std::string& path) {
  std::vector<std::string> backups;
  for (const v1::FileChange& change : state().prepared.changes()) {
    if (!change.backup_path().empty()) backups.push_back(change.backup_path());
    // Nobody comes back to these.  A temporary that stays does no harm: its name begins with a dot.
    publisher_->Tidy(change.path(), change.before(), change.after()).IgnoreError();
    if (const auto kept = publisher_->Kept(change.path())) backups.push_back(*kept);
  }
  v1::Record record = NewRecord();
  v1::Quarantined& quarantined = *record.mutable_quarantined();
  quarantined.set_path(path);
  quarantined.set_reason(absl::StrCat(path, " was changed by somebody else while the node was ",
                                      PhaseText(state().phase),
                                      "; it was left as it is, and so was every other file"));
  quarantined.set_next(
      absl::StrCat("decide which content ", path, " shall have; the old files are kept as ",
                   backups.empty() ? "(there were none)" : absl::StrJoin(backups, ", ")));
  return Append(std::move(record));
}

absl::Status Executor::Emergency(const std::string& reason, const v1::StepReport& report) {
  v1::Record record = NewRecord();
  v1::EmergencyStop& stop = *record.mutable_emergency_stop();
  stop.set_reason(
      absl::StrCat(state().rolling_back.reason(), "; then the rollback failed: ", reason));
  *stop.mutable_report() = report;
  for (std::string& command : RestoreCommands(state().prepared, options_.manual_path_prefix)) {
    stop.add_manual_commands(std::move(command));
  }
  return Append(std::move(record));
}

}  // namespace belay
