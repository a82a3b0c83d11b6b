#include "tests/model/rollout_search.h"

#include <set>
#include <utility>

#include "belay/v1/journal.pb.h"
#include "server/rollout/invariants.h"
#include "server/rollout/verbs.h"

namespace belay::rollout::model {
namespace {

constexpr std::int64_t kMondayMs = std::int64_t{4} * 86'400'000;  // 1970-01-05, midnight
constexpr std::int64_t kTuesdayMs = kMondayMs + 86'400'000;

v1::Verdict VerdictOf(Truth truth) {
  switch (truth) {
    case Truth::Committed:
      return v1::VERDICT_COMMITTED;
    case Truth::RolledBack:
      return v1::VERDICT_ROLLED_BACK;
    case Truth::Refused:
      return v1::VERDICT_REFUSED;
    case Truth::EmergencyStop:
      return v1::VERDICT_EMERGENCY_STOP;
    case Truth::NotBegun:
    case Truth::Running:
      return v1::VERDICT_UNSPECIFIED;
  }
  return v1::VERDICT_UNSPECIFIED;
}

}  // namespace

Search::Search(Budget budget, Wanted wanted) {
  ModelWorld start;
  start.left = budget;
  v1::RolloutEvent event;
  v1::RolloutStarted& started = *event.mutable_started();
  for (const std::string& name : kNames) started.add_nodes(name);
  started.set_submitter("ada");
  started.mutable_options()->set_approval(wanted.approval);
  started.mutable_options()->set_soak_ms(wanted.soak ? 1 : 0);
  started.mutable_options()->set_deadline_ms(wanted.deadline ? 1 : 0);
  started.set_first_phase(wanted.first_phase);
  started.set_last_phase(wanted.last_phase);
  if (wanted.windows) {
    v1::MaintenanceWindow& window = *started.mutable_options()->add_windows();
    window.add_days(v1::WEEKDAY_MONDAY);
    window.set_to_minute(60);
  }
  Deliver(start, event);
  Keep();
}

std::string Search::Run() {
  while (!queue_.empty() && violation_.empty()) {
    const ModelWorld world = std::move(queue_.front());
    queue_.pop_front();
    Expand(world);
    Keep();
  }
  return violation_;
}

void Search::Keep() {
  for (ModelWorld& world : next_) {
    ++transitions_;
    if (seen_.insert(world.Key()).second) {
      completed_ += world.memory.phase == v1::ROLLOUT_PHASE_COMPLETED ? 1 : 0;
      stopped_ += world.memory.phase == v1::ROLLOUT_PHASE_STOPPED ? 1 : 0;
      queue_.push_back(std::move(world));
    }
  }
  next_.clear();
}

// Journal first, then act; the crash may come between any two actions.
void Search::Deliver(const ModelWorld& world, v1::RolloutEvent event) {
  event.set_wall_unix_ms(world.closed ? kTuesdayMs : kMondayMs);
  const Step step = Advance(world.memory, event);
  if (auto broken = BrokenInvariant(step.state)) return Violation(*broken);
  if (auto broken = BrokenTransition(world.memory, event, step)) return Violation(*broken);
  for (std::size_t done = 0; done <= step.actions.size(); ++done) {
    const bool crash = done < step.actions.size();
    if (crash && world.left.crashes == 0) continue;
    ModelWorld after = world;
    after.memory = step.state;
    for (std::size_t i = 0; i < done; ++i) Perform(after, step.actions[i]);
    if (HasEnded(step.state)) {  // the driver forgets them with the rollout
      after.silence_timer = after.readiness_timer = after.soak_timer = {};
      after.deadline_timer = false;
    }
    if (crash) Crash(after);
    next_.push_back(std::move(after));
  }
}

void Search::Perform(ModelWorld& world, const Action& action) {
  const bool arm = action.kind == Action::Kind::ArmTimer;
  const auto n = static_cast<std::size_t>(std::max(IndexOf(action.node), 0));
  switch (action.kind) {
    case Action::Kind::Execute:
      for (const NodeProgress& node : world.memory.nodes) {
        if (node.name != action.node) continue;
        world.network.push_back(
            {Kind::Execute, IndexOf(node.name), node.attempt, world.memory.plan_phase});
      }
      return;
    case Action::Kind::ArmTimer:
    case Action::Kind::DisarmTimer:
      switch (action.timer) {
        case Timer::Verdict:
          world.silence_timer[n] = arm;
          return;
        case Timer::Readiness:
          world.readiness_timer[n] = arm;
          return;
        case Timer::Soak:
          world.soak_timer[n] = arm;
          return;
        case Timer::Deadline:
          world.deadline_timer = arm;
          return;
      }
      return;
    case Action::Kind::Announce:
      return;
  }
}

void Search::Crash(ModelWorld& world) {
  world.up = false;
  --world.left.crashes;
  world.silence_timer = world.readiness_timer = world.soak_timer = {};
  world.deadline_timer = false;
}

void Search::AgentTakes(ModelWorld world, const Message& message) {
  NodeTruth& node = world.at(message.node);
  if (world.IsNews(message)) {
    if (message.kind == Kind::Execute && node.truth != Truth::Running) {
      CheckBeginning(world, message);
      node.truth = Truth::Running;
      node.attempt = message.attempt;
      node.phase = message.phase;
      node.runs = 1;
      world.network.push_back({Kind::Accepted, message.node, node.attempt, node.phase});
    }
  } else if (node.truth == Truth::Running) {
    world.network.push_back({Kind::Accepted, message.node, node.attempt, node.phase});
  } else {
    world.network.push_back({Kind::Verdict, message.node, node.attempt, node.phase});
  }
  if (node.runs > 1) Violation("a node ran the plan twice");
  next_.push_back(std::move(world));
}

void Search::CoordinatorHears(const ModelWorld& world, const Message& message) {
  v1::RolloutEvent event;
  const auto n = static_cast<std::size_t>(message.node);
  if (message.kind == Kind::Accepted) {
    event.mutable_accepted()->set_node(kNames[n]);
    event.mutable_accepted()->set_attempt(message.attempt);
    event.mutable_accepted()->set_phase(message.phase);
  } else {
    if (message.attempt != world.at(message.node).attempt ||
        message.phase != world.at(message.node).phase) {
      // Of an earlier attempt or phase: whatever it was, it must mean nothing any more.
      event.mutable_verdict()->set_verdict(v1::VERDICT_COMMITTED);
    } else {
      event.mutable_verdict()->set_verdict(
          static_cast<unsigned>(VerdictOf(world.at(message.node).truth)));
    }
    event.mutable_verdict()->set_node(kNames[n]);
    event.mutable_verdict()->set_attempt(message.attempt);
    event.mutable_verdict()->set_phase(message.phase);
  }
  Deliver(world, event);
}

void Search::ExpandCoordinator(const ModelWorld& world) {
  if (!world.up) {
    ModelWorld restarted = world;
    restarted.up = true;
    v1::RolloutEvent event;
    event.mutable_recovered();
    Deliver(restarted, event);
    return;
  }
  CheckWatched(world);
  if (world.left.crashes > 0) {
    ModelWorld crashed = world;
    Crash(crashed);
    next_.push_back(crashed);
  }
  v1::RolloutEvent readiness;
  readiness.mutable_readiness();
  std::set<std::string> now;
  for (int i = 0; i < kNodes; ++i) {
    if (!world.IsReady(i)) continue;
    now.insert(kNames[static_cast<std::size_t>(i)]);
    readiness.mutable_readiness()->add_ready(kNames[static_cast<std::size_t>(i)]);
  }
  const std::string hold = world.locked ? "a lock" : world.closed ? "a window" : "";
  readiness.mutable_readiness()->set_hold(hold);
  const bool news = now != world.memory.ready || hold != world.memory.hold;
  if (news && !HasEnded(world.memory)) Deliver(world, readiness);
  if (world.left.locks > 0 && !HasEnded(world.memory)) {
    ModelWorld changed = world;  // taken, or released or broken or expired
    --changed.left.locks;
    changed.locked = !world.locked;
    next_.push_back(std::move(changed));
  }
  if (world.left.windows > 0 && !HasEnded(world.memory)) {
    ModelWorld later = world;
    --later.left.windows;
    later.closed = !world.closed;
    next_.push_back(std::move(later));
  }
  for (const NodeProgress& node : world.memory.nodes) {
    const int index = IndexOf(node.name);
    if (!MayBeTold(world.memory, node) || world.Carries(index, true) ||
        world.network.size() >= kNetworkDepth) {
      continue;
    }
    ModelWorld resent = world;  // the node's stream came back
    resent.network.push_back({Kind::Execute, index, node.attempt, world.memory.plan_phase});
    next_.push_back(std::move(resent));
  }
  ExpandTimers(world);
  ExpandOperators(world);
}

void Search::ExpandTimers(const ModelWorld& world) {
  for (int i = 0; i < kNodes; ++i) {
    const auto n = static_cast<std::size_t>(i);
    if (world.readiness_timer[n]) {
      ModelWorld fired = world;
      fired.readiness_timer[n] = false;
      v1::RolloutEvent event;
      event.mutable_readiness_timed_out()->set_node(kNames[n]);
      Deliver(fired, event);
    }
    if (world.soak_timer[n]) {
      ModelWorld fired = world;
      fired.soak_timer[n] = false;
      v1::RolloutEvent event;
      event.mutable_soak_ended()->set_node(kNames[n]);
      Deliver(fired, event);
    }
    if (world.silence_timer[n]) {
      ModelWorld fired = world;
      fired.silence_timer[n] = false;
      // No permission outlives the deadline after which the coordinator calls a node silent.
      for (Message& m : fired.network) {
        if (m.node == i && m.kind == Kind::Execute) m.kind = Kind::ExpiredExecute;
      }
      v1::RolloutEvent event;
      event.mutable_silent()->set_node(kNames[n]);
      Deliver(fired, event);
    }
  }
  if (world.deadline_timer) {
    ModelWorld fired = world;
    v1::RolloutEvent event;
    event.mutable_deadline_passed();
    // It need not be watched any more; CheckWatched asks only of what has not ended.
    fired.deadline_timer = true;
    Deliver(fired, event);
  }
}

void Search::ExpandOperators(const ModelWorld& world) {
  if (world.left.verbs == 0) return;
  v1::OperatorWord word;
  word.set_operator_("bob");
  word.set_request_id(absl::StrCat(world.left.verbs));
  std::vector<v1::RolloutEvent> verbs(5);
  *verbs[0].mutable_paused() = word;
  *verbs[1].mutable_resumed() = word;
  *verbs[2].mutable_aborted() = word;
  *verbs[3].mutable_approved() = word;
  *verbs[4].mutable_retried() = word;
  for (const v1::RolloutEvent& verb : verbs) {
    if (Judge(world.memory, verb).kind != Allowance::Kind::Takes) continue;
    ModelWorld asked = world;
    --asked.left.verbs;
    Deliver(asked, verb);
  }
}

void Search::ExpandNetwork(const ModelWorld& world) {
  for (std::size_t i = 0; i < world.network.size(); ++i) {
    const Message message = world.network[i];
    ModelWorld taken = world;
    taken.network.erase(taken.network.begin() + static_cast<std::ptrdiff_t>(i));
    if (world.left.losses > 0) {
      ModelWorld lost = taken;
      --lost.left.losses;
      next_.push_back(std::move(lost));
    }
    if (world.left.doubles > 0 && world.network.size() < kNetworkDepth) {
      ModelWorld doubled = world;
      --doubled.left.doubles;
      doubled.network.push_back(message);
      next_.push_back(std::move(doubled));
    }
    if (message.is_to_node()) {
      AgentTakes(taken, message);
    } else if (world.up) {
      CoordinatorHears(taken, message);
    } else {
      next_.push_back(std::move(taken));  // the stream died with the coordinator
    }
  }
}

void Search::ExpandNodes(const ModelWorld& world) {
  for (int i = 0; i < kNodes; ++i) {
    const NodeTruth& node = world.at(i);
    if (node.truth == Truth::Running && world.network.size() < kNetworkDepth) {
      for (Truth end :
           {Truth::Committed, Truth::RolledBack, Truth::Refused, Truth::EmergencyStop}) {
        ModelWorld done = world;
        done.at(i).truth = end;
        if (end == Truth::Committed) done.at(i).committed = node.phase;
        done.network.push_back({Kind::Verdict, i, node.attempt, node.phase});
        next_.push_back(std::move(done));
      }
    }
    // Unacknowledged records are sent again when a stream comes back.
    if (node.truth != Truth::NotBegun && !world.Carries(i, false) && world.up &&
        IsInFlight(world.memory.nodes[static_cast<std::size_t>(i)].phase) &&
        world.network.size() < kNetworkDepth) {
      ModelWorld resent = world;
      resent.network.push_back({node.truth == Truth::Running ? Kind::Accepted : Kind::Verdict, i,
                                node.attempt, node.phase});
      next_.push_back(std::move(resent));
    }
    if (world.left.flips > 0 && !HasEnded(world.memory)) {
      ModelWorld flipped = world;
      --flipped.left.flips;
      flipped.at(i).ready = !node.ready;
      next_.push_back(std::move(flipped));
    }
  }
}

void Search::Expand(const ModelWorld& world) {
  for (const NodeProgress& progress : world.memory.nodes) {
    const NodeTruth& node = world.at(IndexOf(progress.name));
    if (progress.phase == v1::NODE_PHASE_COMMITTED &&
        (node.truth != Truth::Committed || node.attempt != progress.attempt ||
         node.phase != world.memory.plan_phase)) {
      Violation("the engine believes a commit that never happened");
    }
    if (world.up && progress.phase == v1::NODE_PHASE_WAITING &&
        node.phase == world.memory.plan_phase && node.attempt >= progress.attempt) {
      Violation("a node has begun that the journal does not know of");
    }
  }
  // Of an ended rollout the coordinator does nothing more by itself; a retry may come.
  if (!HasEnded(world.memory) || world.left.verbs > 0) ExpandCoordinator(world);
  ExpandNetwork(world);
  ExpandNodes(world);
}

}  // namespace belay::rollout::model
