// The journal as records and the state they fold to.  A record is checked against the state before
// it is written, and the state changes only once the record is durable.
//
// One thread.  After a failed append everything fails (FAILED_PRECONDITION): the program must end
// and begin again, because what is on disk is then unknown.
#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "belay/v1/journal.pb.h"
#include "common/durable/framed_log.h"
#include "common/os/clock.h"
#include "common/os/file_system.h"
#include "node-agent/transaction/compaction.h"
#include "node-agent/transaction/machine.h"

namespace belay {

// Equal records give equal bytes (maps in order), in every life and every build.
std::string CanonicalBytes(const google::protobuf::Message& message);
inline std::string RecordBytes(const v1::Record& record) { return CanonicalBytes(record); }

// FileSystem::Read reads files of up to 64 MiB.  No run and no step begins whose records could take
// the journal above the first of these; what may still follow it are records that cannot be asked
// for beforehand (refusals, an emergency that is cleared), and none of those goes beyond the
// second.
inline constexpr std::size_t kFullJournalBytes = std::size_t{48} << 20;
inline constexpr std::size_t kMostJournalBytes = std::size_t{60} << 20;

class Journal {
 public:
  using OnRecord = std::function<void(const v1::Record&)>;

  // `new_journal_id` (random) names the journal where there is none yet.  `fs` and `clock` outlive
  // this.  `on_record` is called after each new record is durable, not for those that were there.
  static absl::StatusOr<std::unique_ptr<Journal>> Open(FileSystem& fs, const Clock& clock,
                                                       const std::string& path,
                                                       const std::string& new_journal_id,
                                                       OnRecord on_record,
                                                       std::size_t full_bytes = kFullJournalBytes);
  const NodeState& state() const { return state_; }
  // From seq 1 on, or from a checkpoint that stands for those that are gone.
  const std::vector<v1::Record>& records() const { return records_; }

  // Space for records of so many bytes, and for all that may follow them until the run has ended:
  // none of those can then fail for want of space.  RESOURCE_EXHAUSTED: there is not so much;
  // OUT_OF_RANGE: the file could get too large to be read; the journal is as it was.  Ok where the
  // file system reserves nothing.
  absl::Status Reserve(std::size_t bytes);

  // Fills in seq and wall time; cuts off what is too long for the space reserved
  // (record_bounds.h).  INTERNAL, and nothing written, when the record cannot follow; OUT_OF_RANGE
  // when nobody could read the file any more.
  absl::Status Append(v1::Record record);

  // Folds old records up into a checkpoint where that is worth it (compaction.h); the state stays
  // the same, but for what a checkpoint that is too large forgets.  True when it did.
  // FAILED_PRECONDITION: the program must end and begin again; any other error: the journal is as
  // it was.
  absl::StatusOr<bool> Compact(std::uint64_t acknowledged, const CompactionLimits& limits);

 private:
  Journal(const Clock& clock, OnRecord on_record, std::size_t full_bytes)
      : clock_(clock), on_record_(std::move(on_record)), full_bytes_(full_bytes) {}
  const Clock& clock_;
  OnRecord on_record_;
  const std::size_t full_bytes_;
  std::unique_ptr<FramedLog> log_;
  NodeState state_;
  std::vector<v1::Record> records_;
};

}  // namespace belay
