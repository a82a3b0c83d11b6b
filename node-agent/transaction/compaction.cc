#include "node-agent/transaction/compaction.h"

#include <utility>

#include "common/base/status_macros.h"
#include "node-agent/transaction/checkpoint.h"
#include "node-agent/transaction/forget.h"
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

std::size_t BytesFrom(const std::vector<v1::Record>& records, std::size_t first) {
  std::size_t bytes = 0;
  for (std::size_t i = first; i < records.size(); ++i) bytes += records[i].ByteSizeLong();
  return bytes;
}

absl::StatusOr<NodeState> FoldFirst(const std::vector<v1::Record>& records, std::size_t count) {
  NodeState state;
  for (std::size_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(state, Advance(std::move(state), records[i]));
  }
  return state;
}

// How many from the first on, of `droppable`, end at a moment of rest.
absl::StatusOr<std::size_t> CountToRest(const std::vector<v1::Record>& records,
                                        std::size_t droppable) {
  NodeState state;
  std::size_t at_rest = 0;
  for (std::size_t i = 0; i < droppable; ++i) {
    ASSIGN_OR_RETURN(state, Advance(std::move(state), records[i]));
    if (IsAtRest(state)) at_rest = i + 1;
  }
  return at_rest;
}

// How many are folded up; 0: it is not worth it.
absl::StatusOr<std::size_t> CountFolded(const std::vector<v1::Record>& records,
                                        std::uint64_t acknowledged,
                                        const CompactionLimits& limits) {
  const std::size_t droppable = CountDroppable(records, acknowledged, limits);
  if (!IsWorthIt(records, droppable, limits)) return std::size_t{0};
  ASSIGN_OR_RETURN(const std::size_t at_rest, CountToRest(records, droppable));
  return IsWorthIt(records, at_rest, limits) ? at_rest : 0;
}

}  // namespace

absl::StatusOr<std::optional<Compaction>> FindCompaction(const std::vector<v1::Record>& records,
                                                         std::uint64_t acknowledged,
                                                         const CompactionLimits& limits) {
  ASSIGN_OR_RETURN(std::size_t folded, CountFolded(records, acknowledged, limits));
  if (BytesFrom(records, folded) > limits.most_left_bytes) {
    // A single run may be larger than all that is kept, and the file must stay readable.
    CompactionLimits none_kept = limits;
    none_kept.keep_records = 0;
    ASSIGN_OR_RETURN(folded, CountFolded(records, acknowledged, none_kept));
  }
  if (folded == 0) return std::optional<Compaction>();
  ASSIGN_OR_RETURN(const NodeState whole, FoldFirst(records, folded));
  ASSIGN_OR_RETURN(const NodeState state, ForgetToFit(whole, limits.most_checkpoint_bytes,
                                                      limits.most_checkpoint_bytes_at_all));
  return std::optional<Compaction>(Compaction{
      CheckpointOf(state, records[folded - 1].wall_unix_ms()), folded, !SameState(state, whole)});
}

}  // namespace belay
