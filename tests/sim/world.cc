#include "tests/sim/world.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/plan/sign.h"
#include "server/rollout/engine.h"

namespace belay::sim {
namespace {

constexpr std::int64_t kTroubleNs = 400 * kSecond;  // when it can happen
constexpr std::int64_t kLongestNs = 4 * 3600 * kSecond;

const Ed25519PrivateKey& Key() {
  static const auto& key = *new Ed25519PrivateKey(*Ed25519PrivateKey::Generate());
  return key;
}

v1::SignedPlan MakePlan(bool phases) {
  v1::RemediationPlan plan;
  plan.set_name("hardening");
  plan.set_not_before_unix(1'700'000'000);
  plan.set_not_after_unix(1'900'000'000);
  for (const char* value : {"one", "two"}) {
    v1::Step& step = *plan.add_steps();
    step.set_name(value);
    v1::SetFlag& edit = *step.add_edits()->mutable_set_flag();
    edit.set_manifest("kube-apiserver");
    edit.set_flag("profiling");
    edit.set_value(value);
    v1::Gate& gate = *step.mutable_gate();
    gate.set_deadline_ms(20'000);
    gate.set_stable_ms(5'000);
    gate.set_interval_ms(200);
    gate.set_rollback_deadline_ms(30'000);
    gate.add_probes("apiserver-readyz");
    if (!phases) continue;
    plan.add_phases()->set_name(value);
    plan.mutable_phases(plan.phases_size() - 1)->set_steps(1);
  }
  return SignPlan(plan, Key());
}

std::string Directory() {
  std::string pattern =
      access("/dev/shm", W_OK) == 0 ? "/dev/shm/belay-sim-XXXXXX" : "/tmp/belay-sim-XXXXXX";
  return mkdtemp(pattern.data());
}

}  // namespace

Trouble TroubleOf(std::uint64_t seed) {
  Timeline dice(seed * 2654435761U + 1, false);
  Trouble trouble;
  trouble.clusters = dice.Chance(20) ? 2 : 1;
  trouble.nodes = dice.Chance(15) ? 5 : 3;
  trouble.breaks = static_cast<int>(dice.Between(0, 4));
  trouble.agent_deaths = static_cast<int>(dice.Between(0, 3));
  trouble.coordinator_deaths = static_cast<int>(dice.Between(0, 3));
  trouble.verbs = static_cast<int>(dice.Between(0, 4));
  trouble.sick_percent = dice.Chance(40) ? static_cast<int>(dice.Between(5, 40)) : 0;
  trouble.dead_percent = dice.Chance(30) ? 30 : 0;
  trouble.revert = dice.Chance(50);
  trouble.fleet = dice.Chance(25);
  if (trouble.fleet) trouble.clusters = 3;
  trouble.parallel = static_cast<std::uint32_t>(dice.Between(1, 2));
  trouble.network.most_delay_ns = dice.Chance(30) ? 4 * kSecond : 50 * kMs;
  trouble.network.doubles_percent = dice.Chance(50) ? 20 : 0;
  trouble.locks = dice.Chance(40) ? static_cast<int>(dice.Between(1, 3)) : 0;
  trouble.windows = dice.Chance(25);
  trouble.phases = dice.Chance(35);
  trouble.keep_first = dice.Chance(50);
  return trouble;
}

World::World(std::uint64_t seed, const Trouble& trouble, bool aloud)
    : time_(seed, aloud),
      trouble_(trouble),
      directory_(Directory()),
      plan_(MakePlan(trouble.phases)) {
  time_.SeedBits();
  coordinator_ = std::make_unique<SimCoordinator>(
      time_, directory_,
      SimCoordinator::Hooks{[this] {
                              for (auto& [name, wire] : wires_) wire->CoordinatorDied();
                            },
                            [this](const std::string& what) { Broken(what); }});
  MakeNodes();
}

World::~World() {
  nodes_.clear();
  coordinator_.reset();
  rmdir(directory_.c_str());
}

void World::Broken(const std::string& what) {
  time_.Tell(absl::StrCat("BROKEN: ", what));
  if (violation_.empty()) violation_ = what;
}

void World::MakeNodes() {
  SimNode::Hooks hooks;
  hooks.dial = [this](SimNode& node, std::uint64_t attempt, const v1::AgentMessage& hello) {
    auto wire =
        std::make_shared<Wire>(time_, *coordinator_, trouble_.network, node.id(), ++last_number_,
                               attempt, [&node](LinkEvent event) { node.Take(std::move(event)); });
    wires_[node.name()] = wire;
    if (!coordinator_->up()) return wire->CoordinatorDied();
    static_cast<void>(wire->SendUp(hello));
  };
  hooks.send = [this](SimNode& node, v1::AgentMessage message) {
    const auto wire = wires_.find(node.name());
    return wire != wires_.end() && wire->second->SendUp(std::move(message));
  };
  hooks.hang_up = [this](SimNode& node) {
    if (const auto wire = wires_.find(node.name()); wire != wires_.end()) wire->second->HangUp();
  };
  hooks.journalled = [this](SimNode& node, const v1::Record& record) { Journalled(node, record); };
  hooks.changed = [this](const SimNode& node) { CheckBarrier(node); };
  hooks.broken = [this](SimNode& node, const std::string& what) {
    Broken(absl::StrCat(node.name(), ": ", what));
  };
  for (int c = 0; c < trouble_.clusters; ++c) {
    for (int n = 0; n < trouble_.nodes; ++n) {
      constexpr const char* kClusters[] = {"blue", "green", "red"};
      const NodeId id{kClusters[c], absl::StrCat("cp", n + 1)};
      coordinator_->Enrol(id);
      nodes_.push_back(std::make_unique<SimNode>(time_, id, Key().Public(),
                                                 time_.Between(1, 5'000'000) * kSecond, hooks));
      nodes_.back()->leads_etcd = n == 1;
      const bool sick = time_.Chance(trouble_.sick_percent);
      nodes_.back()->fate = {!sick, !(sick && time_.Chance(trouble_.dead_percent)),
                             time_.Between(1, 9) * kSecond};
    }
  }
}

void World::MakeTrouble() {
  const auto sometime = [this] { return time_.Between(0, kTroubleNs / kMs) * kMs; };
  const auto someone = [this]() -> SimNode& {
    return *nodes_[static_cast<std::size_t>(
        time_.Between(0, static_cast<std::int64_t>(nodes_.size()) - 1))];
  };
  const auto cut = [this] {
    constexpr SimDisk::Cut kCuts[] = {SimDisk::Cut::Kill, SimDisk::Cut::Kill, SimDisk::Cut::Lose,
                                      SimDisk::Cut::Torn};
    return kCuts[time_.Between(0, 3)];
  };
  for (int i = 0; i < trouble_.breaks; ++i) {
    time_.After(sometime(), [this, &node = someone()] {
      const auto wire = wires_.find(node.name());
      if (wire == wires_.end()) return;
      time_.Tell(absl::StrCat(node.name(), ": its stream breaks"));
      wire->second->Break();
    });
  }
  for (int i = 0; i < trouble_.agent_deaths; ++i) {
    const bool at_call = time_.Chance(60);
    const int call = static_cast<int>(time_.Between(0, 60));
    time_.After(sometime(), [&node = someone(), how = cut(), at_call, call] {
      if (!node.up()) return;
      if (at_call) return node.KillAtCall(call, how);
      node.Kill(how);
    });
  }
  for (int i = 0; i < trouble_.coordinator_deaths; ++i) {
    time_.After(sometime(),
                [this, moment = time_.Between(1, 400)] { coordinator_->KillAt(moment); });
  }
  for (int i = 0; i < trouble_.verbs; ++i) {
    time_.After(sometime(), [this] { AskSomething(); });
  }
  for (int i = 0; i < trouble_.locks; ++i) {
    time_.After(sometime(), [this] { TakeLock(); });
  }
}

World::Asked* World::Find(const std::string& id) {
  for (Asked& rollout : rollouts_) {
    if (rollout.id == id) return &rollout;
  }
  return nullptr;
}

void World::StartRollout(const std::string& cluster) {
  coordinator_->Do([&](Coordinator& coordinator) {
    v1::StartRolloutRequest request;
    request.set_cluster(cluster);
    *request.mutable_plan() = plan_;
    request.set_request_id(absl::StrCat("start ", cluster));
    if (trouble_.windows) *request.mutable_options()->mutable_windows() = SimWindows();
    const auto reply = coordinator.StartRollout(request, "ada");
    if (!reply.ok() || Find(reply->rollout_id()) != nullptr) return;
    Asked asked;
    asked.id = reply->rollout_id();
    asked.cluster = cluster;
    asked.reopened_ns = time_.now();
    rollouts_.push_back(asked);
    time_.Tell(absl::StrCat("ada starts ", asked.id, " in ", cluster));
  });
}

void World::Revert(const Asked& done, bool keep_first) {
  const Asked of = done;  // rollouts_ grows
  coordinator_->Do([&](Coordinator& coordinator) {
    v1::RevertRolloutRequest request;
    request.set_rollout_id(of.id);
    request.set_request_id(absl::StrCat("revert ", of.id, keep_first ? " in part" : ""));
    if (keep_first) request.set_to_phase("one");
    const auto reply = coordinator.RevertRollout(request, "ada");
    if (!reply.ok()) {
      time_.Tell(
          absl::StrCat("ada may not revert ", of.id, ": ", std::string(reply.status().message())));
      return;
    }
    if (Find(reply->rollout_id()) != nullptr) return;
    Asked asked;
    asked.id = reply->rollout_id();
    asked.cluster = of.cluster;
    asked.reverts = true;
    asked.keeps_first = keep_first;
    asked.reopened_ns = time_.now();
    rollouts_.push_back(asked);
    time_.Tell(absl::StrCat("ada reverts ", of.id, " by ", asked.id));
  });
}

void World::Ask(RolloutVerb verb, Asked& of, const std::string& who) {
  coordinator_->Do([&](Coordinator& coordinator) {
    v1::ChangeRolloutRequest request;
    request.set_rollout_id(of.id);
    request.set_reason("because");
    request.set_request_id(absl::StrCat(who, " ", time_.now()));
    const v1::RolloutPhase before = of.phase;
    const auto rollout = coordinator.ChangeRollout(verb, request, who);
    if (!rollout.ok()) return;
    constexpr const char* kNames[] = {"pauses", "resumes", "aborts", "approves", "retries"};
    time_.Tell(absl::StrCat(who, " ", kNames[static_cast<int>(verb)], " ", of.id));
    of.phase = rollout->phase();
    if (verb == RolloutVerb::Abort) of.stopped_ns = time_.now();
    if (verb == RolloutVerb::Retry && before == v1::ROLLOUT_PHASE_STOPPED) {
      of.reopened_ns = time_.now();
      of.fell.clear();
    }
  });
}

void World::AskSomething() {
  if (trouble_.fleet && time_.Chance(60)) {
    return AskFleet(static_cast<v1::FleetVerb>(time_.Between(1, 5)));
  }
  if (rollouts_.empty()) return;
  Look();
  Asked& of = rollouts_[static_cast<std::size_t>(
      time_.Between(0, static_cast<std::int64_t>(rollouts_.size()) - 1))];
  constexpr RolloutVerb kVerbs[] = {RolloutVerb::Pause, RolloutVerb::Resume, RolloutVerb::Abort,
                                    RolloutVerb::Retry, RolloutVerb::Approve};
  Ask(kVerbs[time_.Between(0, 4)], of, "bob");
}

void World::Look() {
  coordinator_->Do([&](Coordinator& coordinator) {
    for (Asked& rollout : rollouts_) {
      const auto now = coordinator.GetRollout(rollout.id);
      if (!now.ok()) {
        Broken(absl::StrCat("I9: ", rollout.id, " is lost: ", std::string(now.status().message())));
        continue;
      }
      if (now->phase() == rollout.phase) continue;
      rollout.phase = now->phase();
      time_.Tell(absl::StrCat(rollout.id, " is ", v1::RolloutPhase_Name(rollout.phase)));
    }
  });
}

bool World::Quiet() {
  if (!coordinator_->up()) return false;
  LookAtFleet();
  Look();
  if (trouble_.fleet && fleet_phase_ != v1::ROLLOUT_PHASE_COMPLETED &&
      fleet_phase_ != v1::ROLLOUT_PHASE_STOPPED) {
    return false;
  }
  for (const Asked& rollout : rollouts_) {
    if (rollout.phase != v1::ROLLOUT_PHASE_COMPLETED &&
        rollout.phase != v1::ROLLOUT_PHASE_STOPPED) {
      return false;
    }
  }
  return std::all_of(nodes_.begin(), nodes_.end(),
                     [](const auto& node) { return node->settled(); });
}

// Trouble is over: whoever paused resumes, and everything comes to an end by itself.
void World::Finish() {
  while (violation_.empty() && time_.now() < kLongestNs) {
    const std::int64_t next = time_.now() + 5 * kSecond;
    while (time_.Step(next) && violation_.empty()) {
    }
    if (Quiet()) return;
    if (fleet_phase_ == v1::ROLLOUT_PHASE_PAUSED) AskFleet(v1::FLEET_VERB_RESUME);
    for (Asked& rollout : rollouts_) {
      if (rollout.phase == v1::ROLLOUT_PHASE_PAUSED) Ask(RolloutVerb::Resume, rollout, "bob");
    }
  }
  if (violation_.empty()) Broken("I3: hours later a rollout has not ended");
}

std::vector<v1::RolloutPhase> World::ends() const {
  std::vector<v1::RolloutPhase> phases;
  for (const Asked& rollout : rollouts_) phases.push_back(rollout.phase);
  return phases;
}

std::string World::Run() {
  coordinator_->Start();
  for (const auto& node : nodes_) {
    time_.After(time_.Between(0, 3000) * kMs, [&node] { node->Start(); });
  }
  MakeTrouble();
  for (int second = 5; second < 600; second += 100) {  // again: it is the same request
    time_.After(second * kSecond, [this] {
      if (!coordinator_->up()) return;
      if (trouble_.fleet) return StartFleet();
      for (int c = 0; c < trouble_.clusters; ++c) StartRollout(c == 0 ? "blue" : "green");
    });
  }
  while (time_.now() < kTroubleNs && violation_.empty()) time_.Step(kTroubleNs);
  Finish();
  if (trouble_.revert && violation_.empty()) {
    for (const auto& node : nodes_) {
      if (!node->state().emergency) node->ClearedByHand();
    }
    const std::vector<Asked> done = rollouts_;
    if (trouble_.phases && trouble_.keep_first) {
      for (const Asked& rollout : done) Revert(rollout, true);
      Finish();
      for (const Asked& revert : rollouts_) {
        if (revert.keeps_first && revert.phase == v1::ROLLOUT_PHASE_COMPLETED) CheckKept(revert);
      }
    }
    for (const Asked& rollout : done) Revert(rollout, false);
    Finish();
  }
  if (violation_.empty()) CheckEnd();
  return violation_;
}

}  // namespace belay::sim
