#include "node-agent/transaction/executor.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/digest.h"
#include "common/base/status_macros.h"
#include "node-agent/transaction/file_image.h"
#include "node-agent/transaction/phase_order.h"
#include "node-agent/transaction/undo.h"

namespace belay {
namespace {

// The folders above `path` that are not there, outermost first.
absl::StatusOr<std::vector<std::string>> MissingFolders(const FileSystem& fs,
                                                        const std::string& path) {
  std::vector<std::string> missing;
  for (std::string folder = ParentDirectory(path); folder != "/";
       folder = ParentDirectory(folder)) {
    const auto entries = fs.List(folder);
    if (entries.ok()) break;
    if (!absl::IsNotFound(entries.status())) return entries.status();
    missing.insert(missing.begin(), folder);
  }
  return missing;
}

}  // namespace

Executor::Executor(ExecutorOptions options)
    : options_(std::move(options)), images_(options_.state, options_.state_dir) {}

absl::StatusOr<std::unique_ptr<Executor>> Executor::Open(ExecutorOptions options) {
  std::unique_ptr<Executor> executor(new Executor(std::move(options)));
  const ExecutorOptions& given = executor->options_;
  RETURN_IF_ERROR(WithContext(executor->images_.MakeFolders(),
                              absl::StrCat("prepare the state directory ", given.state_dir)));
  ASSIGN_OR_RETURN(executor->journal_,
                   Journal::Open(given.state, given.clock, given.state_dir + "/journal",
                                 given.new_journal_id, given.on_record, given.full_journal_bytes));
  // The same in every life of one journal: a life finds the temporaries of the one before.
  const std::string suffix = Sha256Hex(executor->state().journal_id).substr(0, 12);
  executor->publisher_ = std::make_unique<Publisher>(given.host, suffix);
  executor->staging_ =
      std::make_unique<Staging>(given.state, *executor->publisher_, given.state_dir);
  const Phase phase = executor->state().phase;
  executor->resuming_ = phase == Phase::Applied || phase == Phase::Restored;
  return executor;
}

v1::Record Executor::NewRecord() const {
  v1::Record record;
  if (state().current) {
    *record.mutable_run() = state().current->key;
    record.set_step(state().phase == Phase::Idle ? state().current->next_step : state().step);
  }
  return record;
}

absl::Status Executor::Recover() {
  if (state().phase == Phase::Idle && !state().due_outcome) {
    ReleaseSpace();  // of a preparation that was cut
    return absl::OkStatus();
  }
  return Drive().status();
}

absl::Status Executor::MayAccept(const v1::RunKey& key, std::uint64_t epoch, bool* going_on) const {
  const std::string name = RunKeyText(key);
  const std::string what = absl::StrCat("accept run ", name, ": ");
  if (state().finished_runs.count(name) != 0) {
    return absl::AlreadyExistsError(absl::StrCat(what, "it is finished; nothing was changed"));
  }
  if (epoch < state().highest_epoch) {
    return absl::AbortedError(absl::StrCat(what, "its epoch ", epoch, " is older than ",
                                           state().highest_epoch, "; nothing was changed"));
  }
  if (state().emergency) {
    return absl::FailedPreconditionError(absl::StrCat(
        what, "the node is in emergency stop (", state().emergency_reason,
        "); nothing was changed. See to the node, then: belayctl node clear-emergency"));
  }
  *going_on = state().current && RunKeyText(state().current->key) == name;
  if (!state().current || *going_on) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(what, "run ", RunKeyText(state().current->key),
                                                    " is in progress; nothing was changed"));
}

absl::Status Executor::AcceptRun(const v1::RunKey& key, std::uint64_t epoch,
                                 const v1::SignedPlan& plan) {
  bool going_on = false;
  RETURN_IF_ERROR(MayAccept(key, epoch, &going_on));
  if (going_on) return absl::OkStatus();
  if (Sha256Hex(plan.plan()) != key.plan_digest()) {
    return absl::InvalidArgumentError(
        absl::StrCat("accept run ", RunKeyText(key),
                     ": the plan's bytes do not have this digest; nothing was changed"));
  }
  if (const std::string why = WhyPhaseNotDue(state(), key); !why.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("accept run ", RunKeyText(key), ": ", why, "; nothing was changed"));
  }
  v1::Record record;
  *record.mutable_run() = key;
  record.mutable_run_accepted()->set_epoch(epoch);
  *record.mutable_run_accepted()->mutable_plan() = plan;
  RETURN_IF_ERROR(ReserveForRun(record));
  return Append(std::move(record));
}

