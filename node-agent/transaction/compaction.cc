#include "node-agent/transaction/compaction.h"

#include <utility>

#include "common/base/status_macros.h"
#include "node-agent/transaction/checkpoint.h"
#include "node-agent/transaction/machine.h"

namespace belay {
namespace {

// How many from the first on are neither among the newest nor unknown to the coordinator.
std::size_t CountDroppable(const std::vector<v1::Record>& records, std::uint64_t acknowledged,
                           const CompactionLimits& limits) {
  std::size_t kept = 0;
  std::size_t kept_bytes = 0;
  while (kept < records.size() && kept < limits.keep_records) {
    kept_bytes += records[records.size() - kept - 1].ByteSizeLong();
    if (kept_bytes > limits.keep_bytes) break;
    ++kept;
  }
  std::size_t count = records.size() - kept;
  while (count > 0 && records[count - 1].seq() > acknowledged) --count;
  return count;
}

// A checkpoint that is there already is replaced by one of about its size: nothing is gained by it.
bool IsWorthIt(const std::vector<v1::Record>& records, std::size_t count,
               const CompactionLimits& limits) {
  std::size_t gained = 0;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (records[i].has_checkpoint()) continue;
    ++gained;
    bytes += records[i].ByteSizeLong();
  }
  return gained > 0 && (gained >= limits.drop_records || bytes >= limits.drop_bytes);
}

}  // namespace

absl::StatusOr<std::optional<Compaction>> FindCompaction(const std::vector<v1::Record>& records,
                                                         std::uint64_t acknowledged,
                                                         const CompactionLimits& limits) {
  const std::size_t droppable = CountDroppable(records, acknowledged, limits);
  if (!IsWorthIt(records, droppable, limits)) return std::optional<Compaction>();
  NodeState state;
  std::size_t at_rest = 0;
  for (std::size_t i = 0; i < droppable; ++i) {
    ASSIGN_OR_RETURN(state, Advance(std::move(state), records[i]));
    if (IsAtRest(state)) at_rest = i + 1;
  }
  if (!IsWorthIt(records, at_rest, limits)) return std::optional<Compaction>();
  state = NodeState();
  for (std::size_t i = 0; i < at_rest; ++i) {
    ASSIGN_OR_RETURN(state, Advance(std::move(state), records[i]));
  }
  Compaction compaction{CheckpointOf(state, records[at_rest - 1].wall_unix_ms()), at_rest};
  if (compaction.checkpoint.ByteSizeLong() > limits.most_checkpoint_bytes) {
    return std::optional<Compaction>();
  }
  return std::optional<Compaction>(std::move(compaction));
}

}  // namespace belay
