#include <gtest/gtest.h>

#include <string>

#include "node-agent/driver/config.h"

namespace belay {
namespace {

const char* const kGood = R"(server: coordinator.example:7443
cluster: prod-1
node: cp-1
state_dir: /var/lib/belay-agent
host_root: /host
manifest_dir: /etc/kubernetes/manifests
trusted_keys: [/etc/belay-agent/keys/ops.pub]
allowed_paths: [/etc/kubernetes, /var/log/kubernetes/]
apiserver: {ca: /etc/kubernetes/pki/ca.crt}
)";

std::string Mistakes(const std::string& yaml) {
  const absl::StatusOr<AgentConfig> config = ParseAgentConfig(yaml, "agent.yaml");
  return config.ok() ? "ok" : std::string(config.status().message());
}

TEST(AgentConfig, AGoodFileIsReadWithItsDefaults) {
  const absl::StatusOr<AgentConfig> config = ParseAgentConfig(kGood, "agent.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->server, "coordinator.example:7443");
  EXPECT_EQ(config->host_root, "/host");
  EXPECT_EQ(config->allowed_paths,
            (std::vector<std::string>{"/etc/kubernetes/", "/var/log/kubernetes/"}));
  EXPECT_EQ(config->apiserver.client_key, "/etc/kubernetes/pki/apiserver-kubelet-client.key");
}

// What is below a directory is found by cutting its name off: one form only.
TEST(AgentConfig, ASlashAtTheEndOfADirectoryIsLeftOut) {
  const absl::StatusOr<AgentConfig> config = ParseAgentConfig(
      "server: h:1\ncluster: c\nnode: n\ntrusted_keys: [/k]\nstate_dir: /s/\nhost_root: /host/\n"
      "manifest_dir: /m/\n",
      "f");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->state_dir, "/s");
  EXPECT_EQ(config->host_root, "/host");
  EXPECT_EQ(config->manifest_dir, "/m");
}

TEST(AgentConfig, WhatIsWrittenIsReadBackTheSame) {
  AgentConfig config;
  config.server = "h:7443";
  config.cluster = "c";
  config.node = "n";
  config.trust.keys = {{"/a \"b\\c.pub"}};
  const absl::StatusOr<AgentConfig> read = ParseAgentConfig(FormatAgentConfig(config), "f");
  ASSERT_TRUE(read.ok()) << read.status() << FormatAgentConfig(config);
  EXPECT_EQ(*read, config);
  config.flag_check = false;
  config.min_free_mib = 200;
  config.hold_when_cordoned = false;
  config.hold_file = "/run/hold";
  config.hold_when_unreached = false;
  config.hold_annotations = {};
  config.cluster_endpoint = "api.example:6443";
  config.virtual_address = "fd00::10";
  config.kubelet_restart = "/usr/local/sbin/restart-kubelet";
  config.shadow_boot = {true, "/usr/bin/etcd", 20, true, 300};
  const absl::StatusOr<AgentConfig> more = ParseAgentConfig(FormatAgentConfig(config), "f");
  ASSERT_TRUE(more.ok()) << more.status() << FormatAgentConfig(config);
  EXPECT_EQ(*more, config);
}

TEST(AgentConfig, TheFlagCheckIsOnUnlessItIsSwitchedOffByName) {
  const std::string base = "server: h:1\ncluster: c\nnode: n\ntrusted_keys: [/k]\n";
  EXPECT_TRUE(ParseAgentConfig(base, "f")->flag_check);
  EXPECT_TRUE(ParseAgentConfig(base + "flag_check: help\n", "f")->flag_check);
  EXPECT_FALSE(ParseAgentConfig(base + "flag_check: off\n", "f")->flag_check);
  EXPECT_EQ(Mistakes(base + "flag_check: no\n"),
            "agent.yaml:5:13: \"flag_check\" must be help or off");
}

TEST(AgentConfig, TheShadowBootIsOffUnlessItIsSwitchedOn) {
  const std::string base = "server: h:1\ncluster: c\nnode: n\ntrusted_keys: [/k]\n";
  EXPECT_EQ(ParseAgentConfig(base, "f")->shadow_boot, ShadowBootConfig());
  EXPECT_FALSE(ShadowBootConfig().enabled);
  EXPECT_FALSE(ShadowBootConfig().required);
  const auto on = ParseAgentConfig(base + "shadow_boot: {enabled: true}\n", "f");
  ASSERT_TRUE(on.ok()) << on.status();
  EXPECT_EQ(on->shadow_boot, (ShadowBootConfig{true, "", 60, false, 1024}));
  EXPECT_EQ(*ParseAgentConfig(FormatAgentConfig(*on), "f"), *on);
  EXPECT_EQ(Mistakes(base + "shadow_boot: {etcd: etcd, timeout: 60, required: yes, more: 1}\n"),
            "agent.yaml:5:14: \"enabled\" is missing in shadow_boot\n"
            "agent.yaml:5:21: \"etcd\" must be an absolute path without \"..\", \".\" or doubled "
            "slashes\n"
            "agent.yaml:5:36: \"timeout\" must be seconds from 10s to 300s\n"
            "agent.yaml:5:50: \"required\" must be true or false\n"
            "agent.yaml:5:55: unknown key \"more\" in shadow_boot; known: enabled, etcd, "
            "min_memory_mib, required, timeout");
  for (const char* bad : {"9s", "301s", "1m", "s", "-20s", "20 s"}) {
    EXPECT_NE(Mistakes(base + "shadow_boot: {enabled: true, timeout: " + bad + "}\n"), "ok") << bad;
  }
}

TEST(AgentConfig, WhatHoldsARolloutIsReadStrictly) {
  const std::string base = "server: h:1\ncluster: c\nnode: n\ntrusted_keys: [/k]\n";
  EXPECT_EQ(ParseAgentConfig(base, "f")->min_free_mib, 64u);
  EXPECT_EQ(ParseAgentConfig(base + "min_free_mib: 0\n", "f")->min_free_mib, 0u);
  for (const char* bad : {"-1", "1048577", "64Mi", "\"\"", "1e3"}) {
    EXPECT_FALSE(ParseAgentConfig(base + "min_free_mib: " + bad + "\n", "f").ok()) << bad;
  }
  EXPECT_TRUE(ParseAgentConfig(base, "f")->hold_when_cordoned);
  EXPECT_FALSE(ParseAgentConfig(base + "hold_when_cordoned: false\n", "f")->hold_when_cordoned);
  EXPECT_FALSE(ParseAgentConfig(base + "hold_when_cordoned: no\n", "f").ok());
  EXPECT_FALSE(ParseAgentConfig(base + "hold_file: hold\n", "f").ok());
  EXPECT_TRUE(ParseAgentConfig(base, "f")->hold_when_unreached);
  EXPECT_FALSE(ParseAgentConfig(base + "hold_when_unreached: false\n", "f")->hold_when_unreached);
  EXPECT_EQ(ParseAgentConfig(base + "hold_annotations: [a.b/c, d=e]\n", "f")->hold_annotations,
            (std::vector<std::string>{"a.b/c", "d=e"}));
  EXPECT_FALSE(ParseAgentConfig(base + "hold_annotations: [\"=x\"]\n", "f").ok());
  EXPECT_FALSE(ParseAgentConfig(base + "hold_annotations: a\n", "f").ok());
  EXPECT_FALSE(ParseAgentConfig(base + "cluster_endpoint: 10.0.0.10\n", "f").ok()) << "no port";
  EXPECT_FALSE(ParseAgentConfig(base + "virtual_address: vip.example\n", "f").ok());
}

TEST(AgentConfig, RevertsAreAllowedUnlessTheOwnerRefusesThem) {
  const std::string most = "server: h:1\ncluster: c\nnode: n\ntrusted_keys: [/k]\n";
  EXPECT_TRUE(ParseAgentConfig(most, "f")->reverts);
  EXPECT_TRUE(ParseAgentConfig(most + "reverts: allowed\n", "f")->reverts);
  const absl::StatusOr<AgentConfig> refused = ParseAgentConfig(most + "reverts: refused\n", "f");
  ASSERT_TRUE(refused.ok()) << refused.status();
  EXPECT_FALSE(refused->reverts);
  EXPECT_EQ(*ParseAgentConfig(FormatAgentConfig(*refused), "f"), *refused);
  for (const char* word : {"true", "Refused", "\"\"", "[]"}) {
    EXPECT_FALSE(ParseAgentConfig(most + "reverts: " + word + "\n", "f").ok()) << word;
  }
}

TEST(AgentConfig, EveryMistakeIsReportedAtOnceWithItsPlace) {
  EXPECT_EQ(
      Mistakes("server: nowhere\n"
               "cluster: C_1\n"
               "node: n\n"
               "node: m\n"
               "trusted_keys: []\n"
               "allowed_path: [/etc]\n"
               "apiserver: {ca: relative, key: /x}\n"),
      "agent.yaml:1:9: \"server\" must be host:port\n"
      "agent.yaml:2:10: \"cluster\" must be a DNS label: lower-case letters, digits, '-' and '.', "
      "at most 63 "
      "characters\n"
      "agent.yaml:4:1: \"node\" is given twice in agent.yaml\n"
      "agent.yaml:5:15: \"trusted_keys\" must be a list with at least one path\n"
      "agent.yaml:6:1: unknown key \"allowed_path\" in agent.yaml; known: allowed_edits, "
      "allowed_manifests, allowed_mounts, allowed_paths, apiserver, cluster, cluster_endpoint, "
      "flag_check, forbidden_values, hold_annotations, hold_file, hold_when_cordoned, "
      "hold_when_unreached, host_root, kubelet_restart, manifest_dir, min_free_mib, node, "
      "required_signatures, reverts, server, shadow_boot, state_dir, trusted_keys, "
      "untargeted_plans, "
      "virtual_address\n"
      "agent.yaml:7:17: \"ca\" must be an absolute path without \"..\", \".\" or doubled slashes\n"
      "agent.yaml:7:27: unknown key \"key\" in apiserver; known: ca, client_certificate, "
      "client_key");
}

TEST(AgentConfig, WhoseSignaturesCountIsReadAndWrittenBack) {
  const absl::StatusOr<AgentConfig> config = ParseAgentConfig(
      "server: h:1\ncluster: c\nnode: n\n"
      "trusted_keys:\n"
      "- /k/ops.pub\n"
      "- {file: /k/sec.pub, role: security, not_before: 2026-01-01T00:00:00Z, not_after: "
      "2027-01-01T00:00:00Z}\n"
      "required_signatures: {any: 2, security: 1}\n"
      "untargeted_plans: refused\n"
      "allowed_edits: [setFlag, putFile]\n"
      "allowed_manifests: [etcd]\n"
      "forbidden_values: [kube-scheduler --profiling=true]\n",
      "f");
  ASSERT_TRUE(config.ok()) << config.status();
  const TrustConfig& trust = config->trust;
  ASSERT_EQ(trust.keys.size(), 2U);
  EXPECT_EQ(trust.keys[0], TrustedKeyFile{"/k/ops.pub"});
  EXPECT_EQ(trust.keys[1],
            (TrustedKeyFile{"/k/sec.pub", "security", 1'767'225'600, 1'798'761'600}));
  EXPECT_EQ(trust.signatures, 2U);
  EXPECT_EQ(trust.role_signatures, (std::map<std::string, std::uint32_t>{{"security", 1}}));
  EXPECT_FALSE(trust.untargeted_plans);
  EXPECT_EQ(trust.allowed_edits, (std::vector<std::string>{"setFlag", "putFile"}));
  EXPECT_EQ(trust.allowed_manifests, (std::vector<std::string>{"etcd"}));
  EXPECT_EQ(trust.forbidden_values, (std::vector<std::string>{"kube-scheduler --profiling=true"}));
  EXPECT_EQ(*ParseAgentConfig(FormatAgentConfig(*config), "f"), *config);
  // A role may be named as YAML names nothing.
  AgentConfig odd = *config;
  odd.trust.keys[1].role = "null";
  odd.trust.role_signatures = {{"null", 1}};
  EXPECT_EQ(*ParseAgentConfig(FormatAgentConfig(odd), "f"), odd);
}

TEST(AgentConfig, OneSignatureAndTheOpenValuesForbiddenUnlessTheOwnerSaysOtherwise) {
  const std::string base = "server: h:1\ncluster: c\nnode: n\ntrusted_keys: [/k]\n";
  const TrustConfig trust = ParseAgentConfig(base, "f")->trust;
  EXPECT_EQ(trust.signatures, 1U);
  EXPECT_TRUE(trust.untargeted_plans);
  EXPECT_EQ(trust.forbidden_values, DefaultForbiddenValues());
  EXPECT_EQ(ParseAgentConfig(base + "required_signatures: 3\n", "f")->trust.signatures, 3U);
  EXPECT_TRUE(
      ParseAgentConfig(base + "forbidden_values: []\n", "f")->trust.forbidden_values.empty());
  for (const char* line :
       {"required_signatures: 0", "required_signatures: 21", "required_signatures: {A: 1}",
        "required_signatures: {security: 0}", "untargeted_plans: no", "allowed_edits: [exec]",
        "allowed_manifests: [kube-proxy]", "forbidden_values: [anonymous-auth]",
        "forbidden_values: [kube-apisever --anonymous-auth=true]", "forbidden_values: x"}) {
    EXPECT_FALSE(ParseAgentConfig(base + line + "\n", "f").ok()) << line;
  }
  const std::string keyless = "server: h:1\ncluster: c\nnode: n\ntrusted_keys: ";
  for (const char* keys :
       {"[{role: a}]", "[{file: k}]", "[{file: /k, role: any}]", "[{file: /k, not_after: 2027}]",
        "[{file: /k, not_before: 2027-01-01T00:00:00Z, not_after: 2026-01-01T00:00:00Z}]"}) {
    EXPECT_FALSE(ParseAgentConfig(keyless + keys + "\n", "f").ok()) << keys;
  }
}

TEST(AgentConfig, MissingKeysAndBrokenYamlAreRefused) {
  EXPECT_EQ(Mistakes("server: h:1\n"),
            "agent.yaml:1:1: \"cluster\" is missing in agent.yaml\n"
            "agent.yaml:1:1: \"node\" is missing in agent.yaml\n"
            "agent.yaml:1:1: \"trusted_keys\" is missing in agent.yaml");
  EXPECT_NE(Mistakes("a: [").find("agent.yaml:1:"), std::string::npos);
  EXPECT_NE(Mistakes(""), "ok");
  EXPECT_NE(Mistakes("- a\n"), "ok");
  EXPECT_NE(Mistakes(std::string(kGood) + "---\na: b\n"), "ok");
}

TEST(AgentConfig, PathsThatCanMeanAnotherPathAreNotClean) {
  for (const char* path : {"", "a", "./a", "/a/../b", "/a/./b", "//a", "/a//b", "/..", "/a/.."}) {
    EXPECT_FALSE(IsCleanPath(path)) << path;
  }
  for (const char* path : {"/", "/a", "/a/b.c", "/a/", "/a/..b"})
    EXPECT_TRUE(IsCleanPath(path)) << path;
  EXPECT_TRUE(IsBelow("/etc/kubernetes/x", "/etc/kubernetes/"));
  EXPECT_TRUE(IsBelow("/etc/kubernetes/x", "/etc/kubernetes"));
  EXPECT_FALSE(IsBelow("/etc/kubernetes-evil/x", "/etc/kubernetes"));
  EXPECT_FALSE(IsBelow("/etc/kubernetes", "/etc/kubernetes"));
  EXPECT_TRUE(IsBelow("/x", "/"));
}

}  // namespace
}  // namespace belay
