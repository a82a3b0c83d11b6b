#include "node-agent/health/etcd_watch.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace belay {
namespace {

// A member that has just started applies its log; healthy members are a few entries apart.
constexpr std::int64_t kMostLag = 1'000;
// Kubernetes writes leases every few seconds, and etcd's own health check goes through raft.
constexpr std::int64_t kStandstillNs = 15'000'000'000;

void Read(absl::string_view line, absl::string_view name, std::optional<std::int64_t>* value) {
  double number = 0;
  if (!absl::ConsumePrefix(&line, name) || !absl::ConsumePrefix(&line, " ")) return;
  if (absl::SimpleAtod(line, &number)) *value = static_cast<std::int64_t>(number);
}

}  // namespace

EtcdFacts ParseEtcdMetrics(std::string_view metrics) {
  EtcdFacts facts;
  std::optional<std::int64_t> has_leader;
  std::optional<std::int64_t> is_learner;
  for (const absl::string_view line :
       absl::StrSplit(absl::string_view(metrics.data(), metrics.size()), '\n')) {
    Read(line, "etcd_server_has_leader", &has_leader);
    Read(line, "etcd_server_is_learner", &is_learner);
    Read(line, "etcd_server_leader_changes_seen_total", &facts.leader_changes);
    Read(line, "etcd_server_proposals_committed_total", &facts.committed);
    Read(line, "etcd_server_proposals_applied_total", &facts.applied);
  }
  if (has_leader) facts.has_leader = *has_leader != 0;
  if (is_learner) facts.is_learner = *is_learner != 0;
  return facts;
}

std::string EtcdWatch::Objection(const EtcdFacts& facts, std::int64_t boottime_ns) {
  if (!facts.has_leader || !facts.leader_changes || !facts.committed || !facts.applied) {
    return "its metrics do not say how it is";
  }
  const bool known = leader_changes_.has_value();
  const bool changed = known && *facts.leader_changes != *leader_changes_;
  const bool moved = !applied_ || *facts.applied != *applied_;
  leader_changes_ = facts.leader_changes;
  applied_ = facts.applied;
  if (moved) moved_at_ns_ = boottime_ns;
  if (!*facts.has_leader) return "it has no leader";
  if (facts.is_learner.value_or(false)) return "it is a learner and has no vote";
  if (changed) return "its leader has changed";
  const std::int64_t lag = *facts.committed - *facts.applied;
  if (lag > kMostLag) return absl::StrCat("it is ", lag, " entries behind");
  if (boottime_ns - moved_at_ns_ > kStandstillNs) return "its raft index stands still";
  return "";
}

}  // namespace belay
