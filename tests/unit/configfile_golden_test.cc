// Section G of the edit cases (config files), one test a row, against files written by hand.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/unit/configfile_edits.h"

namespace belay {
namespace {

std::string ReadGolden(const std::string& name) {
  std::ifstream in(std::string(BELAY_GOLDEN) + "/" + name, std::ios::binary);
  EXPECT_TRUE(in.good()) << name;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string WithCrlf(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') out += '\r';
    out += c;
  }
  return out;
}

// The file as it stands, with CRLF, with a byte order mark, and without its last newline: none of
// them may make a difference to what is edited.
void Check(const std::string& name, const std::string& ending, const std::vector<v1::Edit>& edits) {
  SCOPED_TRACE(name);
  const std::string in = ReadGolden(name + ".in." + ending);
  const std::string out = ReadGolden(name + ".out." + ending);
  ASSERT_FALSE(in.empty());
  EXPECT_EQ(Edited(in, edits), out);
  EXPECT_EQ(Edited(WithCrlf(in), edits), WithCrlf(out)) << "CRLF";
  EXPECT_EQ(Edited("\xEF\xBB\xBF" + in, edits), "\xEF\xBB\xBF" + out) << "byte order mark";
  EXPECT_EQ(Edited(in.substr(0, in.size() - 1), edits), out.substr(0, out.size() - 1))
      << "no newline at the end";
}

TEST(ConfigGolden, G1AScalarIsReplacedWithTheRightTypeAndItsCommentStays) {
  Check("G1-kubelet", "yaml",
        {SetKeyEdit("authentication.anonymous.enabled", "false"),
         SetKeyEdit("authentication.webhook.enabled", "true"),
         SetKeyEdit("authentication.webhook.cacheTTL", "\"2m0s\""),
         SetKeyEdit("authorization.mode", "\"Webhook\""), SetKeyEdit("readOnlyPort", "0"),
         SetKeyEdit("clusterDomain", "\"it's.local\""),
         SetKeyEdit("streamingConnectionIdleTimeout", "\"5m0s\"", "KubeletConfiguration")});
}

TEST(ConfigGolden, G2WhatIsAbsentIsAddedWithItsParents) {
  Check("G2-absent", "yaml",
        {SetKeyEdit("authentication.webhook.cacheTTL", "\"2m0s\""),
         SetKeyEdit("authentication.anonymous.enabled", "false"),
         SetKeyEdit("protectKernelDefaults", "true"),
         SetKeyEdit("logging.options.json.infoBufferSize", "\"0\""),
         SetKeyEdit("tlsCipherSuites", "[\"TLS_AES_128_GCM_SHA256\",\"TLS_AES_256_GCM_SHA384\"]"),
         SetKeyEdit("evictionHard", "{\"memory.available\":\"5%\",\"nodefs.available\":\"10%\"}")});
}

TEST(ConfigGolden, G3EmptyParentsAreFilled) {
  Check("G3-empty-parents", "yaml",
        {SetKeyEdit("authentication.anonymous.enabled", "false"),
         SetKeyEdit("authorization.mode", "\"Webhook\""), SetKeyEdit("logging.verbosity", "3"),
         SetKeyEdit("memorySwap.swapBehavior", "\"LimitedSwap\""), SetKeyEdit("evictionSoft", "{}"),
         SetKeyEdit("allowedUnsafeSysctls[0]", "\"kernel.msg*\"")});
}

TEST(ConfigGolden, G4NewStructureCopiesTheStepOfItsSiblings) {
  Check("G4-steps", "yaml",
        {SetKeyEdit("one.p.m", "1"), SetKeyEdit("three.a.p.m", "1"), SetKeyEdit("six.p.m", "1"),
         SetKeyEdit("deep.list[name=x].more.p", "1"),
         SetKeyEdit("deep.list[name=y].\"on\"", "true")});
}

TEST(ConfigGolden, G5NewListsStandWhereTheFilesListsStand) {
  Check("G5-dashes-at-key", "yaml",
        {SetKeyEdit("rules[0].verbs", "[\"watch\"]"),
         SetKeyEdit("rules[1]",
                    "{\"level\":\"Metadata\",\"resources\":[{\"group\":\"\",\"resources\":["
                    "\"secrets\"]}]}"),
         SetKeyEdit("omitStages", "[\"RequestReceived\"]")});
  Check("G5-dashes-indented", "yaml",
        {SetKeyEdit("rules[0].users[1]", "\"system:nodes\""),
         SetKeyEdit("rules[0].nonResourceURLs[1]", "\"/version\""),
         SetKeyEdit("rules[0].verbs", "[\"watch\"]"),
         SetKeyEdit("omitStages", "[\"RequestReceived\"]")});
}

TEST(ConfigGolden, G6AKeyGivenTwiceIsRefusedOnThePathOnly) {
  Check("G6-twice-elsewhere", "yaml", {SetKeyEdit("authentication.webhook.enabled", "true")});
  const std::string bytes = ReadGolden("G6-twice-elsewhere.in.yaml");
  EXPECT_EQ(Edited(bytes, SetKeyEdit("authentication.anonymous.enabled", "false")),
            "REFUSED cannot edit the config file (setConfigKey authentication.anonymous.enabled), "
            "it is unchanged: line 6: the key 'enabled' stands here a second time (first in line "
            "5); remove one");
  EXPECT_EQ(Edited(bytes, UnsetKeyEdit("authentication.anonymous.enabled")).substr(0, 7),
            "REFUSED");
}

TEST(ConfigGolden, G7DocumentsAreAddressedByKind) {
  Check("G7-kubeadm", "yaml",
        {SetKeyEdit("featureGates.ContainerCheckpoint", "false", "KubeletConfiguration"),
         SetKeyEdit("readOnlyPort", "0", "KubeletConfiguration"),
         SetKeyEdit("apiServer.extraArgs.profiling", "\"false\"", "ClusterConfiguration")});
}

TEST(ConfigGolden, G8QuotedKeysAreFound) {
  Check("G8-quoted-keys", "yaml",
        {SetKeyEdit("evictionHard.\"memory.available\"", "\"5%\""),
         SetKeyEdit("evictionHard['nodefs.available']", "\"10%\""),
         SetKeyEdit("authentication.anonymous.enabled", "false", "KubeletConfiguration")});
  Check("G8-kubelet", "json",
        {SetKeyEdit("authentication.anonymous.enabled", "false"),
         SetKeyEdit("authentication.anonymous.why", "null"),
         SetKeyEdit("authentication.x509.clientCAFile", "\"/etc/kubernetes/pki/ca.crt\""),
         SetKeyEdit("evictionHard.memory\\.available", "\"5%\""),
         SetKeyEdit("tlsCipherSuites[2]", "\"C\""), SetKeyEdit("clusterDNS", "[\"10.96.0.10\"]"),
         SetKeyEdit("readOnlyPort", "0")});
}

TEST(ConfigGolden, G9TheOnlyChildLeavesAnEmptyMap) {
  Check("G9-only-child", "yaml",
        {UnsetKeyEdit("authentication.anonymous.enabled"), UnsetKeyEdit("authentication.x509"),
         UnsetKeyEdit("authorization.mode"), UnsetKeyEdit("featureGates.A"),
         UnsetKeyEdit("plugins[name=x].path"), UnsetKeyEdit("plugins[1].configuration"),
         UnsetKeyEdit("clusterDNS"), UnsetKeyEdit("notThere.atAll")});
}

TEST(ConfigGolden, AFileThatEndsWithoutANewlineKeepsDoingSoBehindBlankLines) {
  EXPECT_EQ(Edited("a: 1\n\nb: 2", {UnsetKeyEdit("b")}), "a: 1");
  EXPECT_EQ(Edited("a: 1\r\n\r\nb: 2", {UnsetKeyEdit("b")}), "a: 1");
  EXPECT_EQ(Edited("x:\n- {a: 1}\n\n- {a: 2}", {SetKeyEdit("x", "[{\"a\":1}]")}), "x:\n- {a: 1}");
  EXPECT_EQ(Edited("a: 1\n\nb: 2\n", {UnsetKeyEdit("b")}), "a: 1\n\n");
}

}  // namespace
}  // namespace belay
