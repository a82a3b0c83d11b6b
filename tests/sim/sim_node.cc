#include "tests/sim/sim_node.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "node-agent/transaction/file_image.h"

namespace belay::sim {
namespace {
constexpr const char* kState = "/state";
constexpr std::int64_t kTickNs = 500 * kMs;
constexpr std::int64_t kLookNs = 2 * kSecond;
// So little is kept that many a node compacts, and is cut while it does.
constexpr CompactionLimits kCompaction = {4, std::size_t{1} << 20, 2, std::size_t{1} << 20,
                                          std::size_t{1} << 20};

std::int64_t Ns(std::uint32_t ms) { return std::int64_t{ms} * kMs; }
}  // namespace

const char* const kSimManifest = "/etc/kubernetes/manifests/kube-apiserver.yaml";
const char* const kSimOriginal = "as it was";

SimNode::SimNode(Timeline& time, NodeId id, Ed25519PublicKey trusted, std::int64_t clock_offset_ns,
                 Hooks hooks)
    : time_(time),
      id_(std::move(id)),
      trusted_(std::move(trusted)),
      hooks_(std::move(hooks)),
      clock_(time, clock_offset_ns) {
  for (const char* directory : {"/etc", "/etc/kubernetes", "/etc/kubernetes/manifests", kState}) {
    disk_.PutDirectory(directory);
  }
  disk_.PutFile(kSimManifest, kSimOriginal, {});
  // Kubelet: new bytes, or old ones that come back, are a new process.
  disk_.after_each = [this](const std::string& path) {
    if (path != kSimManifest) return;
    hooks_.changed(*this);
    SetReady(false);
    time_.After(fate.start_ns, [this, restart = ++restarts_] {
      if (restart != restarts_) return;
      const bool old = Manifest() == kSimOriginal;
      SetReady(old ? fate.old_is_healthy : fate.new_is_healthy);
    });
  };
}

SimNode::~SimNode() { disk_.after_each = nullptr; }

std::string SimNode::Manifest() const { return disk_.Read(kSimManifest)->bytes; }

void SimNode::SetReady(bool ready) {
  if (ready_ && !ready) last_well_ns_ = time_.now();
  ready_ = ready;
}

void SimNode::Start() {
  time_.Tell(absl::StrCat(name(), ": its agent starts"));
  ++lives_;
  doomed_ = false;
  working_ = true;
  unfinished_ = 1;
  told_occupied_ = true;
  looked_ready_ = false;
  looked_ns_ = time_.now();
  if (!Survives([this] {
        Open();
        return executor_->Recover();
      })) {
    return;
  }
  working_ = false;
  --unfinished_;
  Tick();
}

void SimNode::Open() {
  auto opened = Executor::Open({.host = disk_,
                                .state = disk_,
                                .clock = clock_,
                                .gatekeeper = *this,
                                .state_dir = kState,
                                .new_journal_id = absl::StrCat("journal of ", id_.node),
                                .on_record = [this](const v1::Record& record) {
                                  hooks_.journalled(*this, record);
                                  if (conversation_) conversation_->Add(record, clock_.BootNowNs());
                                }});
  if (!opened.ok()) {
    hooks_.broken(*this, std::string(opened.status().message()));
    throw Died{};
  }
  executor_ = *std::move(opened);
  // The life before may have been cut between making one durable and saying so.
  for (const v1::Record& record : executor_->records()) hooks_.journalled(*this, record);
  RunnerOptions with;
  with.trust.keys = {{trusted_}};
  with.policy = {"/etc/kubernetes/manifests", {"/etc/kubernetes/"}, {"/etc/kubernetes/"}, {}};
  with.prepare = [this](const v1::Step& step) { return Prepare(step); };
  with.prepare_undoing = [this](const v1::Prepared& done,
                                const std::map<std::string, std::string>& before) {
    return PrepareUndoing(done, before);
  };
  with.may_revert = true;
  with.check_ready = [this] {
    return ready_ ? absl::OkStatus() : absl::UnavailableError("the API server does not answer");
  };
  with.stopping = [] { return false; };
  with.log = [](const std::string&) {};
  runner_ = std::make_unique<Runner>(*executor_, clock_, std::move(with));
  ConversationOptions options;
  options.cluster = id_.cluster;
  options.node = id_.node;
  options.agent_version = "sim";
  options.journal_id = executor_->state().journal_id;
  conversation_ = std::make_unique<Conversation>(
      options, executor_->records(), *this, [this] { return Status(); },
      [this] { return static_cast<double>(time_.Between(0, 1000)) / 1000.0; });
}

// False: it died on the way, and another life begins later.
bool SimNode::Survives(const std::function<absl::Status()>& work) {
  try {
    const absl::Status done = work();
    if (done.ok() && !doomed_) return true;
    if (!done.ok()) time_.Tell(absl::StrCat(name(), ": ", std::string(done.message())));
  } catch (const Crash&) {
  } catch (const Died&) {
  }
  Fall();
  return false;
}

void SimNode::Fall() {
  ++deaths_;
  ++lives_;
  const bool machine = cut_ != SimDisk::Cut::Kill;
  time_.Tell(absl::StrCat(name(), machine ? ": loses its power" : ": its agent is killed"));
  hooks_.hang_up(*this);
  if (ready_) last_well_ns_ = time_.now();
  conversation_.reset();
  runner_.reset();
  executor_.reset();
  commands_.clear();
  disk_.Disarm();
  auto watched = std::move(disk_.after_each);
  disk_.Apply(cut_, time_.bits());
  disk_.after_each = std::move(watched);
  std::int64_t away_ns = time_.Between(1, 20) * kSecond;
  if (machine) {
    away_ns += 20 * kSecond;
    SetReady(false);
    time_.After(away_ns, [this, restart = ++restarts_] {
      if (restart != restarts_) return;
      SetReady(Manifest() == kSimOriginal ? fate.old_is_healthy : fate.new_is_healthy);
    });
  }
  time_.After(away_ns, [this, machine] {
    if (machine) clock_.Reboot();
    Start();
  });
}

void SimNode::Kill(SimDisk::Cut cut) {
  if (!up()) return;
  cut_ = cut;
  doomed_ = true;
  if (!working_) Fall();
}

void SimNode::KillAtCall(int k, SimDisk::Cut cut) {
  cut_ = cut;
  disk_.CrashAt(k, cut == SimDisk::Cut::Torn);
}

void SimNode::Tick() {
  if (!up()) return;
  if (time_.now() - looked_ns_ >= kLookNs || looked_ready_ != ready_) {
    looked_ns_ = time_.now();
    if (std::exchange(looked_ready_, ready_) != ready_) {
      conversation_->StatusChanged(clock_.BootNowNs());
    }
  }
  conversation_->Tick(clock_.BootNowNs());
  time_.After(kTickNs, [this, life = lives_] {
    if (life == lives_) Tick();
  });
}

void SimNode::Take(LinkEvent event) {
  if (!up() || conversation_ == nullptr) return;
  const auto message = conversation_->Take(std::move(event), clock_.BootNowNs());
  if (!message || message->has_diff_request()) return;
  ++unfinished_;
  if (message->has_execute()) commands_.emplace_back(message->execute());
  if (message->has_revert()) commands_.emplace_back(message->revert());
  if (message->has_clear_emergency()) commands_.emplace_back(message->clear_emergency());
  time_.After(time_.Between(1, 20) * kMs, [this, life = lives_] {
    if (life == lives_) Work();
  });
}

absl::Status SimNode::CarryOut(const Command& command) {
  if (const auto* execute = std::get_if<v1::Execute>(&command)) return runner_->Execute(*execute);
  if (const auto* revert = std::get_if<v1::Revert>(&command)) return runner_->Revert(*revert);
  return runner_->ClearEmergency(std::get<v1::ClearEmergency>(command));
}

void SimNode::Work() {
  if (working_ || !up() || commands_.empty()) return;
  const Command command = std::move(commands_.front());
  commands_.pop_front();
  working_ = true;
  conversation_->StatusChanged(clock_.BootNowNs());
  const bool alive = Survives([&] {
    RETURN_IF_ERROR(CarryOut(command));
    const auto compacted = executor_->CompactJournal(conversation_->acknowledged(), kCompaction);
    if (compacted.ok() && *compacted) {
      conversation_->Forget(executor_->records().front().seq() + 1);
    }
    return compacted.status();
  });
  working_ = false;
  if (!alive) return;
  --unfinished_;
  conversation_->StatusChanged(clock_.BootNowNs());
  if (!commands_.empty()) Work();
}

// Healthy when the API server answers for as long as it must; time passes for everybody meanwhile.
GateResult SimNode::Run(const GateRequest& request,
                        const std::function<void(const std::string&)>& /*progress*/) {
  const v1::Gate& gate = request.prepared.gate();
  const bool forward = request.direction == GateDirection::Forward;
  const std::int64_t deadline =
      time_.now() + Ns(forward ? gate.deadline_ms() : gate.rollback_deadline_ms());
  std::int64_t well_since = -1;
  GateResult result;
  while (true) {
    if (ready_ && well_since < 0) well_since = time_.now();
    if (!ready_) well_since = -1;
    if (well_since >= 0 && time_.now() - well_since >= Ns(gate.stable_ms())) {
      result.kind = GateResult::Kind::Passed;
      return result;
    }
    if (well_since < 0 && time_.now() >= deadline) {
      result.kind = GateResult::Kind::Failed;
      result.reason = "the API server never answered";
      return result;
    }
    const std::int64_t next = time_.now() + 200 * kMs;
    while (!doomed_ && time_.Step(next)) {
    }
    if (doomed_) throw Died{};
  }
}

absl::StatusOr<StepPlan> SimNode::Prepare(const v1::Step& step) const {
  const absl::StatusOr<FileContent> now = disk_.Read(kSimManifest);
  if (!now.ok()) return now.status();
  StepPlan out;
  *out.prepared.mutable_gate() = step.gate();
  const std::string after = now->bytes + " " + step.edits(0).set_flag().value();
  if (now->bytes.find(step.edits(0).set_flag().value()) != std::string::npos) return out;
  out.prepared.add_components()->set_component("kube-apiserver");
  v1::FileChange& change = *out.prepared.add_changes();
  change.set_path(kSimManifest);
  change.set_is_manifest(true);
  *change.mutable_before() = ImageOf(now->bytes, now->attributes);
  *change.mutable_after() = ImageOf(after, now->attributes);
  out.after_bytes[kSimManifest] = after;
  return out;
}

absl::StatusOr<StepPlan> SimNode::PrepareUndoing(
    const v1::Prepared& done, const std::map<std::string, std::string>& before) const {
  const absl::StatusOr<v1::FileImage> now = ReadImage(disk_, kSimManifest);
  if (!now.ok()) return now.status();
  if (!SameImage(*now, done.changes(0).after())) {
    return absl::FailedPreconditionError("somebody else has changed the manifest");
  }
  StepPlan out;
  *out.prepared.mutable_gate() = done.gate();
  *out.prepared.mutable_components() = done.components();
  v1::FileChange& change = *out.prepared.add_changes();
  change = done.changes(0);
  *change.mutable_before() = done.changes(0).after();
  *change.mutable_after() = done.changes(0).before();
  out.after_bytes = before;
  return out;
}

void SimNode::ClearedByHand() {
  fate = Fate();
  SetReady(true);
}

// As Agent::Status and Agent::Occupied.
bool SimNode::Occupied() const {
  return unfinished_ > 0 || state().phase != Phase::Idle || state().due_outcome.has_value();
}

v1::NodeStatus SimNode::Status() const {
  v1::NodeStatus status;
  status.set_ready(looked_ready_);
  status.set_not_ready_reason(looked_ready_ ? "" : "its API server does not answer");
  status.set_emergency(state().emergency);
  status.set_activity(Occupied() ? v1::NodeStatus::ACTIVITY_OCCUPIED
                                 : v1::NodeStatus::ACTIVITY_FREE);
  if (state().current) status.set_busy_with(state().current->key.rollout_id());
  status.set_boot_id(clock_.BootId());
  status.set_boottime_ns(clock_.BootNowNs());
  status.set_etcd(leads_etcd ? v1::NodeStatus::LEADER : v1::NodeStatus::FOLLOWER);
  status.set_readiness_age_seconds(static_cast<double>(time_.now() - looked_ns_) / 1e9);
  return status;
}

void SimNode::Dial(std::uint64_t attempt, const v1::AgentMessage& hello) {
  hooks_.dial(*this, attempt, hello);
}
bool SimNode::Send(v1::AgentMessage message) { return hooks_.send(*this, std::move(message)); }
void SimNode::HangUp() { hooks_.hang_up(*this); }

}  // namespace belay::sim
