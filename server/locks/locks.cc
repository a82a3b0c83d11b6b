#include "server/locks/locks.h"

#include "absl/strings/str_cat.h"
#include "common/base/time_text.h"

namespace belay::locks {
namespace {

using Kind = Allowance::Kind;

Allowance Refused(const std::string& why) { return {Kind::Refused, why}; }

std::string HowToFree(const std::string& cluster, const Held& lock) {
  return absl::StrCat("Wait, or ask ", lock.owner, ": belayctl lock release ", cluster,
                      ". If that cannot be: belayctl lock break ", cluster, " --reason REASON");
}

Allowance JudgeTaken(const Table& table, const v1::LockEvent& event) {
  const v1::LockTaken& taken = event.taken();
  const std::int64_t ms = taken.expires_unix_ms() - event.wall_unix_ms();
  if (ms < kShortestMs || ms > kLongestMs) {
    return Refused("it is taken for a minute at least and 30 days at most");
  }
  if (taken.owner().empty() || taken.reason().empty() || taken.lock_id().empty()) {
    return Refused("an owner and a reason are needed, they are kept for those who ask later");
  }
  const Held* const other = Against(table, event.cluster(), taken.owner(), event.wall_unix_ms());
  if (other == nullptr) return {Kind::Takes, ""};
  return Refused(
      absl::StrCat("it is held by ", Describe(*other), ". ", HowToFree(event.cluster(), *other)));
}

Allowance JudgeReleased(const Table& table, const v1::LockEvent& event) {
  const v1::LockReleased& released = event.released();
  const Held* const lock = At(table, event.cluster(), event.wall_unix_ms());
  if (lock == nullptr) return {Kind::Already, ""};
  if (lock->owner != released.operator_()) {
    return Refused(
        absl::StrCat("it is held by ", Describe(*lock), ". ", HowToFree(event.cluster(), *lock)));
  }
  return {Kind::Takes, ""};
}

Allowance JudgeBroken(const Table& table, const v1::LockEvent& event) {
  const v1::LockBroken& broken = event.broken();
  if (broken.reason().empty() || broken.operator_().empty()) {
    return Refused("a reason is needed, it is kept for those who ask later");
  }
  const Held* const lock = At(table, event.cluster(), event.wall_unix_ms());
  if (lock == nullptr) {
    return Refused("no operator holds it; see belayctl lock list");
  }
  if (!broken.lock_id().empty() && broken.lock_id() != lock->id) {
    return Refused(absl::StrCat("lock ", broken.lock_id(), " is gone, and now it is held by ",
                                Describe(*lock), " as ", lock->id));
  }
  return {Kind::Takes, ""};
}

}  // namespace

const Held* At(const Table& table, const std::string& cluster, std::int64_t unix_ms) {
  const auto it = table.find(cluster);
  if (it == table.end() || unix_ms >= it->second.expires_unix_ms) return nullptr;
  return &it->second;
}

const Held* Against(const Table& table, const std::string& cluster, const std::string& who,
                    std::int64_t unix_ms) {
  const Held* const lock = At(table, cluster, unix_ms);
  return lock == nullptr || lock->owner == who ? nullptr : lock;
}

Allowance Judge(const Table& table, const v1::LockEvent& event) {
  switch (event.kind_case()) {
    case v1::LockEvent::kTaken:
      return JudgeTaken(table, event);
    case v1::LockEvent::kReleased:
      return JudgeReleased(table, event);
    case v1::LockEvent::kBroken:
      return JudgeBroken(table, event);
    case v1::LockEvent::KIND_NOT_SET:
      break;
  }
  return Refused("this is nothing an operator asks for");
}

Table Advance(const Table& table, const v1::LockEvent& event) {
  Table after = table;
  if (Judge(table, event).kind != Kind::Takes) return after;
  if (!event.has_taken()) {
    after.erase(event.cluster());
    return after;
  }
  const v1::LockTaken& taken = event.taken();
  const Held* const own = At(table, event.cluster(), event.wall_unix_ms());
  // Renewed: it is the same lock, with another reason and another end.
  after[event.cluster()] = {
      own == nullptr ? taken.lock_id() : own->id, taken.owner(), taken.reason(),
      own == nullptr ? event.wall_unix_ms() : own->since_unix_ms, taken.expires_unix_ms()};
  return after;
}

std::string Describe(const Held& lock) {
  return absl::StrCat(lock.owner, " until ", FormatUnixSeconds(lock.expires_unix_ms / 1000), " (",
                      lock.reason, ")");
}

std::string HoldOf(const std::string& cluster, const Held& lock) {
  return absl::StrCat("the end of the lock on cluster ", cluster, ", held by ", Describe(lock));
}

}  // namespace belay::locks
