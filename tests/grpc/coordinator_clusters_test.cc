// Labels of clusters, the fleets that choose by them, and dry runs, which leave no trace.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "absl/strings/str_join.h"
#include "server/store/sqlite_token_store.h"
#include "tests/grpc/coordinator_fixture.h"

namespace belay {
namespace {

class CoordinatorClustersTest : public CoordinatorTest {
 protected:
  // Before the start.
  void EnrolElsewhere(const std::string& cluster) {
    auto tokens = store::SqliteTokenStore::Open(world_.database());
    ASSERT_TRUE(tokens.ok()) << tokens.status();
    ASSERT_TRUE(
        (*tokens)->CreateToken({cluster, "s", cluster, "n1", "ada", 9, "", "", false}).ok());
    ASSERT_TRUE((*tokens)->BindToken(cluster, "key", "pem").ok());
    ASSERT_TRUE((*tokens)->SpendToken(cluster, {cluster, cluster, "n1", "pem", 1, 9}).ok());
  }
  template <class Request, class Reply>
  absl::StatusOr<Reply> Call(grpc::Status (v1::Admin::Stub::*method)(grpc::ClientContext*,
                                                                     const Request&, Reply*),
                             const Request& request) {
    Reply reply;
    grpc::ClientContext context;
    const grpc::Status status = (world_.admin().*method)(&context, request, &reply);
    if (status.ok()) return reply;
    return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  }
  absl::StatusOr<v1::Cluster> Label(const std::string& cluster,
                                    const std::map<std::string, std::string>& set,
                                    const std::vector<std::string>& remove = {},
                                    bool overwrite = false) {
    v1::LabelClusterRequest request;
    request.set_cluster(cluster);
    request.mutable_set()->insert(set.begin(), set.end());
    *request.mutable_remove() = {remove.begin(), remove.end()};
    request.set_overwrite(overwrite);
    return Call(&v1::Admin::Stub::LabelCluster, request);
  }
  absl::StatusOr<v1::Node> LabelNode(const std::string& node,
                                     const std::map<std::string, std::string>& set) {
    v1::LabelNodeRequest request;
    request.set_cluster("prod");
    request.set_node(node);
    request.mutable_set()->insert(set.begin(), set.end());
    return Call(&v1::Admin::Stub::LabelNode, request);
  }
  std::string List(const std::string& selector = "") {
    v1::ListClustersRequest request;
    request.set_selector(selector);
    const auto reply = Call(&v1::Admin::Stub::ListClusters, request);
    if (!reply.ok()) return std::string(reply.status().message());
    std::string names;
    for (const v1::Cluster& cluster : reply->clusters()) names += cluster.name() + " ";
    return names;
  }
  absl::StatusOr<v1::Fleet> Fleet(const std::string& selector, const std::string& canary,
                                  bool dry_run = true) {
    v1::StartFleetRequest request;
    *request.mutable_plan() = world_.plan();
    request.mutable_strategy()->set_selector(selector);
    request.mutable_strategy()->set_canary_selector(canary);
    request.set_request_id("f");
    request.set_dry_run(dry_run);
    return Call(&v1::Admin::Stub::StartFleet, request);
  }
  absl::StatusOr<v1::StartRolloutReply> DryRun(const std::vector<std::string>& order = {},
                                               const std::string& node_selector = "") {
    v1::StartRolloutRequest request;
    request.set_node_selector(node_selector);
    request.set_cluster("prod");
    *request.mutable_plan() = world_.plan();
    *request.mutable_order() = {order.begin(), order.end()};
    *request.mutable_options() = world_.rollout_options;
    request.set_dry_run(true);
    return Call(&v1::Admin::Stub::StartRollout, request);
  }
  // Rows of every table that a start would write to.
  int Rows() {
    sqlite3* raw = nullptr;
    EXPECT_EQ(sqlite3_open(world_.database().c_str(), &raw), SQLITE_OK);
    int rows = 0;
    for (const char* table : {"rollouts", "rollout_events", "fleets", "fleet_events", "lock_events",
                              "cluster_labels", "node_labels", "rollout_notes"}) {
      EXPECT_EQ(sqlite3_exec(
                    raw, (std::string("SELECT count(*) FROM ") + table).c_str(),
                    [](void* sum, int, char** values, char**) {
                      *static_cast<int*>(sum) += std::stoi(values[0]);
                      return 0;
                    },
                    &rows, nullptr),
                SQLITE_OK)
          << table;
    }
    sqlite3_close(raw);
    return rows;
  }
};

TEST_F(CoordinatorClustersTest, LabelsAreKeptAndChooseClusters) {
  EnrolElsewhere("staging");
  EnrolElsewhere("prod-eu");
  StartAll();
  ASSERT_TRUE(Label("prod", {{"env", "prod"}}).ok());
  ASSERT_TRUE(Label("prod-eu", {{"env", "prod"}, {"region", "eu"}}).ok());
  ASSERT_TRUE(Label("staging", {{"env", "staging"}}).ok());
  world_.Stop();
  StartAll();
  EXPECT_EQ(List(), "prod prod-eu staging ");
  EXPECT_EQ(List("env=prod"), "prod prod-eu ");
  EXPECT_EQ(List("env=prod,!region"), "prod ");
  EXPECT_EQ(List("env notin (prod)"), "staging ");
  EXPECT_NE(List("env ni (prod)").find("character 5"), std::string::npos);

  const auto fleet = Fleet("env=prod", "env=staging");
  ASSERT_TRUE(fleet.ok()) << fleet.status();
  ASSERT_EQ(fleet->clusters_size(), 3);
  EXPECT_EQ(fleet->clusters(0).name(), "staging");
  EXPECT_EQ(fleet->clusters(0).stage(), "canary");
  EXPECT_EQ(fleet->clusters(1).name(), "prod");
  EXPECT_EQ(fleet->clusters(2).name(), "prod-eu");
  for (const auto& [selector, canary] : std::vector<std::pair<std::string, std::string>>{
           {"env=nowhere", ""}, {"env=prod", "env=nowhere"}}) {
    const auto none = Fleet(selector, canary, false);
    EXPECT_TRUE(absl::IsFailedPrecondition(none.status())) << none.status();
    EXPECT_NE(none.status().message().find("nothing was started"), std::string::npos);
  }
  EXPECT_TRUE(absl::IsInvalidArgument(Fleet("env=prod", "=", false).status()));
}

TEST_F(CoordinatorClustersTest, NodesAreChosenByLabelsOfTheirOwn) {
  StartAll();
  ASSERT_TRUE(LabelNode("cp1", {{"rack", "a"}}).ok());
  ASSERT_TRUE(LabelNode("cp3", {{"rack", "a"}, {"spare", ""}}).ok());
  EXPECT_TRUE(absl::IsNotFound(LabelNode("cp9", {{"rack", "a"}}).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(LabelNode("cp1", {{"rack", "b"}}).status()));
  world_.Stop();
  StartAll();
  const auto order = [&](const std::string& selector) {
    const auto reply = DryRun({}, selector);
    EXPECT_TRUE(reply.ok()) << reply.status();
    return absl::StrJoin(reply->order(), ",") + " " + reply->order_reason();
  };
  EXPECT_EQ(order("rack=a"),
            "cp1,cp3 by name; the etcd leader is not known; not touched, but must stay ready: cp2");
  EXPECT_EQ(order("rack=a,!spare").substr(0, 4), "cp1 ");
  EXPECT_EQ(order("!rack").substr(0, 4), "cp2 ");
  EXPECT_TRUE(absl::IsFailedPrecondition(DryRun({}, "rack=c").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(DryRun({}, "rack=").status()) ||
              absl::IsFailedPrecondition(DryRun({}, "rack=").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(DryRun({"cp1"}, "rack=a").status()));

  v1::StartFleetRequest fleet;
  *fleet.mutable_plan() = world_.plan();
  fleet.mutable_strategy()->add_clusters("prod");
  fleet.mutable_strategy()->mutable_options()->set_node_selector("rack=c");
  fleet.set_request_id("f");
  EXPECT_TRUE(absl::IsFailedPrecondition(Call(&v1::Admin::Stub::StartFleet, fleet).status()));
  fleet.mutable_strategy()->mutable_options()->set_node_selector("spare");
  const auto started = Call(&v1::Admin::Stub::StartFleet, fleet);
  ASSERT_TRUE(started.ok()) << started.status();
  const v1::Rollout rollout = world_.Get(started->clusters(0).rollout_id());
  ASSERT_EQ(rollout.nodes_size(), 1);
  EXPECT_EQ(rollout.nodes(0).name(), "cp3");
  v1::ListNodesRequest list;
  const auto nodes = Call(&v1::Admin::Stub::ListNodes, list);
  ASSERT_TRUE(nodes.ok()) << nodes.status();
  EXPECT_EQ(nodes->nodes(0).labels().at("rack"), "a");
  EXPECT_TRUE(nodes->nodes(1).labels().empty());
}

TEST_F(CoordinatorClustersTest, ALabelIsNotReplacedByMistake) {
  StartAll();
  ASSERT_TRUE(Label("prod", {{"env", "prod"}}).ok());
  EXPECT_TRUE(Label("prod", {{"env", "prod"}}).ok()) << "the same again";
  EXPECT_TRUE(absl::IsFailedPrecondition(Label("prod", {{"env", "test"}, {"a", "b"}}).status()));
  EXPECT_EQ(List("a"), "") << "all or nothing";
  EXPECT_TRUE(Label("prod", {{"env", "test"}}, {}, true).ok());
  EXPECT_EQ(List("env=test"), "prod ");
  const auto removed = Label("prod", {}, {"env"});
  ASSERT_TRUE(removed.ok()) << removed.status();
  EXPECT_TRUE(removed->labels().empty());
  EXPECT_EQ(removed->nodes(), 3u);
  EXPECT_EQ(removed->ready(), 3u);
  EXPECT_TRUE(absl::IsInvalidArgument(Label("prod", {{"a b", "c"}}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Label("prod", {{"a", "b/c"}}).status()));
  EXPECT_TRUE(absl::IsNotFound(Label("nowhere", {{"a", "b"}}).status()));
}

TEST_F(CoordinatorClustersTest, ADryRunSaysWhoGoesWhenAndWhyAndLeavesNoTrace) {
  cp2_.status.set_etcd(v1::NodeStatus::LEADER);
  cp1_.status.set_etcd(v1::NodeStatus::FOLLOWER);
  cp3_.status.set_etcd(v1::NodeStatus::FOLLOWER);
  cp3_.status.set_ready(false);
  cp3_.status.set_not_ready_reason("/readyz says no");
  StartAll();
  const int rows = Rows();
  const auto reply = DryRun();
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->rollout_id(), "");
  const v1::RolloutPreview& preview = reply->preview();
  ASSERT_EQ(preview.nodes_size(), 3);
  EXPECT_EQ(preview.nodes(0).name(), "cp1");
  EXPECT_EQ(preview.nodes(1).name(), "cp3");
  EXPECT_EQ(preview.nodes(1).not_ready(), "/readyz says no");
  EXPECT_EQ(preview.nodes(2).name(), "cp2");
  EXPECT_EQ(preview.nodes(2).place(), 3u);
  EXPECT_TRUE(preview.nodes(2).etcd_leader());
  EXPECT_EQ(preview.nodes(2).place_reason(), "leads etcd, so it goes last");
  EXPECT_EQ(preview.hold(), "");

  const auto one = DryRun({"cp2"});
  ASSERT_TRUE(one.ok()) << one.status();
  ASSERT_EQ(one->preview().nodes_size(), 3);
  EXPECT_EQ(one->preview().nodes(0).place_reason(), "as given");
  EXPECT_EQ(one->preview().nodes(1).place(), 0u);
  EXPECT_EQ(one->preview().nodes(1).place_reason(), "not touched, but must stay ready");
  EXPECT_EQ(Rows(), rows);
  EXPECT_EQ(cp1_.ExecutesUntilNow(), 0);
}

TEST_F(CoordinatorClustersTest, ADryRunIsRefusedAsTheStartWouldBeAndShowsAClosedWindow) {
  StartAll();
  const std::int64_t minute = world_.clock.WallNowUnixMs() / 60'000 % 1440;
  v1::MaintenanceWindow& window = *world_.rollout_options.add_windows();
  window.set_from_minute(static_cast<std::uint32_t>((minute + 120) % 1440));
  window.set_to_minute(static_cast<std::uint32_t>((minute + 179) % 1440 + 1));
  const auto closed = DryRun();
  ASSERT_TRUE(closed.ok()) << closed.status();
  EXPECT_NE(closed->preview().hold().find("its maintenance window, which opens at "),
            std::string::npos);
  EXPECT_TRUE(absl::IsInvalidArgument(DryRun({"cp9"}).status()));
  world_.rollout_options.clear_windows();
  Roll();
  const auto taken = DryRun();
  EXPECT_TRUE(absl::IsFailedPrecondition(taken.status())) << taken.status();
}

}  // namespace
}  // namespace belay
