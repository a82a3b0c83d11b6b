// Clusters, what holds them, and what would be done in them, as operators see it (cli_golden.h).
#include <gtest/gtest.h>

#include "cli/render/clusters.h"
#include "cli/render/locks.h"
#include "cli/render/preview.h"
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

TEST(Render, ThePreviewOfARollout) {
  v1::StartRolloutReply reply;
  reply.set_order_reason("by name, etcd leader cp1 last");
  v1::RolloutPreview& preview = *reply.mutable_preview();
  preview.set_hold("its maintenance window, which opens at 2026-11-28T22:00:00Z");
  int place = 0;
  for (const char* name : {"cp2", "cp3", "cp1"}) {
    v1::RolloutPreviewNode& node = *preview.add_nodes();
    node.set_name(name);
    node.set_place(static_cast<std::uint32_t>(++place));
    node.set_place_reason(place == 3 ? "leads etcd, so it goes last" : "by name");
    node.mutable_diff()->add_steps()->set_step("audit");
  }
  EXPECT_EQ(DetailedExitCode(reply), 0);
  v1::StepDiff& step = *preview.mutable_nodes(0)->mutable_diff()->mutable_steps(0);
  step.add_files()->set_path("/etc/kubernetes/audit/policy.yaml");
  step.add_files()->set_path("/etc/kubernetes/manifests/kube-apiserver.yaml");
  EXPECT_EQ(DetailedExitCode(reply), 2);
  preview.mutable_nodes(2)->clear_diff();
  preview.mutable_nodes(2)->set_missing("it is not connected");
  preview.mutable_nodes(2)->set_not_ready("not connected");
  EXPECT_EQ(DetailedExitCode(reply), 1);
  v1::RolloutPreviewNode& other = *preview.add_nodes();
  other.set_name("cp4");
  other.set_place_reason("not touched, but must stay ready");
  other.set_missing("nobody asked");
  v1::RemediationPlan plan;
  plan.set_name("audit-logging");
  ExpectGolden("rollout_preview.txt", RenderPreview(reply, plan, "prod"));
}

}  // namespace
}  // namespace belay
