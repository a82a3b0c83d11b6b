#include "node-agent/health/holds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/os/disk_space.h"

namespace belay {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint64_t kMiB = 1024 * 1024;
const HoldRules kRules{.min_free_bytes = 64 * kMiB, .cordon = true};

Process Running(std::vector<std::string> argv) {
  Process process;
  process.pid = 7;
  process.argv = std::move(argv);
  return process;
}

TEST(Holds, NothingOnAQuietNode) {
  HoldFacts facts;
  facts.disks = {{"/etc/kubernetes", {64 * kMiB, true, 1000}}};
  facts.node = NodeMarks{};
  EXPECT_THAT(Holds(facts, kRules), IsEmpty());
  EXPECT_THAT(Holds(HoldFacts(), kRules), IsEmpty()) << "what could not be asked holds nothing";
}

TEST(Holds, KubeadmThatChangesTheNode) {
  for (const char* command : {"upgrade", "init", "join", "reset", "certs"}) {
    HoldFacts facts;
    facts.kubeadm = {Running({"/usr/bin/kubeadm", command, "node"})};
    EXPECT_THAT(Holds(facts, kRules), ElementsAre(HasSubstr(command))) << command;
  }
  HoldFacts flags_first;
  flags_first.kubeadm = {Running({"kubeadm", "--v=5", "upgrade", "apply", "v1.31.0"})};
  EXPECT_THAT(Holds(flags_first, kRules), ElementsAre(HasSubstr("kubeadm upgrade")));
  HoldFacts looking;
  looking.kubeadm = {Running({"kubeadm", "version"}),
                     Running({"kubeadm", "config", "view"}),
                     Running({"kubeadm", "certs", "check-expiration"}),
                     Running({"kubeadm", "upgrade", "plan"}),
                     Running({"man", "kubeadm", "init"}),
                     Running({"watch", "/usr/bin/kubeadm", "upgrade", "apply"}),
                     Running({})};
  EXPECT_THAT(Holds(looking, kRules), IsEmpty());
}

TEST(Holds, DisksThatAreNearlyFull) {
  HoldFacts facts;
  facts.disks = {{"/etc/kubernetes/manifests", {64 * kMiB - 1, true, 1000}}};
  EXPECT_THAT(Holds(facts, kRules), ElementsAre(HasSubstr("63 MiB left")));
  facts.disks = {{"/var/lib/belay-agent", {1024 * kMiB, true, 3}}};
  EXPECT_THAT(Holds(facts, kRules), ElementsAre(HasSubstr("only 3 files")));
  facts.disks = {{"/on/btrfs", {1024 * kMiB, false, 0}}};
  EXPECT_THAT(Holds(facts, kRules), IsEmpty());
}

TEST(Holds, ACordonUnlessItIsSaidNotTo) {
  HoldFacts facts;
  facts.node = NodeMarks{.unschedulable = true};
  EXPECT_THAT(Holds(facts, kRules), ElementsAre("the node is cordoned"));
  EXPECT_THAT(Holds(facts, {.min_free_bytes = 0, .cordon = false}), IsEmpty());
}

TEST(Holds, AHoldFileWithItsReason) {
  HoldFacts facts;
  facts.hold_file = "storage migration, ask ana";
  EXPECT_THAT(Holds(facts, kRules), ElementsAre(HasSubstr("storage migration, ask ana")));
  facts.hold_file = "";
  EXPECT_THAT(Holds(facts, kRules), ElementsAre(HasSubstr("does not say why")));
  facts.hold_file = std::string(100'000, 'x');
  EXPECT_LT(Holds(facts, kRules)[0].size(), 300u);
  // What is no UTF-8 could be sent and never read: the node would lose its coordinator.
  facts.hold_file = std::string("gr\xfc\xdf\x1b[31m");
  EXPECT_EQ(Holds(facts, kRules)[0], "a hold file is on the node: gr\uFFFD\uFFFD [31m");
  facts.hold_file = std::string(199, 'x') + "\u00fc";  // is cut in the middle of a character
  EXPECT_THAT(Holds(facts, kRules)[0], EndsWith("x\uFFFD"));
}

TEST(Holds, AnotherToolThatSaysOnTheNodeThatItIsAtWork) {
  const HoldRules rules{.annotations = {"weave.works/reboot", "state=Working"}};
  HoldFacts facts;
  facts.node = NodeMarks{.annotations = {{"weave.works/reboot", "2026-11-26T04:00:00Z"}}};
  EXPECT_THAT(Holds(facts, rules), ElementsAre(HasSubstr("weave.works/reboot")));
  facts.node->annotations = {{"state", "Done"}, {"weave.works", "x"}};
  EXPECT_THAT(Holds(facts, rules), IsEmpty());
  facts.node->annotations["state"] = "Working";
  EXPECT_THAT(Holds(facts, rules), ElementsAre(HasSubstr("state=Working")));
}

TEST(Holds, WhatIsNotReached) {
  HoldFacts facts;
  facts.unreached = {"the API server is not reached"};
  EXPECT_THAT(Holds(facts, kRules), ElementsAre("the API server is not reached"));
}

TEST(NodeMarks, AreReadFromANodeAndNothingElse) {
  const auto cordoned = [](const char* json) -> std::optional<bool> {
    const auto marks = ReadNodeMarks(json);
    return marks ? std::optional<bool>(marks->unschedulable) : std::nullopt;
  };
  EXPECT_EQ(cordoned(R"({"kind":"Node","spec":{"unschedulable":true}})"), true);
  EXPECT_EQ(cordoned(R"({"kind":"Node","spec":{"podCIDR":"10.0.0.0/24"}})"), false);
  EXPECT_EQ(cordoned(R"({"spec":{"unschedulable":"true"}})"), false) << "a string is no bool";
  EXPECT_EQ(cordoned(R"({"kind":"Status"})"), std::nullopt);
  EXPECT_EQ(cordoned("not json"), std::nullopt);
  EXPECT_EQ(cordoned(""), std::nullopt);
  EXPECT_EQ(ReadNodeMarks(R"({"metadata":{"annotations":{"a":"b","c":1}},"spec":{}})")->annotations,
            (std::map<std::string, std::string>{{"a", "b"}}));
}

TEST(ApiServers, AreThoseThatTheClusterAdvertises) {
  using Addresses = std::vector<AdvertisedAddress>;
  EXPECT_EQ(ReadApiServers(R"({"kind":"Endpoints","subsets":[{"addresses":[{"ip":"10.0.0.1"},
      {"ip":"fd00::2"},{"ip":"evil.example"},{}],"ports":[{"name":"metrics","port":1},
      {"name":"https","port":6443,"protocol":"TCP"}]},
      {"addresses":[{"ip":"10.0.0.3"}],"ports":[{"port":8443}]}]})"),
            (Addresses{{"10.0.0.1", 6443}, {"fd00::2", 6443}, {"10.0.0.3", 8443}}));
  EXPECT_EQ(ReadApiServers(R"({"subsets":[{"addresses":[{"ip":"10.0.0.1"}],"ports":[{"port":0}]},
      {"addresses":[{"ip":"10.0.0.1"}],"ports":[{"name":"https","port":70000}]},
      {"addresses":[{"ip":"10.0.0.1"}]}, 7]})"),
            Addresses());
  EXPECT_EQ(ReadApiServers(R"({"kind":"Status","code":403})"), std::nullopt);
  EXPECT_EQ(ReadApiServers("]"), std::nullopt);
}

TEST(SpaceAround, TellsOfARealFileSystem) {
  const auto space = SpaceAround(testing::TempDir());
  ASSERT_TRUE(space.ok()) << space.status();
  EXPECT_GT(space->free_bytes, 0u);
  EXPECT_FALSE(SpaceAround("/nowhere/at/all").ok());
}

}  // namespace
}  // namespace belay
