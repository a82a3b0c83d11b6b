// What is promised, judged by what happens on the nodes.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/sim/world.h"

namespace belay::sim {

// The promises about who may begin when, at the instant in which a node has made up its mind.
void World::CheckBeginning(SimNode& node, const v1::Record& record) {
  ++begun_;
  const std::string run = RunKeyText(record.run());
  if (!runs_[node.name()].insert(run).second) Broken(absl::StrCat("I9: ", run, " began twice"));
  for (const auto& other : nodes_) {
    if (other->id().cluster != node.id().cluster || other.get() == &node) continue;
    if (changing_.contains(other->name())) {
      Broken(absl::StrCat("I5: ", node.name(), " begins while ", other->name(), " is changing"));
    }
    // As long as a permit and what it was given on may be old.
    if (time_.now() - other->last_well_ns() > 60 * kSecond) {
      Broken(absl::StrCat("I5: ", node.name(), " begins though ", other->name(),
                          " has not been well for a minute"));
    }
  }
  if (trouble_.fleet && !record.run_accepted().has_undoes()) CheckStage(node);
  CheckLocks(node);
  if (trouble_.windows && !record.run_accepted().has_undoes()) CheckWindows(node);
  Asked* const rollout = Find(record.run().rollout_id());
  if (rollout == nullptr) return;  // its operator has not been answered yet
  for (const auto& [name, when] : rollout->fell) {
    if (name != node.name() && when >= rollout->reopened_ns) {
      Broken(absl::StrCat("I6: ", node.name(), " begins after ", name, " has fallen"));
    }
  }
  if (rollout->stopped_ns >= rollout->reopened_ns &&
      time_.now() - rollout->stopped_ns > 16 * kSecond) {
    Broken(absl::StrCat("I6: ", node.name(), " begins long after the abort"));
  }
}

void World::Journalled(SimNode& node, const v1::Record& record) {
  const std::string& name = node.name();
  std::string what;
  if (record.seq() <= last_seq_[name]) return;
  if (record.seq() != ++last_seq_[name]) {
    Broken(absl::StrCat("I9: ", name, " lost a record before ", record.seq()));
  }
  if (record.has_run_accepted()) {
    what = record.run_accepted().has_undoes() ? "begins to go back" : "begins";
    CheckBeginning(node, record);
    last_verdict_[name] = v1::VERDICT_UNSPECIFIED;
  }
  if (record.has_prepared()) changing_.insert(name);
  if (record.has_committed() || record.has_rolled_back() || record.has_quarantined()) {
    changing_.erase(name);
  }
  if (record.has_rolling_back()) what = "rolls back";
  if (record.has_committed()) what = "has committed a step";
  if (record.has_emergency_stop()) what = "EMERGENCY STOP";
  if (record.has_emergency_cleared()) {
    changing_.erase(name);
    what = "is cleared";
  }
  if (record.has_run_finished() || record.has_run_refused()) {
    const v1::Verdict verdict =
        record.has_run_finished() ? record.run_finished().verdict() : v1::VERDICT_REFUSED;
    what = absl::StrCat("ends: ", v1::Verdict_Name(verdict));
    last_verdict_[name] = verdict;
    verdicts_[absl::StrCat(name, " ", RunKeyText(record.run()))] = verdict;
    Asked* const rollout = Find(record.run().rollout_id());
    if (rollout != nullptr && verdict != v1::VERDICT_COMMITTED) {
      rollout->fell[name] = time_.now();
    }
  }
  if (!what.empty()) {
    time_.Tell(absl::StrCat(name, " ", what, "   (", record.run().rollout_id(), "/",
                            record.run().attempt(), ")"));
  }
}

// What everybody says in the end is what has happened.
void World::CheckEnd() {
  for (const auto& node : nodes_) {
    if (node->state().phase != Phase::Idle || node->state().due_outcome) {
      Broken(absl::StrCat("I3: ", node->name(), " has an open transaction"));
    }
  }
  coordinator_->Do([&](Coordinator& coordinator) {
    for (const Asked& rollout : rollouts_) {
      const auto report = coordinator.GetRollout(rollout.id);
      if (!report.ok()) return Broken("a rollout is lost");
      for (const v1::RolloutNode& node : report->nodes()) {
        v1::RunKey run;
        run.set_rollout_id(rollout.id);
        run.set_attempt(node.attempt());
        run.set_plan_digest(report->plan_digest());
        run.set_phase(report->plan_phase().number());
        const auto truth =
            verdicts_.find(absl::StrCat(rollout.cluster, "/", node.name(), " ", RunKeyText(run)));
        const bool committed = truth != verdicts_.end() && truth->second == v1::VERDICT_COMMITTED;
        if ((node.phase() == v1::NODE_PHASE_COMMITTED) != committed) {
          Broken(absl::StrCat("I9: ", rollout.id, " says ", v1::NodePhase_Name(node.phase()),
                              " of ", node.name(), ", which is not what its journal says"));
        }
      }
    }
  });
  for (const Asked& rollout : rollouts_) {
    if (!rollout.reverts || rollout.keeps_first || rollout.phase != v1::ROLLOUT_PHASE_COMPLETED)
      continue;
    for (const auto& node : nodes_) {
      if (node->id().cluster == rollout.cluster && node->Manifest() != kSimOriginal) {
        Broken(
            absl::StrCat(node->name(), " was reverted and is not as it was: ", node->Manifest()));
      }
    }
  }
}

}  // namespace belay::sim
