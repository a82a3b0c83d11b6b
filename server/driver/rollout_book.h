// The running rollouts: engine state beside its journal.  A turn is first worked out and checked,
// then written inside the caller's transaction, and takes effect only when that was committed.
//
// Loop thread only.  An event that would break an invariant is never taken: the rollout is stopped
// by a journalled event of its own, which begins no further node, and what the event says of a node
// still counts.  A rollout that cannot be replayed is held as it is and holds its cluster; it harms
// no other.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "belay/v1/admin.pb.h"
#include "server/rollout/engine.h"
#include "server/store/store.h"

namespace belay {

struct RolloutEntry {
  store::RolloutRow row;
  rollout::State state;
  std::uint64_t last_seq = 0;
  std::int64_t silence_ms = 0;            // how long a node may be in flight
  std::int64_t counted_from_unix_ms = 0;  // its start or last retry: the deadline counts from it
  std::string frozen;                     // why no event is taken any more, else empty
  bool unreadable = false;                // then `frozen` says why, and there is no state
};

struct Turn {
  std::shared_ptr<RolloutEntry> entry;
  std::vector<store::EventRow> events;
  rollout::State state;  // after all of them
  std::vector<rollout::Action> actions;
  std::string defect;    // the invariant that would have been broken, else empty
  bool ends = false;     // the rollout was open before and is not after
  bool reopens = false;  // the other way round
};

class RolloutBook {
 public:
  // What is broken by a step, or nothing.
  using Check = std::function<std::optional<std::string>(
      const rollout::State& before, const v1::RolloutEvent& event, const rollout::Step& after)>;
  static std::optional<std::string> CheckInvariants(const rollout::State& before,
                                                    const v1::RolloutEvent& event,
                                                    const rollout::Step& after);

  // `store` outlives this.
  RolloutBook(store::Store& store, std::int64_t silence_margin_ms, Check check = CheckInvariants)
      : store_(store), silence_margin_ms_(silence_margin_ms), check_(std::move(check)) {}

  absl::Status LoadRunning();  // by replay, every digest compared
  // A new one, not yet in the database; Write does that with its first event.
  absl::StatusOr<std::shared_ptr<RolloutEntry>> Draft(store::RolloutRow row) const;

  std::vector<std::shared_ptr<RolloutEntry>> Running() const;
  std::shared_ptr<RolloutEntry> RunningIn(const std::string& cluster) const;  // null: none
  // Running or ended, then replayed for this call.  Null: there is none of that id.
  absl::StatusOr<std::shared_ptr<RolloutEntry>> Find(const std::string& id) const;
  // As operators see it; of ended ones the replay is kept.
  absl::StatusOr<std::optional<v1::Rollout>> Snapshot(const std::string& id);

  // Nothing when the rollout is frozen, or freezes now because not even its stop is sound.
  std::optional<Turn> Prepare(const std::shared_ptr<RolloutEntry>& entry,
                              const v1::RolloutEvent& event, std::int64_t wall_unix_ms) const;
  absl::Status Write(const Turn& turn);  // inside a transaction
  void Apply(const Turn& turn);          // after its commit
  // Ends a rollout that cannot be read, so that its cluster is free again.  The note says who and
  // why.
  absl::Status GiveUp(const std::string& id, const std::string& note, std::int64_t wall_unix_ms);

 private:
  absl::StatusOr<std::shared_ptr<RolloutEntry>> Load(store::RolloutRow row) const;
  std::optional<std::string> Take(Turn& turn, v1::RolloutEvent event,
                                  std::int64_t wall_unix_ms) const;

  store::Store& store_;
  const std::int64_t silence_margin_ms_;
  const Check check_;
  std::map<std::string, std::shared_ptr<RolloutEntry>> running_;
  std::map<std::string, v1::Rollout> ended_;
};

}  // namespace belay
