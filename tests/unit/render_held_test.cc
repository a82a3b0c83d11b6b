// Clusters and what holds them, as operators see it (cli_golden.h).
#include <gtest/gtest.h>

#include "cli/render/clusters.h"
#include "cli/render/locks.h"
#include "tests/unit/cli_golden.h"

namespace belay {
namespace {

constexpr std::int64_t kNowMs = 1'795'000'100'000;

TEST(Render, LocksAndTheirHistory) {
  v1::ListLocksReply reply;
  EXPECT_EQ(RenderLocks(reply, kNowMs, false), "no cluster is locked\n");
  EXPECT_EQ(RenderLockHistory(reply), "no cluster was ever locked by an operator\n");
  v1::Lock& lock = *reply.add_locks();
  lock.set_cluster("prod");
  lock.set_kind(v1::LOCK_KIND_OPERATOR);
  lock.set_id("l-1");
  lock.set_owner("bob");
  lock.set_reason("disk of cp2");
  lock.set_since_unix_ms(kNowMs - 60'000);
  lock.set_expires_unix_ms(kNowMs + 3'600'000);
  v1::Lock& rollout = *reply.add_locks();
  rollout.set_cluster("test");
  rollout.set_kind(v1::LOCK_KIND_ROLLOUT);
  rollout.set_id("r-1");
  rollout.set_owner("anna");
  rollout.set_reason("plan audit-logging");
  rollout.set_since_unix_ms(kNowMs - 5'000);
  v1::LockEvent& taken = *reply.add_events();
  taken.set_wall_unix_ms(kNowMs);
  taken.set_cluster("prod");
  taken.mutable_taken()->set_owner("bob");
  taken.mutable_taken()->set_reason("disk of cp2");
  taken.mutable_taken()->set_expires_unix_ms(kNowMs + 3'600'000);
  v1::LockEvent& broken = *reply.add_events();
  broken.set_wall_unix_ms(kNowMs + 1000);
  broken.set_cluster("prod");
  broken.mutable_broken()->set_operator_("anna");
  broken.mutable_broken()->set_owner("bob");
  broken.mutable_broken()->set_reason("he is \x1b[31mgone");
  ExpectGolden("lock_list_wide.txt", RenderLocks(reply, kNowMs, true));
  ExpectGolden("lock_history.txt", RenderLockHistory(reply));
}

TEST(Render, ClustersAndTheirLabels) {
  v1::ListClustersReply reply;
  EXPECT_EQ(RenderClusters(reply, false), "no such clusters\nnext: belayctl cluster list\n");
  v1::Cluster& prod = *reply.add_clusters();
  prod.set_name("prod");
  (*prod.mutable_labels())["tier"] = "gold";
  (*prod.mutable_labels())["env"] = "prod";
  prod.set_nodes(3);
  prod.set_ready(2);
  v1::Lock& lock = *prod.add_locks();
  lock.set_kind(v1::LOCK_KIND_OPERATOR);
  lock.set_owner("bob");
  lock.set_reason("disk");
  lock.set_expires_unix_ms(kNowMs);
  reply.add_clusters()->set_name("test");
  ExpectGolden("cluster_list_wide.txt", RenderClusters(reply, true));
}

}  // namespace
}  // namespace belay
