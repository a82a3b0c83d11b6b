// A coordinator and the control-plane nodes of one or two clusters, operators who ask for things,
// and whatever can go wrong: streams that break, messages that come late or twice, agents, machines
// and the coordinator killed at any moment, configurations that never get healthy.  What is
// promised (I3, I5, I6, I9) is judged by what happens on the nodes, not by what anybody believes.
#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/sim_coordinator.h"
#include "tests/sim/sim_node.h"
#include "tests/sim/timeline.h"
#include "tests/sim/wire.h"

namespace belay::sim {

struct Trouble {
  int clusters = 1;
  int nodes = 3;   // of each cluster
  int breaks = 0;  // of streams, over the whole run; so the next three
  int agent_deaths = 0;
  int coordinator_deaths = 0;
  int verbs = 0;               // what operators ask for beside starting
  int sick_percent = 0;        // of configurations: never healthy
  int dead_percent = 0;        // of those: the old one is not healthy either
  bool revert = false;         // afterwards
  bool fleet = false;          // one rollout over all clusters, blue being the canary
  std::uint32_t parallel = 1;  // of its clusters
  int locks = 0;               // taken by bob on a cluster, for some minutes
  bool windows = false;        // nodes begin only at certain times
  bool phases = false;         // the plan has two, of one step each
  bool keep_first = false;     // of those, when it is reverted; the whole afterwards
  NetworkHabits network;
};
Trouble TroubleOf(std::uint64_t seed);  // of every sort, from nothing to a lot

// Of the rollouts of a world with windows.
google::protobuf::RepeatedPtrField<v1::MaintenanceWindow> SimWindows();

class World {
 public:
  World(std::uint64_t seed, const Trouble& trouble, bool aloud);
  ~World();

  // To the end of every rollout; empty when every promise was kept.
  std::string Run();
  std::uint64_t hash() const { return time_.hash(); }
  const std::string& story() const { return time_.story(); }
  SimCoordinator& coordinator() { return *coordinator_; }
  SimNode& node(std::size_t i) { return *nodes_[i]; }
  // The phase that each rollout ended in, in the order of their starts.
  std::vector<v1::RolloutPhase> ends() const;
  int begun() const { return begun_; }  // runs, on all nodes
  v1::RolloutPhase fleet_phase() const { return fleet_phase_; }

 private:
  struct Asked {  // a rollout, as its operator knows it
    std::string id;
    std::string cluster;
    v1::RolloutPhase phase = v1::ROLLOUT_PHASE_UNSPECIFIED;
    bool reverts = false;
    bool keeps_first = false;                  // of a revert: its first phase stays
    std::int64_t reopened_ns = 0;              // its start or last retry
    std::int64_t stopped_ns = -1;              // an abort was answered
    std::map<std::string, std::int64_t> fell;  // when, by node
  };

  void MakeNodes();
  void MakeTrouble();
  void StartRollout(const std::string& cluster);
  void Revert(const Asked& done, bool keep_first);
  void AskSomething();
  void StartFleet();
  void AskFleet(v1::FleetVerb verb);
  void TakeLock();
  void CheckLocks(const SimNode& node);
  void CheckWindows(const SimNode& node);
  void CheckBarrier(const SimNode& changed);
  void CheckKept(const Asked& revert);
  bool HasWholePlan(const SimNode& node) const;
  void LookAtFleet();
  void CheckStage(SimNode& node);
  void Ask(RolloutVerb verb, Asked& of, const std::string& who);
  void Look();  // how the rollouts stand
  bool Quiet();
  void Finish();
  void CheckEnd();
  void Journalled(SimNode& node, const v1::Record& record);
  void CheckBeginning(SimNode& node, const v1::Record& record);
  void Broken(const std::string& what);
  Asked* Find(const std::string& id);

  Timeline time_;
  const Trouble trouble_;
  std::string directory_;
  std::unique_ptr<SimCoordinator> coordinator_;
  std::vector<std::unique_ptr<SimNode>> nodes_;
  std::map<std::string, std::shared_ptr<Wire>> wires_;  // the live one, by node
  std::uint64_t last_number_ = 0;
  v1::SignedPlan plan_;
  std::vector<Asked> rollouts_;
  struct Lock {
    std::string cluster;
    std::int64_t taken_ns = 0;    // when bob was answered
    std::int64_t expires_ns = 0;  // or when it was broken, if that is earlier
  };
  std::vector<Lock> locks_;
  std::string fleet_id_;
  v1::RolloutPhase fleet_phase_ = v1::ROLLOUT_PHASE_UNSPECIFIED;
  std::map<std::string, v1::Verdict> last_verdict_;    // by node; unspecified while it runs
  std::set<std::string> changing_;                     // nodes with an open transaction
  std::map<std::string, std::set<std::string>> runs_;  // accepted, by node
  std::map<std::string, std::uint64_t> last_seq_;      // of journals, by node
  std::map<std::string, v1::Verdict> verdicts_;        // by node and run
  int begun_ = 0;
  std::string violation_;
};

}  // namespace belay::sim
