// What a healthy answer of etcd does not say: whether the member has a leader that stays, votes,
// and keeps up.  Judged from its metrics, sample by sample.  Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace belay {

struct EtcdFacts {
  std::optional<bool> has_leader;
  std::optional<bool> is_learner;              // not told by versions without learners
  std::optional<std::int64_t> leader_changes;  // seen since its start: moves with raft's term
  std::optional<std::int64_t> committed;       // raft index known to be agreed on
  std::optional<std::int64_t> applied;         // and how far this member has got
};
EtcdFacts ParseEtcdMetrics(std::string_view metrics);

// Of one process; begin anew for another.
class EtcdWatch {
 public:
  // Why it is not healthy although it says so; empty when nothing speaks against it.
  std::string Objection(const EtcdFacts& facts, std::int64_t boottime_ns);

 private:
  std::optional<std::int64_t> leader_changes_;
  std::optional<std::int64_t> applied_;
  std::int64_t moved_at_ns_ = 0;
};

}  // namespace belay
