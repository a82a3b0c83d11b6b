// Runs transactions: fold the journal, do the state's one idempotent action, append the next
// record, fold again.  Recovery is the same loop; there is no second path.
//
// One thread (the agent's worker); RunStep and Recover block in the gate.  A status error from a
// method that had begun to journal (UNAVAILABLE, FAILED_PRECONDITION "an earlier append failed")
// means that the program must end and start again: Recover then leads to a verdict.  Verdicts are
// values, not errors.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "belay/v1/journal.pb.h"
#include "common/os/clock.h"
#include "common/os/file_system.h"
#include "node-agent/health/gatekeeper.h"
#include "node-agent/transaction/images.h"
#include "node-agent/transaction/journal.h"
#include "node-agent/transaction/machine.h"
#include "node-agent/transaction/publisher.h"
#include "node-agent/transaction/record_bounds.h"
#include "node-agent/transaction/staging.h"

namespace belay {

// What one step is to do.  The caller fills in, for each change, path, before (what it read and
// made its edit from), after, diff and is_manifest, in the order of publishing (putFiles first),
// and components and gate.  The executor fills in backup paths, created directories and times.
struct StepPlan {
  v1::Prepared prepared;
  std::map<std::string, std::string> after_bytes;  // by path, for every change whose `after` exists
};

struct ExecutorOptions {
  FileSystem& host;   // managed files; outlives the executor, like the three below
  FileSystem& state;  // journal, images and backups; may be the same
  const Clock& clock;
  Gatekeeper& gatekeeper;
  std::string state_dir;       // must exist
  std::string new_journal_id;  // random; used where there is no journal yet
  std::size_t full_journal_bytes = kFullJournalBytes;
  std::string manual_path_prefix = "";  // see RestoreCommands
  // Called before the first old byte is back (`applied_boottime_ns` as in GateRequest), maybe again
  // in a later life; what it says goes into the report.  Changes no file.
  std::function<std::vector<std::string>(const v1::Prepared&, std::int64_t applied_boottime_ns)>
      make_way = nullptr;
  // Restarts Prepared::restart_service, maybe once more in a later life.  Asked for only where a
  // step names one; not ok: the reason.
  std::function<absl::Status(const std::string& service)> restart = nullptr;
  // After a record is durable, on the thread that appended it.
  std::function<void(const v1::Record&)> on_record = nullptr;
  std::function<void(const std::string&)> on_progress = nullptr;  // what a gate is waiting for
};

class Executor {
 public:
  // Reads the journal; changes no managed file.  Call Recover before anything else.
  static absl::StatusOr<std::unique_ptr<Executor>> Open(ExecutorOptions options);

  const NodeState& state() const { return journal_->state(); }
  const std::vector<v1::Record>& records() const { return journal_->records(); }  // as of Journal

  // Finishes whatever transaction is in progress, with its RunFinished unless it is committed.
  // CANCELLED when the gate was interrupted.  Nothing to do is ok.
  absl::Status Recover();

  // Ok also when this very run is in progress (nothing is journalled then).  ALREADY_EXISTS: it is
  // finished, answer from state().finished_runs.  ABORTED: old epoch.  FAILED_PRECONDITION:
  // emergency, or another run in progress.  RESOURCE_EXHAUSTED: no space to journal it.
  absl::Status AcceptRun(const v1::RunKey& key, std::uint64_t epoch, const v1::SignedPlan& plan);
  // Likewise for a run that undoes; FAILED_PRECONDITION also when `undoes` is not what was done
  // last.
  absl::Status AcceptUndoing(const v1::RunKey& key, std::uint64_t epoch, const v1::Undoes& undoes);
  // Ends a run before it began.  ALREADY_EXISTS as above.
  absl::Status RefuseRun(const v1::RunKey& key, const std::string& reason, const std::string& next);

  // Runs one step of the accepted run to its verdict; a step that is committed is answered, not
  // done again.  A verdict other than COMMITTED has ended the run (RunFinished is journalled).  A
  // status error before Prepared (a file is not as it was read, images cannot be saved) has changed
  // nothing and leaves the run open: end it with FinishRun(REFUSED).  CANCELLED: the gate was
  // interrupted.
  absl::StatusOr<v1::Verdict> RunStep(std::uint32_t step, const StepPlan& plan);

  // What a file was before a step, or after it: DATA_LOSS when it is not kept.
  absl::StatusOr<std::string> BytesOf(const v1::FileImage& image,
                                      const std::string& backup_path) const;

  // Ends the accepted run: COMMITTED after its last step, REFUSED between steps.  Ok, and nothing
  // is journalled, when the last run has ended with the same verdict.
  absl::Status FinishRun(const v1::RunFinished& finished);

  // Removes the images and backups that only steps before the last `steps` name (the last that were
  // prepared, and the last that can be undone); those of a transaction in progress are always of
  // the last.  Nothing is journalled.  May be cut anywhere.
  absl::Status ForgetImagesBefore(std::size_t steps);

  // As Journal::Compact.  Between two runs only: false, and nothing is looked at, within one.
  absl::StatusOr<bool> CompactJournal(std::uint64_t acknowledged, const CompactionLimits& limits);

  // Ok, and nothing is journalled, for a request that was done before or when there is no
  // emergency.
  absl::Status ClearEmergency(const std::string& reason, const std::string& operator_name,
                              const std::string& request_id);

 private:
  explicit Executor(ExecutorOptions options);
  v1::Record NewRecord() const;
  // Ok: it may be journalled.  ALREADY_EXISTS and so on as of AcceptRun; `going_on`: it is this
  // run.
  absl::Status MayAccept(const v1::RunKey& key, std::uint64_t epoch, bool* going_on) const;
  absl::StatusOr<v1::Prepared> Prepare(const StepPlan& plan);
  absl::Status SaveImages(const StepPlan& plan, v1::Prepared* prepared);
  // Whatever a rollback, and the verdict's records, will take of the disk.
  absl::Status ReserveSpace(const v1::Prepared& prepared);
  absl::Status WhatToFree(const absl::Status& status, const StepPlan& plan) const;
  void ReleaseSpace();
  absl::Status ReserveForRun(const v1::Record& accepted);
  absl::StatusOr<v1::Verdict> Drive();
  absl::Status Publish();   // Prepared -> Applied | RollingBack | Quarantined
  absl::Status JudgeNew();  // Applied -> Committed | RollingBack | Quarantined
  absl::Status Restore();   // RollingBack -> Restored | EmergencyStop | Quarantined
  absl::Status JudgeOld();  // Restored -> RolledBack | EmergencyStop | Quarantined
  absl::Status BeginRollback(const std::string& reason, const v1::StepReport& report);
  absl::Status Quarantine(const std::string& path);
  absl::Status Emergency(const std::string& reason, const v1::StepReport& report);
  absl::Status Append(v1::Record record) { return journal_->Append(std::move(record)); }
  GateResult RunGate(GateDirection direction);
  bool ManifestsUntouched() const;
  absl::Status Restart() const;

  const ExecutorOptions options_;
  ImageStore images_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<Staging> staging_;
  bool resuming_ = false;  // this life found the transaction inside a gate, and has not said so yet
};

}  // namespace belay
