// Which clusters operators keep the rollouts of others off, as a pure function of what was
// journalled: taken, released, broken.  Every lock has an owner, a reason and an end; after its end
// it holds nothing, whoever may have forgotten it.  docs/locks.md has the rules.
//
// No clock, no I/O: `unix_ms` is the caller's wall clock.
#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "belay/v1/lock.pb.h"

namespace belay::locks {

inline constexpr std::int64_t kShortestMs = 60'000;
inline constexpr std::int64_t kLongestMs = std::int64_t{30} * 86'400'000;

struct Held {
  std::string id;
  std::string owner;  // an operator
  std::string reason;
  std::int64_t since_unix_ms = 0;    // when its owner took it first
  std::int64_t expires_unix_ms = 0;  // from here on it holds nothing
  bool operator==(const Held&) const = default;
};
using Table = std::map<std::string, Held>;  // by cluster; those that have expired too

// The lock that holds the cluster at that instant; null when there is none, or it has expired.
const Held* At(const Table& table, const std::string& cluster, std::int64_t unix_ms);
// The same, but for what `who` has started: nobody is held by a lock of his own.
const Held* Against(const Table& table, const std::string& cluster, const std::string& who,
                    std::int64_t unix_ms);

struct Allowance {
  enum class Kind {
    Takes,    // the event changes the table
    Already,  // there is nothing to do: ok, and nothing is journalled
    Refused,
  } kind = Kind::Refused;
  std::string why;  // of Refused: what stands against it, and what to do
};
// Of each event, at its own time.
Allowance Judge(const Table& table, const v1::LockEvent& event);
// An event that Judge does not take changes nothing, so no caller can forget to ask.
Table Advance(const Table& table, const v1::LockEvent& event);

// "bob until 2026-11-26T02:00:00Z (disk is being replaced)"
std::string Describe(const Held& lock);
// What a rollout waits for: "the end of the lock of ..."
std::string HoldOf(const std::string& cluster, const Held& lock);

}  // namespace belay::locks
