// The running rollouts: engine state beside its journal.  A turn is first worked out and checked,
// then written inside the caller's transaction, and takes effect only when that was committed.
//
// Loop thread only.  A turn that would break an invariant is never taken: the rollout is frozen,
// which begins no further node, until the coordinator is started again.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/rollout/engine.h"
#include "server/store/store.h"

namespace belay {

struct RolloutEntry {
  store::RolloutRow row;
  rollout::State state;
  std::uint64_t last_seq = 0;
  std::int64_t silence_ms = 0;  // how long a node may be in flight
  std::string frozen;           // why, else empty
};

struct Turn {
  std::shared_ptr<RolloutEntry> entry;
  store::EventRow event;
  rollout::Step step;
  bool ends = false;  // the rollout was running before and is not after
};

class RolloutBook {
 public:
  RolloutBook(store::Store& store, std::int64_t silence_margin_ms)
      : store_(store), silence_margin_ms_(silence_margin_ms) {}  // store outlives this

  absl::Status LoadRunning();  // by replay, every digest compared
  // A new one, not yet in the database; Write does that with its first event.
  absl::StatusOr<std::shared_ptr<RolloutEntry>> Draft(store::RolloutRow row) const;

  std::vector<std::shared_ptr<RolloutEntry>> Running() const;
  std::shared_ptr<RolloutEntry> RunningIn(const std::string& cluster) const;  // null: none
  // Running or ended, then replayed for this call.  Null: there is none of that id.
  absl::StatusOr<std::shared_ptr<RolloutEntry>> Find(const std::string& id) const;

  // Nothing when the rollout is frozen, or freezes now.
  std::optional<Turn> Prepare(const std::shared_ptr<RolloutEntry>& entry, v1::RolloutEvent event,
                              std::int64_t wall_unix_ms) const;
  absl::Status Write(const Turn& turn);  // inside a transaction
  void Apply(const Turn& turn);          // after its commit

 private:
  absl::StatusOr<std::shared_ptr<RolloutEntry>> Load(store::RolloutRow row) const;

  store::Store& store_;
  const std::int64_t silence_margin_ms_;
  std::map<std::string, std::shared_ptr<RolloutEntry>> running_;
};

bool IsInFlight(v1::NodePhase phase);

}  // namespace belay
