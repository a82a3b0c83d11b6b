// The running fleet rollouts: engine state beside its journal, as RolloutBook keeps rollouts.  A
// turn is worked out and checked, written inside the caller's transaction, and takes effect when
// that was committed.
//
// Loop thread only.  An event that would break an invariant is never taken: the fleet rollout is
// stopped by a journalled event of its own.  One that cannot be replayed is held as it is, begins
// nothing, and harms no other.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/fleet/engine.h"
#include "server/store/store.h"

namespace belay {

struct FleetEntry {
  store::FleetRow row;
  fleet::State state;
  std::uint64_t last_seq = 0;
  std::int64_t counted_from_unix_ms = 0;  // its start or last retry
  std::string frozen;                     // why no event is taken any more, else empty
};

struct FleetTurn {
  std::shared_ptr<FleetEntry> entry;
  std::vector<store::FleetEventRow> events;
  fleet::State state;
  std::vector<fleet::Action> actions;
  std::string defect;
};

class FleetBook {
 public:
  explicit FleetBook(store::Store& store) : store_(store) {}  // outlives this

  absl::Status LoadRunning();  // by replay, every digest compared
  std::vector<std::shared_ptr<FleetEntry>> Running() const;
  // Running or ended, then replayed for this call.  Null: there is none of that id.
  absl::StatusOr<std::shared_ptr<FleetEntry>> Find(const std::string& id) const;

  // Nothing when it is frozen, or freezes now because not even its stop is sound.
  std::optional<FleetTurn> Prepare(const std::shared_ptr<FleetEntry>& entry,
                                   const v1::FleetEvent& event, std::int64_t wall_unix_ms) const;
  absl::Status Write(const FleetTurn& turn);  // inside a transaction
  void Apply(const FleetTurn& turn);          // after its commit
  // Ends one that cannot be carried on, so that its clusters are free; the note says who and why.
  absl::Status GiveUp(const std::string& id, const std::string& note, std::int64_t wall_unix_ms);

 private:
  absl::StatusOr<std::shared_ptr<FleetEntry>> Load(store::FleetRow row) const;
  static std::optional<std::string> Take(FleetTurn& turn, v1::FleetEvent event,
                                         std::int64_t wall_unix_ms);

  store::Store& store_;
  std::map<std::string, std::shared_ptr<FleetEntry>> running_;
};

}  // namespace belay
