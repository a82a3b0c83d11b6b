// Labels of clusters, and the fleets that choose by them.
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace belay
