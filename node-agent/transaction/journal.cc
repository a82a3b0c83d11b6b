#include "node-agent/transaction/journal.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "node-agent/transaction/checkpoint.h"
#include "node-agent/transaction/forget.h"
#include "node-agent/transaction/record_bounds.h"

namespace belay {
namespace {

// Diffs, answers of a component and arguments of a process may hold any bytes; a record with such
// text could be written and never read again.  Maps are left alone: their values are bytes.
void MakeTextReadable(google::protobuf::Message* message) {
  const google::protobuf::Reflection& reflection = *message->GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection.ListFields(*message, &fields);
  for (const google::protobuf::FieldDescriptor* const field : fields) {
    const int count = field->is_repeated() ? reflection.FieldSize(*message, field) : 0;
    if (field->is_map()) continue;
    if (field->type() == google::protobuf::FieldDescriptor::TYPE_STRING) {
      if (!field->is_repeated()) {
        reflection.SetString(message, field, ValidUtf8(reflection.GetString(*message, field)));
      }
      for (int i = 0; i < count; ++i) {
        reflection.SetRepeatedString(message, field, i,
                                     ValidUtf8(reflection.GetRepeatedString(*message, field, i)));
      }
    }
    if (field->type() != google::protobuf::FieldDescriptor::TYPE_MESSAGE) continue;
    if (!field->is_repeated()) MakeTextReadable(reflection.MutableMessage(message, field));
    for (int i = 0; i < count; ++i) {
      MakeTextReadable(reflection.MutableRepeatedMessage(message, field, i));
    }
  }
}

}  // namespace

std::string CanonicalBytes(const google::protobuf::Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream text(&bytes);
    google::protobuf::io::CodedOutputStream coded(&text);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }  // gives back what the stream has taken too much
  return bytes;
}

absl::StatusOr<std::unique_ptr<Journal>> Journal::Open(FileSystem& fs, const Clock& clock,
                                                       const std::string& path,
                                                       const std::string& new_journal_id,
                                                       OnRecord on_record, std::size_t full_bytes) {
  std::unique_ptr<Journal> journal(new Journal(clock, std::move(on_record), full_bytes));
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
  // So that a full disk can at least be told of.  It is asked for again, and then needed, before
  // anything is changed.
  journal->Reserve(0).IgnoreError();
  return journal;
}

absl::Status Journal::Reserve(std::size_t bytes) {
  if (log_->size() + bytes + kVerdictBytes > full_bytes_) {
    return absl::OutOfRangeError(absl::StrCat(
        "the journal has ", log_->size() >> 10,
        " KiB, and with this it could get too large to be "
        "read (above ",
        full_bytes_ >> 10,
        " KiB). Records are folded up between two runs; those "
        "of a node with a coordinator only when it has them: start the agent and let it connect"));
  }
  const absl::Status reserved = log_->Reserve(bytes + kVerdictBytes);
  return absl::IsUnimplemented(reserved) ? absl::OkStatus() : reserved;
}

absl::Status Journal::Append(v1::Record record) {
  BoundRecord(&record);
  MakeTextReadable(&record);
  record.set_seq(state_.last_seq + 1);
  record.set_wall_unix_ms(clock_.WallNowUnixMs());
  absl::StatusOr<NodeState> next = Advance(state_, record);
  if (!next.ok()) return absl::InternalError(next.status().message());
  const std::string frame = RecordBytes(record);
  if (!v1::Record().ParseFromString(frame)) {
    return absl::InternalError("journal: the record could not be read again; nothing was written");
  }
  if (log_->size() + frame.size() > std::max(kMostJournalBytes, full_bytes_)) {
    return absl::OutOfRangeError(
        "journal: with this record it would be too large to be read again; nothing was written");
  }
  RETURN_IF_ERROR(log_->Append(frame));
  state_ = *std::move(next);
  records_.push_back(std::move(record));
  if (on_record_) on_record_(records_.back());
  return absl::OkStatus();
}

absl::StatusOr<bool> Journal::Compact(std::uint64_t acknowledged, const CompactionLimits& limits) {
  ASSIGN_OR_RETURN(std::optional<Compaction> found, FindCompaction(records_, acknowledged, limits));
  if (!found) return false;
  std::vector<v1::Record> records = {std::move(found->checkpoint)};
  records.insert(records.end(), records_.begin() + static_cast<std::ptrdiff_t>(found->dropped),
                 records_.end());
  // A slip in what a checkpoint holds would be a node that forgets; it is seen before the old
  // records are gone, and through the very bytes that the next life will read.
  std::vector<std::string> frames;
  NodeState state;
  for (const v1::Record& record : records) {
    frames.push_back(RecordBytes(record));
    v1::Record again;
    if (!again.ParseFromString(frames.back())) {
      return absl::InternalError(
          "compact the journal: a record could not be read again; the "
          "journal stays as it is");
    }
    ASSIGN_OR_RETURN(state, Advance(std::move(state), again));
  }
  const bool same =
      found->forgotten ? SameButForForgotten(state, state_) : SameState(state, state_);
  if (!same) {
    return absl::InternalError(
        "compact the journal: it would not say the same afterwards; the journal stays as it is");
  }
  RETURN_IF_ERROR(WithContext(log_->Replace(std::move(frames)), "compact the journal"));
  records_ = std::move(records);
  state_ = std::move(state);
  Reserve(0).IgnoreError();  // the new file has none; as in Open
  return true;
}

}  // namespace belay
