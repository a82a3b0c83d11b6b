// Whether a node reaches the API servers of its cluster, on a network of the test's own.
#include "node-agent/health/peers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "absl/strings/str_cat.h"
#include "common/os/ip_address.h"

namespace belay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = ProbeResult::Kind;

// Each address answers with what stands first in its list, the last for good; others are refused.
class Network : public HealthProbe {
 public:
  ProbeResult Ask(const ProbeTarget& target) override {
    asked.push_back(target);
    auto& answers = at[absl::StrCat(target.dial_address, ":", target.port)];
    if (answers.empty()) return {Kind::Refused, 0, "", ""};
    const ProbeResult answer = answers.front();
    if (answers.size() > 1) answers.erase(answers.begin());
    return answer;
  }
  std::map<std::string, std::vector<ProbeResult>> at;
  std::vector<ProbeTarget> asked;
};

ProbeResult Status(int status) { return {Kind::Answered, status, "", ""}; }
const std::vector<AdvertisedAddress> kThree = {
    {"10.0.0.1", 6443}, {"10.0.0.2", 6443}, {"10.0.0.3", 6443}};
const ProbeTarget kLocal{
    .dial_address = "127.0.0.1", .port = 6443, .path = "/x", .keep_body = true};

TEST(Peers, AreReachedWhateverTheyAnswer) {
  Network network;
  network.at = {{"10.0.0.1:6443", {Status(200)}},
                {"10.0.0.2:6443", {Status(500)}},
                {"10.0.0.3:6443", {Status(401)}}};
  EXPECT_THAT(NotReached(kThree, {}, kLocal, network), IsEmpty());
  ASSERT_EQ(network.asked.size(), 3u);
  EXPECT_EQ(network.asked[0].path, "/readyz");
  EXPECT_FALSE(network.asked[0].keep_body);
  EXPECT_EQ(network.asked[0].trust, ProbeTarget::Trust::Cluster)
      << "as this node's own is verified";
}

TEST(Peers, ThatListenElsewhereOrShowAnotherCertificateAreNot) {
  Network network;
  network.at = {{"10.0.0.1:6443", {Status(200)}},
                {"10.0.0.2:6443", {{Kind::TlsFailed, 0, "wrong CA", ""}}},
                {"10.0.0.3:6443", {Status(200)}}};
  EXPECT_THAT(NotReached(kThree, {}, kLocal, network),
              ElementsAre("the API server that the cluster advertises at 10.0.0.2 port 6443 is not "
                          "reached from here: TLS failed: wrong CA"));
}

TEST(Peers, AreAskedOnceMoreBeforeItIsSaid) {
  Network network;
  network.at = {{"10.0.0.1:6443", {{Kind::TimedOut, 0, "", ""}, Status(200)}}};
  EXPECT_THAT(NotReached({{"10.0.0.1", 6443}}, {}, kLocal, network), IsEmpty());
}

TEST(Peers, AreNotAskedForEverWhereANetworkIsDown) {
  Network network;
  EXPECT_THAT(NotReached(kThree, {}, kLocal, network),
              ElementsAre(HasSubstr("10.0.0.1"), HasSubstr("10.0.0.2")));
  EXPECT_EQ(network.asked.size(), 4u);
  for (const ProbeTarget& target : network.asked) EXPECT_LE(target.timeout_ms, 1000);
}

TEST(ClusterEndpoint, MustBeServedByOneThatIsReady) {
  Network network;
  network.at = {{"lb.example:8443", {Status(503)}}};
  EXPECT_THAT(NotReached({}, {"lb.example", 8443}, kLocal, network),
              ElementsAre("the cluster's endpoint lb.example:8443 is not served from here: 503"));
  network.at = {{"lb.example:8443", {Status(200)}}};
  EXPECT_THAT(NotReached({}, {"lb.example", 8443}, kLocal, network), IsEmpty());
  network.at = {{"lb.example:8443", {Status(403)}}};
  EXPECT_THAT(NotReached({}, {"lb.example", 8443}, kLocal, network), IsEmpty());
}

TEST(IpAddress, OfThisMachineIsFoundOnItsInterfaces) {
  EXPECT_TRUE(IsAddressOfThisMachine("127.0.0.1"));
  EXPECT_FALSE(IsAddressOfThisMachine("192.0.2.1")) << "kept for documentation";
  EXPECT_FALSE(IsAddressOfThisMachine("2001:db8::1"));
  EXPECT_FALSE(IsAddressOfThisMachine("localhost"));
  EXPECT_FALSE(IsAddressOfThisMachine(""));
  EXPECT_TRUE(IsIpAddress("fd00::2"));
  EXPECT_FALSE(IsIpAddress("[fd00::2]"));
  EXPECT_FALSE(IsIpAddress("10.0.0.1:6443"));
}

}  // namespace
}  // namespace belay
