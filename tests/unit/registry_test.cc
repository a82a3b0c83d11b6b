#include "server/registry/registry.h"

#include <gtest/gtest.h>

#include <limits>

#include "server/registry/cover.h"
#include "server/registry/order.h"

namespace belay::registry {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
const NodeId kNode{"prod", "cp1"};
const NodeId kOther{"prod", "cp2"};

v1::NodeStatus Ready() {
  v1::NodeStatus status;
  status.set_ready(true);
  status.set_activity(v1::NodeStatus::ACTIVITY_FREE);
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

TEST_F(RegistryTest, WhatElseGoesOnAtANodeHoldsIt) {
  v1::NodeStatus status = Ready();
  status.add_holds("kubeadm upgrade runs there (pid 7)");
  status.add_holds("the node is cordoned");
  registry_.Heard(kNode, 1, status, 0, 0);
  EXPECT_FALSE(IsReady());
  EXPECT_EQ(registry_.WhyNotReady(*registry_.Find(kNode), 0),
            "kubeadm upgrade runs there (pid 7); the node is cordoned");
  registry_.Heard(kNode, 1, Ready(), 0, 0);
  EXPECT_TRUE(IsReady());
}

TEST_F(RegistryTest, ClocksThatAreApartHoldInBothDirections) {
  constexpr std::int64_t kNow = 1'790'000'000'000;
  const auto why = [this](std::int64_t wall_ms) {
    v1::NodeStatus status = Ready();
    status.set_wall_unix_ms(wall_ms);
    registry_.Heard(kNode, 1, status, 0, kNow);
    return registry_.WhyNotReady(*registry_.Find(kNode), 0);
  };
  EXPECT_EQ(why(kNow + 30'000), "");
  EXPECT_EQ(why(kNow - 30'000), "");
  EXPECT_EQ(why(kNow + 30'001),
            "its clock is 30 s ahead of the coordinator's; see to its time synchronisation");
  EXPECT_EQ(why(kNow - 90'000),
            "its clock is 90 s behind the coordinator's; see to its time synchronisation");
  EXPECT_EQ(why(0), "") << "an agent that does not tell";
  EXPECT_NE(why(1), "");
  EXPECT_EQ(why(std::numeric_limits<std::int64_t>::max()), "") << "no time at all";
  EXPECT_EQ(why(std::numeric_limits<std::int64_t>::min()), "");
}

TEST_F(RegistryTest, AWordThatWasLongOnItsWayIsNoClockThatIsBehind) {
  constexpr std::int64_t kNow = 1'790'000'000'000;
  v1::NodeStatus status = Ready();
  status.set_boottime_ns(kSecond);
  status.set_wall_unix_ms(kNow);
  registry_.Heard(kNode, 1, status, kSecond, kNow);
  status.set_boottime_ns(2 * kSecond);
  status.set_wall_unix_ms(kNow + 1'000);
  registry_.Heard(kNode, 1, status, 62 * kSecond, kNow + 61'000);  // a minute late
  const std::int64_t apart = *registry_.Find(kNode)->clock_ahead_ms;
  EXPECT_LE(std::abs(apart), 50) << apart;
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

TEST_F(RegistryTest, ANodeThatIsOccupiedOrDoesNotSayIsNotReady) {
  for (const int activity : {0, 2, 77}) {
    v1::NodeStatus status = Ready();
    status.set_activity(static_cast<v1::NodeStatus::Activity>(activity));
    registry_.Heard(kNode, 1, status, 0, 0);
    EXPECT_FALSE(IsReady()) << activity;
  }
  registry_.Heard(kNode, 1, Ready(), 0, 0);
  EXPECT_TRUE(IsReady());
}

TEST_F(RegistryTest, ANodeThatWasToldToBeginIsReadyOnlyWhenItCanNoLongerBegin) {
  const auto tell = [&] {
    registry_.ToldToBegin(kNode, {"r-1", "r-1/1/d", 1, "boot", 20 * kSecond});
    EXPECT_FALSE(IsReady());
  };
  const auto says = [&](std::int64_t boottime_ns, const std::string& boot, bool free) {
    v1::NodeStatus status = Ready();
    status.set_boottime_ns(boottime_ns);
    status.set_boot_id(boot);
    if (!free) status.set_activity(v1::NodeStatus::ACTIVITY_OCCUPIED);
    EXPECT_TRUE(registry_.Heard(kNode, registry_.Find(kNode)->session, status, 0, 0));
  };
  tell();
  says(20 * kSecond - 1, "boot", true);
  EXPECT_FALSE(IsReady()) << "its permit is still good: it may begin the next moment";
  says(30 * kSecond, "boot", false);
  EXPECT_FALSE(IsReady());
  says(20 * kSecond, "boot", true);
  EXPECT_TRUE(IsReady()) << "free, and the permit has passed";

  tell();
  says(1 * kSecond, "the next boot", true);
  EXPECT_TRUE(IsReady()) << "a permit ends with the boot";

  tell();
  registry_.RunEnded(kNode, "r-1/2/d");
  EXPECT_FALSE(IsReady()) << "another run has ended";
  registry_.RunEnded(kNode, "r-1/1/d");
  EXPECT_TRUE(IsReady());

  tell();
  registry_.Disconnected(kNode, 1);
  registry_.Connected(kNode, 2, "1.0");
  says(2 * kSecond, "boot", true);
  EXPECT_TRUE(IsReady()) << "what was sent over the old stream is never taken any more";
}

TEST_F(RegistryTest, AWordThatCameLateIsAsOldAsItIs) {
  v1::NodeStatus status = Ready();
  registry_.Connected(kNode, 2, "1.0");
  const auto hear = [&](std::int64_t sent, std::int64_t came) {
    status.set_boottime_ns(sent);
    registry_.Heard(kNode, 2, status, came, 0);
  };
  hear(100 * kSecond, 200 * kSecond);  // this is how far the two clocks are apart
  EXPECT_TRUE(IsReady(200 * kSecond));
  hear(101 * kSecond, 230 * kSecond);
  EXPECT_FALSE(IsReady(230 * kSecond)) << "29 s in a buffer";
  EXPECT_TRUE(registry_.IsLate(*registry_.Find(kNode)));
  hear(110 * kSecond, 230 * kSecond);
  EXPECT_FALSE(IsReady(230 * kSecond));
  hear(129 * kSecond, 230 * kSecond);
  EXPECT_TRUE(IsReady(230 * kSecond));
  EXPECT_FALSE(registry_.IsLate(*registry_.Find(kNode)));
  status.set_readiness_age_seconds(10);
  hear(140 * kSecond, 240 * kSecond);
  EXPECT_TRUE(IsReady(245 * kSecond));
  EXPECT_FALSE(IsReady(246 * kSecond)) << "10 s before it was said and 6 s after";
}

TEST_F(RegistryTest, ClocksThatDriftApartAreNotTakenForLateness) {
  v1::NodeStatus status = Ready();
  for (std::int64_t second = 0; second < 30 * 86400; second += 5) {
    status.set_boottime_ns(second * kSecond - second * (kSecond / 5000));
    registry_.Heard(kNode, 1, status, second * kSecond, 0);
  }
  EXPECT_TRUE(IsReady((30 * 86400 - 5) * kSecond));
}

TEST_F(RegistryTest, AClockThatIsNoNumberOfThisWorldDoesNoHarm) {
  v1::NodeStatus status = Ready();
  for (const std::int64_t mad :
       {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    status.set_boottime_ns(mad);
    registry_.Heard(kNode, 1, status, kSecond, 0);
    EXPECT_LT(registry_.Find(kNode)->status.boottime_ns(),
              std::numeric_limits<std::int64_t>::max() / 2);
    EXPECT_GE(registry_.Find(kNode)->status.boottime_ns(), 0);
  }
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

TEST(Order, TheHolderOfTheVirtualAddressIsLateButBeforeTheLeader) {
  std::vector<Node> nodes = {Member("a", kFollower), Member("b", kLeader), Member("c", kFollower)};
  nodes[0].status.set_holds_virtual_address(true);
  EXPECT_EQ(OrderOf("prod", nodes, {})->nodes, (Names{"c", "a", "b"}));
  EXPECT_EQ(OrderOf("prod", nodes, {})->reason,
            "by name, a late because it holds the virtual address, etcd leader b last");
  nodes[1].status.set_etcd(kFollower);
  EXPECT_EQ(OrderOf("prod", nodes, {})->nodes, (Names{"b", "c", "a"}));
  nodes[1].status.set_holds_virtual_address(true);  // two say so: neither is believed
  EXPECT_EQ(OrderOf("prod", nodes, {})->nodes, (Names{"a", "b", "c"}));
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

TEST_F(RegistryTest, APlanGoesOnlyWhereItWasSignedFor) {
  v1::RemediationPlan plan;
  const auto cover = [&](const std::vector<std::string>& order) {
    return CheckCover(plan, "prod", order, registry_.Of("prod"));
  };
  EXPECT_TRUE(cover({"cp1", "cp2"}).ok());
  *plan.mutable_targets()->add_clusters() = "prod";
  EXPECT_TRUE(cover({"cp1", "cp2"}).ok());
  *plan.mutable_targets()->add_nodes() = "cp1";
  EXPECT_TRUE(cover({"cp1"}).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(cover({"cp1", "cp2"})));
  *plan.mutable_targets()->mutable_clusters(0) = "test";
  EXPECT_TRUE(absl::IsFailedPrecondition(cover({"cp1"})));
  EXPECT_NE(cover({"cp1"}).message().find("nothing was started"), std::string::npos);
}

}  // namespace
}  // namespace belay::registry
