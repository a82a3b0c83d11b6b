// What holds rollouts from outside.  Bob keeps ada's off a cluster for a while; every rollout here
// is ada's.  And where there are maintenance windows, no node begins outside of them: there is no
// time of grace, because no permit outlives a window.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/sim/world.h"

namespace belay::sim {
namespace {

// A permit to begin that was given just before is good for so long.
constexpr std::int64_t kPermitNs = 16 * kSecond;

}  // namespace

void World::TakeLock() {
  const std::string cluster = nodes_[static_cast<std::size_t>(time_.Between(
                                         0, static_cast<std::int64_t>(nodes_.size()) - 1))]
                                  ->id()
                                  .cluster;
  const std::int64_t for_ns = time_.Between(60, 300) * kSecond;
  const bool broken = time_.Chance(40);
  const std::int64_t broken_after = time_.Between(10, 59) * kSecond;
  coordinator_->Do([&](Coordinator& coordinator) {
    v1::TakeLockRequest request;
    request.set_cluster(cluster);
    request.set_reason("because");
    request.set_for_ms(static_cast<std::uint64_t>(for_ns / kMs));
    const std::int64_t asked_ns = time_.now();
    const auto lock = coordinator.TakeLock(request, "bob");
    if (!lock.ok()) return Broken(std::string(lock.status().message()));
    time_.Tell(absl::StrCat("bob locks ", cluster, " for ", for_ns / kSecond, " s"));
    // Renewed: the end has moved.
    for (Lock& before : locks_) {
      if (before.cluster == cluster) before.expires_ns = std::min(before.expires_ns, asked_ns);
    }
    locks_.push_back({cluster, time_.now(), asked_ns + for_ns});
  });
  if (!broken) return;
  time_.After(broken_after, [this, cluster] {
    coordinator_->Do([&](Coordinator& coordinator) {
      // From here on, whether the answer comes or not.
      for (Lock& lock : locks_) {
        if (lock.cluster == cluster) lock.expires_ns = std::min(lock.expires_ns, time_.now());
      }
      v1::BreakLockRequest request;
      request.set_cluster(cluster);
      request.set_reason("because");
      if (coordinator.BreakLock(request, "ada").ok()) {
        time_.Tell(absl::StrCat("ada breaks the lock of ", cluster));
      }
    });
  });
}

void World::CheckLocks(const SimNode& node) {
  for (const Lock& lock : locks_) {
    if (lock.cluster == node.id().cluster && time_.now() > lock.taken_ns + kPermitNs &&
        time_.now() < lock.expires_ns) {
      Broken(absl::StrCat(node.name(), " begins although bob has locked its cluster"));
    }
  }
}

// The simulated coordinator's time begins on a Wednesday at 11:06:40 UTC.
google::protobuf::RepeatedPtrField<v1::MaintenanceWindow> SimWindows() {
  google::protobuf::RepeatedPtrField<v1::MaintenanceWindow> windows;
  const auto add = [&](std::uint32_t from, std::uint32_t to) {
    v1::MaintenanceWindow& window = *windows.Add();
    window.set_from_minute(11 * 60 + from);
    window.set_to_minute(11 * 60 + to);
  };
  add(7, 8);
  add(9, 10);
  add(12, 239);  // long enough for whatever has to end
  return windows;
}

void World::CheckWindows(const SimNode& node) {
  const std::int64_t unix_ms = kSimBeganUnixMs + time_.now() / kMs;
  if (rollout::IsOpen(rollout::WindowsOf(SimWindows()), unix_ms)) return;
  Broken(absl::StrCat(node.name(), " begins outside of the maintenance windows"));
}

}  // namespace belay::sim
