// Random scripts of a simulated kubelet - 0 to 60 s late, never, twice, crash looping, the old pod
// again, taken over by a stray file, health that lies - against the gate of each component, forward
// and backward.  The oracle does not look at what the gate is shown but at the world's
// own history: a pass is right only if one process of the right configuration has served, healthy,
// all the while.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "node-agent/health/gate.h"

namespace belay {
namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kTick = 10 * kMs;
constexpr std::int64_t kApplied = 100'000 * kMs;

// What the world knows of a process and the gate is not told.
struct Life {
  Process shown;
  bool new_configuration = false;
  std::int64_t started = 0;  // not rounded
  std::int64_t ends = 0;
  std::int64_t listens_from = 0;
  std::int64_t listens_to = 0;
  std::int64_t ready_from = 0;
  std::int64_t sick_from = 0;  // a break in its health
  std::int64_t sick_to = 0;
  int sick_status = 500;
  bool lies = false;              // answers 200 while sick: only the objection tells
  std::int64_t spurned_from = 0;  // kubelet's own probe is refused
  std::int64_t spurned_to = 0;
};

struct World {
  GateDirection direction = GateDirection::Forward;
  std::string component = "kube-apiserver";
  bool same_argv = false;  // only mounts were changed
  bool pods_known = true;  // processes show the pod they run in
  bool service = false;    // kubelet itself: restarted by the step, in no pod, with equal arguments
  bool files = false;      // the old pod sees another file of the step
  bool calm = false;       // kubelet does its work once, within the deadline, and all is well
  std::int64_t restored = 0;
  std::int64_t opened = 0;
  std::vector<Life> lives;
};

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  std::int64_t Ms(std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(least, most)(engine_) * kMs;
  }
  bool OneIn(int n) { return std::uniform_int_distribution<int>(1, n)(engine_) == 1; }

 private:
  std::mt19937 engine_;
};

constexpr const char* kComponents[] = {"kube-apiserver", "kube-controller-manager",
                                       "kube-scheduler", "etcd", "kubelet"};

std::vector<std::string> ArgvOf(const World& world, bool new_configuration) {
  return {world.component,
          new_configuration && !world.same_argv ? "--profiling=false" : "--profiling=true"};
}

