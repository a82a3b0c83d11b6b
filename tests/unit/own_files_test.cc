#include "node-agent/driver/own_files.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "common/os/absolute_path.h"

namespace belay {
namespace {

AgentConfig Config() {
  AgentConfig config;
  config.state_dir = "/var/lib/belay-agent";
  config.trust.keys = {{"/etc/belay-agent/keys/ops.pem"}};
  return config;
}

bool Protects(const NodePolicy& policy, const std::string& path) {
  return std::find(policy.protected_paths.begin(), policy.protected_paths.end(), path) !=
         policy.protected_paths.end();
}

TEST(OwnFiles, OnTheNodeTheyHaveTheirOwnNames) {
  const auto mounts = ParseMountInfo("22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n");
  const NodePolicy policy = PolicyOf(Config(), "/etc/belay-agent/agent.yaml", mounts);
  EXPECT_EQ(policy.protected_paths,
            (std::vector<std::string>{"/etc/belay-agent/agent.yaml",
                                      "/etc/belay-agent/keys/ops.pem", "/var/lib/belay-agent"}));
}

// The node's / at /host, and a folder of the node's at each place where the agent has its own.
constexpr const char* kInContainer =
    "1 0 0:50 / / rw - overlay overlay rw\n"
    "2 1 8:1 / /host rw - ext4 /dev/sda1 rw\n"
    "3 1 8:1 /data/belay\\040state /var/lib/belay-agent rw - ext4 /dev/sda1 rw\n"
    "4 1 8:1 /srv/belay/agent.yaml /etc/belay-agent/agent.yaml rw - ext4 /dev/sda1 rw\n"
    "5 1 8:2 / /host/srv rw - ext4 /dev/sdb1 rw\n";

TEST(OwnFiles, InAContainerTheNodesNamesAreProtectedToo) {
  AgentConfig config = Config();
  config.host_root = "/host";
  const NodePolicy policy =
      PolicyOf(config, "/etc/belay-agent/agent.yaml", ParseMountInfo(kInContainer));
  EXPECT_TRUE(Protects(policy, "/data/belay state"));
  EXPECT_TRUE(Protects(policy, "/srv/belay/agent.yaml"));
  EXPECT_TRUE(Protects(policy, "/var/lib/belay-agent"));
  EXPECT_TRUE(Protects(policy, "/etc/belay-agent/keys/ops.pem"));
  EXPECT_FALSE(Protects(policy, "/"));
}

TEST(OwnFiles, BelowTheHostsRootTheRootIsTakenOff) {
  AgentConfig config = Config();
  config.host_root = "/host";
  config.state_dir = "/host/var/lib/belay";
  const NodePolicy policy =
      PolicyOf(config, "/etc/belay-agent/agent.yaml", ParseMountInfo(kInContainer));
  EXPECT_TRUE(Protects(policy, "/var/lib/belay"));
  const NodePolicy without_mounts = PolicyOf(config, "/etc/belay-agent/agent.yaml", {});
  EXPECT_TRUE(Protects(without_mounts, "/var/lib/belay")) << "whatever the mount table says";
}

TEST(OwnFiles, AFolderThatIsMountedTwiceHasBothNames) {
  const auto mounts = ParseMountInfo(
      "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:1 /var/lib /mnt/lib rw - ext4 /dev/sda1 rw\n"
      "3 1 8:1 /var/lib/belay-agent/images /srv/images rw - ext4 /dev/sda1 rw\nnonsense\n");
  const std::vector<std::string> names = OtherNames(mounts, "/var/lib/belay-agent", "/");
  EXPECT_EQ(names, (std::vector<std::string>{"/mnt/lib/belay-agent", "/srv/images",
                                             "/var/lib/belay-agent"}));
}

TEST(OwnFiles, ThisMachinesTableIsRead) {
  const auto mounts = ReadMountTable();
  ASSERT_TRUE(mounts.ok()) << mounts.status();
  const std::vector<std::string> names = OtherNames(*mounts, "/", "/");
  EXPECT_NE(std::find(names.begin(), names.end(), "/"), names.end());
}

TEST(OwnFiles, PathsOfTheCommandLineAreNormal) {
  EXPECT_EQ(AbsolutePath("/etc/./belay/../belay-agent//agent.yaml"), "/etc/belay-agent/agent.yaml");
  EXPECT_EQ(AbsolutePath("/var/lib/belay/"), "/var/lib/belay");
  EXPECT_EQ(AbsolutePath("/"), "/");
  EXPECT_EQ(AbsolutePath(""), "");
  EXPECT_EQ(AbsolutePath("x/../y").front(), '/');
  EXPECT_EQ(AbsolutePath("x/../y").find(".."), std::string::npos);
}

}  // namespace
}  // namespace belay
