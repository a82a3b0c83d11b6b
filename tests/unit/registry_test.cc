#include "server/registry/registry.h"

#include <gtest/gtest.h>

#include <limits>

#include "server/registry/order.h"

namespace belay::registry {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
const NodeId kNode{"prod", "cp1"};
const NodeId kOther{"prod", "cp2"};

v1::NodeStatus Ready() {
  v1::NodeStatus status;
  status.set_ready(true);
  return status;
}

class RegistryTest : public testing::Test {
 protected:
  RegistryTest() {
    for (const NodeId& id : {kNode, kOther, NodeId{"test", "cp1"}}) {
      Node node;
      node.id = id;
      registry_.Learn(node);
    }
    registry_.Connected(kNode, 1, "1.0");
    registry_.Heard(kNode, 1, Ready(), 0, 0);
  }
  bool IsReady(std::int64_t now = 0) const {
    return registry_.Ready("prod", now).count("cp1") == 1;
  }

  Registry registry_{{5 * kSecond, 15}};
};

TEST_F(RegistryTest, ANodeIsReadyForThreeHeartbeats) {
  EXPECT_TRUE(IsReady(15 * kSecond));
  EXPECT_FALSE(IsReady(15 * kSecond + 1));
  EXPECT_NE(registry_.WhyNotReady(*registry_.Find(kNode), 16 * kSecond), "");
}

TEST_F(RegistryTest, OnlyWhatIsConnectedAndHeardIsReady) {
  EXPECT_EQ(registry_.Ready("prod", 0), std::set<std::string>{"cp1"});
  EXPECT_TRUE(registry_.Ready("test", 0).empty()) << "clusters are apart";
  registry_.Connected(kOther, 2, "1.0");
  EXPECT_EQ(registry_.Ready("prod", 0).count("cp2"), 0u) << "connected, but nothing was heard";
  registry_.Disconnected(kNode, 1);
  EXPECT_FALSE(IsReady());
}

TEST_F(RegistryTest, AnEmergencyIsNeverReadyAndStaysWhileDisconnected) {
  registry_.SetEmergency(kNode, "rollback failed");
  EXPECT_FALSE(IsReady());
  registry_.Disconnected(kNode, 1);
  EXPECT_TRUE(registry_.Find(kNode)->in_emergency());
  Node again;
  again.id = kNode;
  registry_.Learn(again);
  EXPECT_TRUE(registry_.Find(kNode)->in_emergency()) << "learning it again forgets nothing";
  registry_.EndEmergency(kNode);
  EXPECT_FALSE(registry_.Find(kNode)->in_emergency());
  v1::NodeStatus by_its_word = Ready();
  by_its_word.set_emergency(true);
  registry_.Connected(kNode, 2, "1.0");
  registry_.Heard(kNode, 2, by_its_word, 0, 0);
  EXPECT_FALSE(IsReady());
}

TEST_F(RegistryTest, ANodesOwnLookMustBeFresh) {
  v1::NodeStatus status = Ready();
  status.set_readiness_age_seconds(15.1);
  registry_.Heard(kNode, 1, status, 0, 0);
  EXPECT_FALSE(IsReady());
  status.set_readiness_age_seconds(std::numeric_limits<double>::quiet_NaN());
  registry_.Heard(kNode, 1, status, 0, 0);
  EXPECT_FALSE(IsReady());
}

TEST_F(RegistryTest, ASupersededSessionIsNotHeardAndCannotDisconnect) {
  registry_.Connected(kNode, 7, "2.0");
  EXPECT_FALSE(IsReady()) << "the new stream has not spoken";
  EXPECT_FALSE(registry_.Heard(kNode, 1, Ready(), 0, 0));
  EXPECT_FALSE(IsReady());
  registry_.Disconnected(kNode, 1);
  EXPECT_TRUE(registry_.Find(kNode)->connected());
  registry_.Connected(kNode, 3, "old");
  EXPECT_EQ(registry_.Find(kNode)->session, 7u);
}

TEST_F(RegistryTest, AStrangerIsNeverKnown) {
  const NodeId stranger{"prod", "cp9"};
  registry_.Connected(stranger, 9, "1.0");
  EXPECT_FALSE(registry_.Heard(stranger, 9, Ready(), 0, 0));
  EXPECT_EQ(registry_.Find(stranger), nullptr);
}

Node Member(const std::string& name, v1::NodeStatus::Leadership etcd, bool connected = true) {
  Node node;
  node.id = {"prod", name};
  node.session = connected ? 1 : 0;
  node.status.set_etcd(etcd);
  return node;
}
constexpr auto kLeader = v1::NodeStatus::LEADER;
constexpr auto kFollower = v1::NodeStatus::FOLLOWER;
constexpr auto kUnknown = v1::NodeStatus::LEADERSHIP_UNKNOWN;
using Names = std::vector<std::string>;

TEST(Order, TheEtcdLeaderIsLastWhereItIsKnown) {
  const auto order =
      OrderOf("prod", {Member("b", kFollower), Member("a", kLeader), Member("c", kFollower)}, {});
  ASSERT_TRUE(order.ok()) << order.status();
  EXPECT_EQ(order->nodes, (Names{"b", "c", "a"}));
  EXPECT_EQ(order->reason, "by name, etcd leader a last");
}

TEST(Order, WithoutOneKnownLeaderItIsByName) {
  for (const auto& nodes :
       {std::vector<Node>{Member("b", kUnknown), Member("a", kFollower)},
        std::vector<Node>{Member("b", kLeader), Member("a", kLeader)},
        std::vector<Node>{Member("b", kFollower), Member("a", kLeader, false)}}) {
    const auto order = OrderOf("prod", nodes, {});
    ASSERT_TRUE(order.ok()) << order.status();
    EXPECT_EQ(order->nodes, (Names{"a", "b"})) << order->reason;
    EXPECT_EQ(order->reason.rfind("by name; ", 0), 0u) << order->reason;
  }
}

TEST(Order, AnExplicitOrderIsTakenAsItIs) {
  const std::vector<Node> nodes = {Member("a", kLeader), Member("b", kFollower)};
  EXPECT_EQ(OrderOf("prod", nodes, {"a", "b"})->nodes, (Names{"a", "b"}));
  EXPECT_EQ(OrderOf("prod", nodes, {"a", "b"})->reason, "as given");
  EXPECT_EQ(OrderOf("prod", nodes, {"b"})->nodes, Names{"b"});
  EXPECT_NE(OrderOf("prod", nodes, {"b"})->reason.find("must stay ready: a"), std::string::npos);
}

TEST(Order, UnknownAndRepeatedNamesAndEmptyClustersAreRefused) {
  const std::vector<Node> nodes = {Member("a", kLeader), Member("b", kFollower)};
  EXPECT_TRUE(absl::IsInvalidArgument(OrderOf("prod", nodes, {"a", "z"}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(OrderOf("prod", nodes, {"a", "a"}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(OrderOf("prod", nodes, {""}).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(OrderOf("prod", {}, {}).status()));
}

}  // namespace
}  // namespace belay::registry