Life MakeLife(const World& world, Dice& dice, std::int64_t started, bool new_configuration) {
  Life life;
  life.new_configuration = new_configuration;
  life.started = started;
  life.shown = {10 + static_cast<std::int64_t>(world.lives.size()), started / kTick * kTick,
                ArgvOf(world, new_configuration)};
  if (world.pods_known) life.shown.pod_uid = new_configuration ? "b" : "a";
  life.ends = started + 1'000'000 * kMs;
  life.listens_from = started + dice.Ms(10, 1'000);
  life.listens_to = life.ends;
  life.ready_from = started + dice.Ms(500, 12'000);
  return life;
}

// Kubelet as it should be, only late: the right configuration runs from then on.
void AddCalmLives(World& world, Dice& dice) {
  world.calm = true;
  const bool forward = world.direction == GateDirection::Forward;
  const std::int64_t asked = forward ? kApplied : world.restored;
  // A service that is not there for 10 s after its restart will not come.
  const bool soon = world.service && forward;
  const std::int64_t at = asked + kTick + dice.Ms(0, soon ? 8'000 : 45'000);
  Life before = MakeLife(world, dice, kApplied - dice.Ms(20'000, 50'000), false);
  if (!forward) {
    before.ends = kApplied + dice.Ms(100, 400);
    before.listens_to = before.ends;
    world.lives.push_back(before);
    before = MakeLife(world, dice, kApplied + dice.Ms(400, 900), true);
  }
  before.listens_to = at - dice.Ms(0, 50);
  before.ends = before.listens_to;
  if (!world.service) before.ends += dice.Ms(0, 30'000);  // watches keep the old one for 30 s
  world.lives.push_back(before);
  world.lives.push_back(MakeLife(world, dice, at, forward));
}

World MakeWorld(Dice& dice) {
  World world;
  world.direction = dice.OneIn(2) ? GateDirection::Forward : GateDirection::Backward;
  world.component = kComponents[dice.Ms(0, 4) / kMs];
  world.service = world.component == std::string("kubelet");
  world.same_argv = world.service || dice.OneIn(5);
  world.pods_known = !world.service && (world.same_argv || !dice.OneIn(4));
  if (dice.OneIn(40)) world.pods_known = false;
  world.files = world.service || dice.OneIn(3);
  world.restored = kApplied + dice.Ms(1'000, 60'000);
  world.opened = world.direction == GateDirection::Forward ? kApplied : world.restored;
  if (dice.OneIn(4) && (world.service || world.pods_known || !world.same_argv)) {
    AddCalmLives(world, dice);
    return world;
  }
  const int count = static_cast<int>(dice.Ms(1, 6) / kMs);
  std::int64_t at = kApplied - dice.Ms(1, 50'000);
  for (int i = 0; i < count; ++i) {
    // Which configuration kubelet starts is its own affair: late, never, or a stray file's.
    bool new_configuration = at > kApplied && !dice.OneIn(3);
    // A service reads what the file says when it starts.
    const bool forward = world.direction == GateDirection::Forward;
    if (world.service) new_configuration = at > kApplied && (forward || at < world.restored);
    Life life = MakeLife(world, dice, at, new_configuration);
    // A pid may be given again, but not to two at a time.
    const bool again = i > 0 && world.lives.back().ends < at && dice.OneIn(3);
    if (again) life.shown.pid = world.lives.back().shown.pid;
    life.ends = at + (dice.OneIn(3) ? dice.Ms(50, 2'000) : dice.Ms(5'000, 200'000));
    life.listens_to = dice.OneIn(2) ? life.ends : life.ends - dice.Ms(1, 30'000);
    life.sick_from = at + dice.Ms(0, 60'000);
    life.sick_to = life.sick_from + (dice.OneIn(2) ? 0 : dice.Ms(300, 20'000));
    const int statuses[] = {500, 401, 403, 503};
    life.sick_status = statuses[dice.Ms(0, 3) / kMs];
    life.lies = dice.OneIn(3);
    life.spurned_from = at + dice.Ms(0, 60'000);
    life.spurned_to = life.spurned_from + (dice.OneIn(4) ? dice.Ms(300, 200'000) : 0);
    world.lives.push_back(life);
    // The next one may start while this one still drains, or long after.
    at = dice.OneIn(2) ? std::max(life.listens_to, life.started) + dice.Ms(1, 3'000)
                       : at + dice.Ms(100, 60'000);
  }
  return world;
}

bool Listens(const Life& life, std::int64_t at) {
  return at >= life.started && at < life.ends && at >= life.listens_from && at < life.listens_to;
}

bool Within(std::int64_t at, std::int64_t from, std::int64_t to) { return at >= from && at < to; }

bool WellAt(const Life& life, std::int64_t at) {
  return Listens(life, at) && at >= life.ready_from && !Within(at, life.sick_from, life.sick_to) &&
         !Within(at, life.spurned_from, life.spurned_to);
}

// What kubelet's log folders show: attempts are numbered by pod.
std::vector<ContainerRun> RunsAt(const World& world, std::int64_t at) {
  std::vector<ContainerRun> runs;
  if (world.service) return runs;
  for (const bool new_configuration : {false, true}) {
    int attempt = -1;
    for (const Life& life : world.lives) {
      if (life.new_configuration == new_configuration && life.started <= at) ++attempt;
    }
    if (attempt >= 0) runs.push_back({new_configuration ? "b" : "a", attempt, ""});
  }
  return runs;
}

Observation Show(const World& world, std::int64_t at, Dice& dice) {
  Observation seen;
  seen.boottime_ns = at;
  seen.runs = RunsAt(world, at);
  std::vector<const Life*> serving;
  for (const Life& life : world.lives) {
    if (at < life.started || at >= life.ends) continue;
    seen.processes.push_back(life.shown);
    if (!Listens(life, at)) continue;
    seen.listeners.push_back(life.shown.pid);
    serving.push_back(&life);
  }
  if (serving.empty()) {
    seen.probe.kind = ProbeResult::Kind::Refused;
    return seen;
  }
  // Two may share the port: the kernel picks one of them.
  const Life& answers = *serving[static_cast<std::size_t>(
      dice.Ms(0, static_cast<std::int64_t>(serving.size()) - 1) / kMs)];
  if (at < answers.ready_from && dice.OneIn(2)) {
    seen.probe.kind = ProbeResult::Kind::TimedOut;
    return seen;
  }
  seen.probe.kind = ProbeResult::Kind::Answered;
  const bool sick = at < answers.ready_from || Within(at, answers.sick_from, answers.sick_to);
  seen.probe.status = !sick || answers.lies ? 200 : answers.sick_status;
  if (sick && answers.lies) seen.objection = "it is not what it says";
  const bool spurned = Within(at, answers.spurned_from, answers.spurned_to);
  seen.kubelet = {{"livenessProbe on /livez", 10'000 * kMs, 80'000 * kMs, !spurned, "401"}};
  return seen;
}

bool RightConfiguration(const World& world, const Life& life) {
  if (world.same_argv && !world.pods_known && !world.service) return false;  // nobody can tell
  if (world.direction == GateDirection::Forward) {
    return life.started > kApplied && life.new_configuration;
  }
  const bool in_time =
      !world.files || life.started < kApplied || life.started > world.restored - kTick;
  return in_time && !life.new_configuration;
}

// Has one right process served, alone and well, at every sample of the stable time?
bool PassIsRight(const World& world, const std::vector<std::int64_t>& samples, std::int64_t stable,
                 std::int64_t deadline) {
  const std::int64_t end = samples.back();
  for (const Life& life : world.lives) {
    if (!RightConfiguration(world, life)) continue;
    std::int64_t begin = end;
    for (auto at = samples.rbegin(); at != samples.rend(); ++at) {
      bool alone = true;
      for (const Life& other : world.lives) {
        if (&other != &life && Listens(other, *at)) alone = false;
      }
      if (!WellAt(life, *at) || !alone || begin - *at > 5'000 * kMs) break;
      begin = *at;
    }
    if (end - begin >= stable && WellAt(life, end) &&
        begin <= world.opened + deadline + 4 * stable) {
      return true;
    }
  }
  return false;
}

// What kubelet did, by the world's own history.
std::string Scenario(const World& world) {
  std::vector<const Life*> right;
  int short_lives = 0;
  for (const Life& life : world.lives) {
    const bool before = life.started < world.opened;
    if (!RightConfiguration(world, life) || (before && life.ends < world.opened)) continue;
    right.push_back(&life);
    if (life.ends - life.started < 2'100 * kMs) ++short_lives;
  }
  if (right.empty()) return "never";
  if (short_lives > 1) return "crash loop";
  if (right.size() > 1) return "twice or more";
  const std::int64_t late = right[0]->started - world.opened;
  if (late < 0) return "never stopped";
  return late > 60'000 * kMs ? "over 60 s late" : late > 10'000 * kMs ? "10-60 s late" : "in 10 s";
}

bool Lies(const World& world) {
  return std::any_of(world.lives.begin(), world.lives.end(),
                     [](const Life& life) { return life.lies && life.sick_to > life.sick_from; });
}

struct Tally {
  unsigned passed = 0;
  unsigned failed = 0;
  unsigned lying = 0;
};

void Print(const std::map<std::string, Tally>& table) {
  for (const auto& [name, tally] : table) {
    std::printf("%-40s %6u seeds %6u passed, rightly %6u failed %6u with lies\n", name.c_str(),
                tally.passed + tally.failed, tally.passed, tally.failed, tally.lying);
  }
}

TEST(GateProperty, NoScriptOfKubeletMakesTheGatePassWrongly) {
  constexpr unsigned kSeeds = 10'000;
  constexpr std::int64_t kStable = 25'000 * kMs;
  constexpr std::int64_t kDeadline = 60'000 * kMs;
  unsigned first = 1;
  unsigned last = kSeeds;
  if (const char* const seed = std::getenv("BELAY_SEED")) {
    first = last = static_cast<unsigned>(std::strtoul(seed, nullptr, 10));
  }
  unsigned passed = 0;
  unsigned failed = 0;
  unsigned calm = 0;
  std::map<std::string, Tally> table;
  for (unsigned seed = first; seed <= last; ++seed) {
    Dice dice(seed);
    const World world = MakeWorld(dice);
    GateSpec spec;
    spec.adoption.direction = world.direction;
    v1::ComponentExpectation& component = spec.adoption.component;
    component.set_component(world.component);
    for (const std::string& element : ArgvOf(world, false)) component.add_argv_before(element);
    for (const std::string& element : ArgvOf(world, true)) component.add_argv_after(element);
    if (world.pods_known) component.set_pod_uid_before("a");
    component.set_reads_changed_files(world.files);
    if (world.service) component.mutable_service();
    spec.adoption.applied_boottime_ns = kApplied;
    spec.adoption.restored_boottime_ns =
        world.direction == GateDirection::Backward ? world.restored : 0;
    spec.opened_boottime_ns = world.opened;
    spec.deadline_ns = kDeadline;
    spec.stable_ns = kStable;
    spec.interval_ns = 200 * kMs;
    Gate gate(spec);
    std::vector<std::int64_t> samples;
    for (std::int64_t at = world.opened;
         gate.verdict() == GateVerdict::Pending && at < world.opened + 600'000 * kMs;
         at +=
         dice.OneIn(world.calm ? 1'000'000 : 300) ? dice.Ms(5'001, 9'000) : dice.Ms(180, 900)) {
      samples.push_back(at);
      gate.Observe(Show(world, at, dice));
    }
    ASSERT_NE(gate.verdict(), GateVerdict::Pending) << "no verdict; BELAY_SEED=" << seed;
    const bool pass = gate.verdict() == GateVerdict::Passed;
    ++(pass ? passed : failed);
    const bool forward = world.direction == GateDirection::Forward;
    for (const std::string& row :
         {Scenario(world) + (forward ? ", edit" : ", rollback"), "component " + world.component}) {
      Tally& tally = table[row];
      ++(pass ? tally.passed : tally.failed);
      if (Lies(world)) ++tally.lying;
    }
    ASSERT_TRUE(!pass || PassIsRight(world, samples, kStable, kDeadline))
        << "a false pass; BELAY_SEED=" << seed;
    // And the gate is not simply closed.
    ASSERT_TRUE(pass || !world.calm)
        << "a false fail: " << gate.reason() << "; BELAY_SEED=" << seed;
    calm += world.calm ? 1 : 0;
  }
  std::printf("%u seeds: %u passed, all rightly (%u of them had to); %u failed\n", last - first + 1,
              passed, calm, failed);
  Print(table);
  if (first != last) {
    for (const char* scenario : {"never, edit", "crash loop, edit", "twice or more, edit",
                                 "over 60 s late, edit", "10-60 s late, edit", "in 10 s, edit",
                                 "never stopped, rollback", "crash loop, rollback"}) {
      EXPECT_GT(table[scenario].passed + table[scenario].failed, 20U) << scenario;
    }
    EXPECT_EQ(table["never, edit"].passed, 0U);
    EXPECT_GT(table["component kubelet"].passed, kSeeds / 100);
    EXPECT_GT(passed, kSeeds / 20);
    EXPECT_GT(failed, kSeeds / 20);
  }
}

}  // namespace
}  // namespace belay
