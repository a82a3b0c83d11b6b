#include "tests/sim/sim_coordinator.h"

#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/store/sqlite_token_store.h"

namespace belay::sim {
namespace {
constexpr std::int64_t kTickNs = 500 * kMs;
}  // namespace

std::int64_t SimCoordinator::WatchedClock::BootNowNs() const {
  of_.Moment();
  return 1'000 * kSecond + of_.time_.now();
}
std::int64_t SimCoordinator::WatchedClock::WallNowUnixMs() const {
  of_.Moment();
  return kSimBeganUnixMs + of_.time_.now() / kMs;
}

SimCoordinator::SimCoordinator(Timeline& time, std::string directory, Hooks hooks)
    : time_(time), directory_(std::move(directory)), hooks_(std::move(hooks)) {}

SimCoordinator::~SimCoordinator() {
  life_.reset();
  for (const char* name : {"/belay.db", "/belay.db-wal", "/belay.db-shm"}) {
    unlink((directory_ + name).c_str());
  }
}

void SimCoordinator::Enrol(const NodeId& node) {
  auto tokens = store::SqliteTokenStore::Open(directory_ + "/belay.db");
  const std::string id = absl::StrCat(node.cluster, "-", node.node);
  if (!tokens.ok() ||
      !(*tokens)->CreateToken({id, "s", node.cluster, node.node, "ada", 9, "", "", false}).ok() ||
      !(*tokens)->BindToken(id, "key", "pem").ok() ||
      !(*tokens)->SpendToken(id, {id, node.cluster, node.node, "pem", 1, 9}).ok()) {
    hooks_.broken(absl::StrCat("cannot enrol ", id));
  }
}

void SimCoordinator::Moment() {
  if (!inside_) return;
  ++moments_;
  if (moments_left_ > 0 && --moments_left_ == 0) throw Killed{};
}

void SimCoordinator::Start() {
  auto store = store::Store::Open(directory_ + "/belay.db");
  if (!store.ok()) return hooks_.broken(std::string(store.status().message()));
  life_ = std::make_unique<Life>();
  life_->store = *std::move(store);
  CoordinatorTimes times;
  times.node_silence_margin_ms = 60'000;
  life_->coordinator = std::make_unique<Coordinator>(
      *life_->store, clock_, times, [this] { return absl::StrCat(++ids_); },
      [this](const std::string& line) {
        time_.Tell(absl::StrCat("coordinator: ", line));
        // The message names the invariant; a defect is never part of a good story.
        if (line.find("defect") != std::string::npos) hooks_.broken(line);
        Moment();
      });
  ++lives_;
  time_.Tell("coordinator: starts");
  Do([this](Coordinator& coordinator) {
    const absl::Status started = coordinator.Start();
    if (!started.ok()) hooks_.broken(std::string(started.message()));
  });
  Tick();
}

void SimCoordinator::Tick() {
  if (!up()) return;
  Do([](Coordinator& coordinator) { coordinator.Settle(true); });
  time_.After(kTickNs, [this, life = lives_] {
    if (life == lives_) Tick();
  });
}

void SimCoordinator::Do(const std::function<void(Coordinator&)>& what) {
  if (!up() || inside_) return;
  inside_ = true;
  try {
    what(*life_->coordinator);
    life_->coordinator->Settle(false);
    inside_ = false;
  } catch (const Killed&) {
    inside_ = false;
    return Die();
  }
  if (!life_->coordinator->fatal().ok()) {
    hooks_.broken(std::string(life_->coordinator->fatal().message()));
  }
}

void SimCoordinator::Die() {
  ++deaths_;
  moments_left_ = 0;
  time_.Tell("coordinator: is killed");
  life_.reset();
  hooks_.died();
  time_.After(time_.Between(1, 30) * kSecond, [this] {
    if (!up()) Start();
  });
}

}  // namespace belay::sim
