// What operators read about a rollout, made from what is stored: the engine's state (by replay of
// its events), the records of the nodes and the plan.  Pure; knows of connections only what it is
// told.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "belay/v1/admin.pb.h"
#include "server/rollout/engine.h"
#include "server/store/rows.h"

namespace belay::reports {

// Folds the events and compares every digest.  DATA_LOSS names the first event that leads to
// another state than it did when it happened.
absl::StatusOr<rollout::State> Replay(const std::string& rollout_id,
                                      const std::vector<store::EventRow>& events);

// `waiting_for` names what is missing while nothing is in flight.
v1::Rollout Snapshot(const store::RolloutRow& row, const rollout::State& state);

// Of a rollout that has no state, because its events do not replay.
v1::Rollout Unreadable(const store::RolloutRow& row, const std::string& why);

// Steps of the plan and what each node's own records say of them.  Only records of this rollout's
// run key count, of a node's last attempt.  A step that no record mentions has no verdict.
v1::RolloutReport Report(const store::RolloutRow& row, const rollout::State& state,
                         const std::vector<store::RecordRow>& records,
                         const v1::RemediationPlan& plan);

}  // namespace belay::reports