absl::Status Executor::AcceptUndoing(const v1::RunKey& key, std::uint64_t epoch,
                                     const v1::Undoes& undoes) {
  bool going_on = false;
  RETURN_IF_ERROR(MayAccept(key, epoch, &going_on));
  if (going_on) return absl::OkStatus();
  if (const std::string why = WhyNotUndone(state(), key.phase(), undoes); !why.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("accept run ", RunKeyText(key), ": ", why, "; nothing was changed"));
  }
  v1::Record record;
  *record.mutable_run() = key;
  record.mutable_run_accepted()->set_epoch(epoch);
  *record.mutable_run_accepted()->mutable_undoes() = undoes;
  RETURN_IF_ERROR(ReserveForRun(record));
  return Append(std::move(record));
}

absl::StatusOr<std::string> Executor::BytesOf(const v1::FileImage& image,
                                              const std::string& backup_path) const {
  if (!image.exists()) return std::string();
  return images_.Load(image.digest(), backup_path);
}

absl::Status Executor::RefuseRun(const v1::RunKey& key, const std::string& reason,
                                 const std::string& next) {
  const std::string name = RunKeyText(key);
  if (state().finished_runs.count(name) != 0) {
    return absl::AlreadyExistsError(absl::StrCat("refuse run ", name, ": it is finished"));
  }
  if (state().current && RunKeyText(state().current->key) == name) {
    return absl::FailedPreconditionError(
        absl::StrCat("refuse run ", name, ": it has begun; end it with its verdict instead"));
  }
  v1::Record record;
  *record.mutable_run() = key;
  record.mutable_run_refused()->set_reason(reason);
  record.mutable_run_refused()->set_next(next);
  return Append(std::move(record));
}

absl::StatusOr<v1::Verdict> Executor::RunStep(std::uint32_t step, const StepPlan& plan) {
  const std::string what = absl::StrCat("run step ", step, ": ");
  if (!state().current || state().phase != Phase::Idle || state().due_outcome) {
    return absl::FailedPreconditionError(
        absl::StrCat(what, "no run is waiting for a step; recover or accept one first"));
  }
  if (step < state().current->next_step) return v1::VERDICT_COMMITTED;
  if (step != state().current->next_step || step >= state().current->step_count) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, "the next step is ", state().current->next_step, " of ",
                     state().current->step_count, "; nothing was changed"));
  }
  absl::StatusOr<v1::Prepared> prepared = Prepare(plan);
  RETURN_IF_ERROR(
      WithContext(WhatToFree(prepared.status(), plan), absl::StrCat("prepare step ", step)));
  v1::Record record = NewRecord();
  if (prepared->changes().empty()) {
    v1::StepReport& report = *record.mutable_committed()->mutable_report();
    report.add_notes("already as the plan wants it; nothing was written");
    RETURN_IF_ERROR(Append(std::move(record)));
    return v1::VERDICT_COMMITTED;
  }
  *record.mutable_prepared() = *std::move(prepared);
  RETURN_IF_ERROR(Append(std::move(record)));
  return Drive();
}

absl::StatusOr<v1::Prepared> Executor::Prepare(const StepPlan& plan) {
  v1::Prepared prepared = plan.prepared;
  prepared.clear_changes();
  prepared.clear_created_directories();
  for (const v1::FileChange& change : plan.prepared.changes()) {
    ASSIGN_OR_RETURN(const v1::FileImage now, ReadImage(options_.host, change.path()));
    if (!SameImage(now, change.before())) {
      return absl::AbortedError(absl::StrCat(
          change.path(), " was changed by somebody else since it was read; nothing was changed"));
    }
    if (!SameImage(change.before(), change.after())) *prepared.add_changes() = change;
  }
  for (const v1::FileChange& change : prepared.changes()) {
    ASSIGN_OR_RETURN(const auto missing, MissingFolders(options_.host, change.path()));
    for (const std::string& folder : missing) {
      const auto& known = prepared.created_directories();
      if (std::find(known.begin(), known.end(), folder) == known.end()) {
        prepared.add_created_directories(folder);
      }
    }
  }
  if (!prepared.changes().empty()) RETURN_IF_ERROR(SaveImages(plan, &prepared));
  prepared.set_boot_id(options_.clock.BootId());
  prepared.set_boottime_ns(options_.clock.BootNowNs());
  if (!prepared.changes().empty()) RETURN_IF_ERROR(ReserveSpace(prepared));
  return prepared;
}

