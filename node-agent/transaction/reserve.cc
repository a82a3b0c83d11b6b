// The executor's part in "a full disk never blocks a rollback": what is taken before anything
// changes, and given back when there is a verdict.
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"
#include "node-agent/transaction/executor.h"

namespace belay {
namespace {

// The frame around a record, its number and its time.
constexpr std::size_t kAroundRecord = 256;

}  // namespace

absl::Status Executor::ReserveForRun(const v1::Record& accepted) {
  const absl::Status reserved = journal_->Reserve(accepted.ByteSizeLong() + kAroundRecord);
  if (absl::IsOutOfRange(reserved)) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "accept run ", RunKeyText(accepted.run()), ": nothing was changed: ", reserved.message()));
  }
  return WithContext(reserved, absl::StrCat("accept run ", RunKeyText(accepted.run()),
                                            ": nothing was changed. Free some space where ",
                                            options_.state_dir, " lies"));
}

absl::Status Executor::ReserveSpace(const v1::Prepared& prepared) {
  // Twice: the commands of an emergency stop name every path of the intent again.
  RETURN_IF_ERROR(journal_->Reserve(2 * prepared.ByteSizeLong() + kAroundRecord));
  return staging_->Stage(prepared, [this](const v1::FileChange& change) {
    return images_.Load(change.before().digest(), change.backup_path());
  });
}

void Executor::ReleaseSpace() {
  // In an emergency people need what is left of it more than we do.
  if (state().emergency) return;
  // What cannot be removed does no harm, and the next start tries again.
  staging_->Clear().IgnoreError();
}

absl::Status Executor::WhatToFree(const absl::Status& status, const StepPlan& plan) const {
  if (!absl::IsResourceExhausted(status)) return status;
  std::size_t bytes = kVerdictBytes + 3 * plan.prepared.ByteSizeLong();
  std::set<std::string> folders = {options_.state_dir};
  for (const v1::FileChange& change : plan.prepared.changes()) {
    folders.insert(ParentDirectory(change.path()));
    const absl::StatusOr<FileContent> now = options_.host.Read(change.path());
    const auto after = plan.after_bytes.find(change.path());
    if (now.ok()) bytes += 3 * now->bytes.size();  // an image, a backup, and one for a rollback
    if (after != plan.after_bytes.end()) bytes += 2 * after->second.size();
  }
  return absl::ResourceExhaustedError(absl::StrCat(
      status.message(), "; nothing was changed. Free ", (bytes >> 10) + 1,
      " KiB at the least on the file systems that hold ", absl::StrJoin(folders, " and "),
      " (df -h and df -i show them), so that a rollback cannot run out of space"));
}

}  // namespace belay
