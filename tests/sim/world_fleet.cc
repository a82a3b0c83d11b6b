// The same world with one rollout over all its clusters.
#include "absl/strings/str_cat.h"
#include "tests/sim/world.h"

namespace belay::sim {

void World::StartFleet() {
  coordinator_->Do([&](Coordinator& coordinator) {
    v1::StartFleetRequest request;
    *request.mutable_plan() = plan_;
    request.set_request_id("fleet");
    v1::FleetStrategy& strategy = *request.mutable_strategy();
    strategy.set_every_cluster(true);
    strategy.add_canary("blue");
    strategy.mutable_options()->set_parallel(trouble_.parallel);
    strategy.mutable_options()->set_soak_ms(20'000);
    if (trouble_.windows) *strategy.mutable_options()->mutable_windows() = SimWindows();
    const auto fleet = coordinator.StartFleet(request, "ada");
    if (!fleet.ok() || !fleet_id_.empty()) return;
    fleet_id_ = fleet->id();
    fleet_phase_ = fleet->phase();
    time_.Tell(absl::StrCat("ada starts the fleet rollout ", fleet_id_));
  });
}

void World::LookAtFleet() {
  if (fleet_id_.empty()) return;
  coordinator_->Do([&](Coordinator& coordinator) {
    const auto fleet = coordinator.GetFleet(fleet_id_);
    if (!fleet.ok()) return Broken(absl::StrCat("I9: ", fleet_id_, " is lost"));
    if (fleet->phase() != fleet_phase_) {
      time_.Tell(absl::StrCat(fleet_id_, " ", fleet->summary()));
    }
    fleet_phase_ = fleet->phase();
    for (const v1::FleetCluster& cluster : fleet->clusters()) {
      if (cluster.rollout_id().empty() || Find(cluster.rollout_id()) != nullptr) continue;
      Asked asked;
      asked.id = cluster.rollout_id();
      asked.cluster = cluster.name();
      asked.reopened_ns = time_.now();
      rollouts_.push_back(asked);
    }
  });
}

void World::AskFleet(v1::FleetVerb verb) {
  if (fleet_id_.empty()) return;
  LookAtFleet();
  coordinator_->Do([&](Coordinator& coordinator) {
    v1::ChangeFleetRequest request;
    request.set_fleet_id(fleet_id_);
    request.set_verb(verb);
    request.set_reason("because");
    request.set_request_id(absl::StrCat("bob ", time_.now()));
    const v1::RolloutPhase before = fleet_phase_;
    const auto fleet = coordinator.ChangeFleet(request, "bob");
    if (!fleet.ok()) return;
    time_.Tell(absl::StrCat("bob: ", v1::FleetVerb_Name(verb), " ", fleet_id_));
    fleet_phase_ = fleet->phase();
    if (verb != v1::FLEET_VERB_RETRY || before != v1::ROLLOUT_PHASE_STOPPED) return;
    for (Asked& rollout : rollouts_) {
      if (rollout.reverts) continue;
      rollout.reopened_ns = time_.now();
      rollout.fell.clear();
    }
  });
}

// A cluster begins only when every node of those before it has committed.
void World::CheckStage(SimNode& node) {
  for (const auto& other : nodes_) {
    const bool before = other->id().cluster == "blue"
                            ? node.id().cluster != "blue"
                            : trouble_.parallel == 1 && other->id().cluster < node.id().cluster;
    const bool committed = last_verdict_[other->name()] == v1::VERDICT_COMMITTED &&
                           (!trouble_.phases || HasWholePlan(*other));
    if (!before || committed) continue;
    Broken(absl::StrCat("I6: ", node.name(), " begins although ", other->name(),
                        ", whose cluster comes before, has not committed"));
  }
}

}  // namespace belay::sim
