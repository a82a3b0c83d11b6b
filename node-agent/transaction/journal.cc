#include "node-agent/transaction/journal.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace belay {

absl::StatusOr<std::unique_ptr<Journal>> Journal::Open(FileSystem& fs, const Clock& clock,
                                                       const std::string& path,
                                                       const std::string& new_journal_id,
                                                       OnRecord on_record) {
  std::unique_ptr<Journal> journal(new Journal(clock, std::move(on_record)));
  ASSIGN_OR_RETURN(journal->log_, FramedLog::Open(fs, path));
  for (const std::string& frame : journal->log_->frames()) {
    v1::Record record;
    if (!record.ParseFromString(frame)) {
      return absl::DataLossError(absl::StrCat("journal ", path, ": frame ",
                                              journal->records_.size() + 1,
                                              " is not a record; nothing was changed"));
    }
    ASSIGN_OR_RETURN(journal->state_, Advance(std::move(journal->state_), record));
    journal->records_.push_back(std::move(record));
  }
  if (journal->records_.empty()) {
    v1::Record record;
    record.mutable_journal_created()->set_journal_id(new_journal_id);
    RETURN_IF_ERROR(journal->Append(std::move(record)));
  }
  return journal;
}

absl::Status Journal::Append(v1::Record record) {
  record.set_seq(state_.last_seq + 1);
  record.set_wall_unix_ms(clock_.WallNowUnixMs());
  absl::StatusOr<NodeState> next = Advance(state_, record);
  if (!next.ok()) return absl::InternalError(next.status().message());
  RETURN_IF_ERROR(log_->Append(record.SerializeAsString()));
  state_ = *std::move(next);
  records_.push_back(std::move(record));
  if (on_record_) on_record_(records_.back());
  return absl::OkStatus();
}

}  // namespace belay