// The intent may be journalled only when all that it names is durable.
absl::Status Executor::SaveImages(const StepPlan& plan, v1::Prepared* prepared) {
  for (v1::FileChange& change : *prepared->mutable_changes()) {
    if (change.before().exists()) {
      ASSIGN_OR_RETURN(const FileContent content, options_.host.Read(change.path()));
      if (!SameImage(ImageOf(content.bytes, content.attributes), change.before())) {
        return absl::AbortedError(absl::StrCat(
            change.path(), " was changed by somebody else meanwhile; nothing was changed"));
      }
      RETURN_IF_ERROR(images_.Save(content.bytes));
      ASSIGN_OR_RETURN(*change.mutable_backup_path(),
                       images_.SaveBackup(change.path(), content, options_.clock.WallNowUnixMs()));
    }
    if (change.after().exists()) {
      const auto bytes = plan.after_bytes.find(change.path());
      if (bytes == plan.after_bytes.end() || Sha256Hex(bytes->second) != change.after().digest()) {
        return absl::InvalidArgumentError(
            absl::StrCat(change.path(), ": the new bytes are not given; nothing was changed"));
      }
      RETURN_IF_ERROR(images_.Save(bytes->second));
    }
  }
  return images_.SyncFolders();
}

absl::Status Executor::FinishRun(const v1::RunFinished& finished) {
  if (!state().current) {
    const auto last = state().finished_runs.find(state().last_finished);
    if (last != state().finished_runs.end() &&
        last->second.outcome.verdict() == finished.verdict()) {
      return absl::OkStatus();
    }
    return absl::FailedPreconditionError("finish the run: no run is in progress");
  }
  v1::Record record;
  *record.mutable_run() = state().current->key;
  *record.mutable_run_finished() = finished;
  return Append(std::move(record));
}

absl::Status Executor::ForgetImagesBefore(std::size_t steps) {
  steps = std::max<std::size_t>(steps, 1);
  std::set<std::string> digests;
  std::set<std::string> backups;
  const auto keep = [&](const auto& changes) {
    for (const v1::FileChange& change : changes) {
      digests.insert(change.before().digest());
      digests.insert(change.after().digest());
      backups.insert(change.backup_path());
    }
  };
  const std::vector<KeptStep>& kept = state().kept_steps;
  for (std::size_t i = kept.size() - std::min(steps, kept.size()); i < kept.size(); ++i) {
    keep(kept[i].changes);
  }
  // What can be undone may be older: steps that were rolled back since have pushed it out above.
  const std::vector<CommittedStep>& done = state().committed_steps;
  for (std::size_t i = done.size() - std::min(steps, done.size()); i < done.size(); ++i) {
    keep(done[i].prepared.changes());
  }
  return images_.KeepOnly(digests, backups);
}

absl::StatusOr<bool> Executor::CompactJournal(std::uint64_t acknowledged,
                                              const CompactionLimits& limits) {
  if (state().phase != Phase::Idle || state().current) return false;
  return journal_->Compact(acknowledged, limits);
}

absl::Status Executor::ClearEmergency(const std::string& reason, const std::string& operator_name,
                                      const std::string& request_id) {
  if (reason.empty() || request_id.empty()) {
    return absl::InvalidArgumentError(
        "clear the emergency: a reason and a request id are needed; nothing was changed");
  }
  if (!state().emergency || state().cleared_requests.count(request_id) != 0) {
    return absl::OkStatus();
  }
  if (state().current) RETURN_IF_ERROR(Recover());  // its RunFinished comes first
  v1::Record record;
  v1::EmergencyCleared& cleared = *record.mutable_emergency_cleared();
  cleared.set_reason(reason);
  cleared.set_operator_(operator_name);
  cleared.set_request_id(request_id);
  return Append(std::move(record));
}

}  // namespace belay
