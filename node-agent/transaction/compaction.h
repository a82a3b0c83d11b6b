// Which records of a journal are folded up into a checkpoint, and when that is worth it.  Pure; how
// it gets onto the disk is Journal::Compact.
//
// Folded up is only what the coordinator has acknowledged, what is older than the records that are
// kept for it (it may be restored from a backup and ask again), and only up to a moment at which
// the node was at rest.  Where those that are kept are too many bytes all the same, none is kept.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "belay/v1/journal.pb.h"

namespace belay {

struct CompactionLimits {
  // Kept as they are: the newest records, as many as both allow.
  std::size_t keep_records = 1000;
  std::size_t keep_bytes = std::size_t{8} << 20;
  // Compacted when at least one of these can be dropped.
  std::size_t drop_records = 1000;
  std::size_t drop_bytes = std::size_t{4} << 20;
  // A checkpoint that would be larger forgets what is not needed (forget.h).
  std::size_t most_checkpoint_bytes = std::size_t{8} << 20;
  // And never one larger than this: a frame of the journal holds 16 MiB.
  std::size_t most_checkpoint_bytes_at_all = std::size_t{15} << 20;
  // Behind the checkpoint; more than these, and the newest are folded up too.
  std::size_t most_left_bytes = std::size_t{16} << 20;
};

// On a node that has never had a coordinator, and so owes nobody anything.
inline constexpr std::uint64_t kOwedToNobody = std::numeric_limits<std::uint64_t>::max();

struct Compaction {
  v1::Record checkpoint;
  std::size_t dropped = 0;  // so many records from the first one on
  bool forgotten = false;   // the checkpoint does not say all that they said
};

// Nothing when there is too little to gain.  `records`: a whole journal, seq acknowledged and below
// are held by the coordinator (or kOwedToNobody).  DATA_LOSS when they do not fold;
// RESOURCE_EXHAUSTED when there is no checkpoint that is small enough.
absl::StatusOr<std::optional<Compaction>> FindCompaction(const std::vector<v1::Record>& records,
                                                         std::uint64_t acknowledged,
                                                         const CompactionLimits& limits);

}  // namespace belay
