#include "server/driver/server_config.h"

#include <gtest/gtest.h>

namespace belay {
namespace {

constexpr char kAddresses[] =
    "listen: \"0.0.0.0:7443\"  # agents\nenrol_listen: 0.0.0.0:7444\nadvertise: host\n";

TEST(ServerConfig, WhatInitWritesIsUnderstoodAndTimesCanBeSet) {
  const auto config = ParseServerConfig(std::string(kAddresses) +
                                            "heartbeat_interval: 500ms\nreadiness_wait: 2m\n"
                                            "node_certificate_lifetime: 24h\n",
                                        "server.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->listen, "0.0.0.0:7443");
  EXPECT_EQ(config->times.heartbeat_interval_ms, 500);
  EXPECT_EQ(config->times.readiness_wait_ms, 120'000);
  EXPECT_EQ(config->times.permit_ms, 15'000);
  EXPECT_EQ(config->node_certificate_seconds, 86'400);
  EXPECT_EQ(ParseServerConfig(kAddresses, "f")->node_certificate_seconds, 30 * 86'400);
  EXPECT_EQ(config->times.node_silence_margin_ms, 60'000);
}

TEST(ServerConfig, WhatIsNotUnderstoodStopsTheStart) {
  for (const char* more :
       {"insecure: true\n", "permit: 5\n", "permit: 1ms\n", "permit: [5s]\n", "advertise: again\n",
        "permit: -5s\n", "node_certificate_lifetime: 59m\n", "node_certificate_lifetime: ever\n",
        "listen: {a: b}\n", "\"\n"}) {
    const auto config = ParseServerConfig(std::string(kAddresses) + more, "server.yaml");
    EXPECT_TRUE(absl::IsInvalidArgument(config.status())) << more;
    EXPECT_EQ(config.status().message().find("server.yaml"), 0u) << config.status();
  }
  EXPECT_FALSE(ParseServerConfig("", "f").ok());
  EXPECT_FALSE(ParseServerConfig("listen: a:1\n", "f").ok());
}

}  // namespace
}  // namespace belay
