#include "node-agent/change/value_rules.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace belay {
namespace {

std::string Pod(const std::string& program, const std::vector<std::string>& flags) {
  std::string yaml =
      "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: kube-system}\nspec:\n"
      "  containers:\n  - name: " +
      program + "\n    command:\n    - " + program + "\n";
  for (const std::string& flag : flags) yaml += "    - \"" + flag + "\"\n";
  return yaml;
}

PathChange Of(const std::string& manifest, const std::string& before, const std::string& after) {
  PathChange change;
  change.path = "/etc/kubernetes/file";
  change.manifest = manifest;
  change.before = {!before.empty(), before, {}};
  change.after = {!after.empty(), after, {}};
  return change;
}

std::size_t Broken(const PathChange& change, const std::vector<std::string>& texts) {
  std::vector<ValueRule> rules;
  for (const std::string& text : texts) rules.push_back(*ParseValueRule(text));
  return FindForbiddenValues({change}, rules).size();
}

std::size_t BrokenByFlags(const std::string& program, const std::vector<std::string>& before,
                          const std::vector<std::string>& after,
                          const std::vector<std::string>& rules = DefaultForbiddenValues()) {
  return Broken(Of(program, Pod(program, before), Pod(program, after)), rules);
}

std::size_t BrokenByFile(const std::string& before, const std::string& after,
                         const std::vector<std::string>& rules = DefaultForbiddenValues()) {
  return Broken(Of("", before, after), rules);
}

TEST(ValueRules, AValueThatOpensTheApiServerIsFoundHoweverItIsWritten) {
  const std::vector<std::string> good = {"--anonymous-auth=false",
                                         "--authorization-mode=Node,RBAC"};
  EXPECT_EQ(BrokenByFlags("kube-apiserver", good, good), 0U);
  for (const std::vector<std::string>& bad : std::vector<std::vector<std::string>>{
           {"--anonymous-auth=true", "--authorization-mode=Node,RBAC"},
           {"--anonymous-auth=True", "--authorization-mode=Node,RBAC"},
           {"--anonymous_auth=1", "--authorization-mode=Node,RBAC"},
           {"--anonymous-auth", "--authorization-mode=Node,RBAC"},
           {"--anonymous-auth=false", "--authorization-mode=Node,AlwaysAllow"},
           {"--anonymous-auth=false", "--authorization-mode=Node", "--authorization-mode",
            "AlwaysAllow"},
           {"--anonymous-auth=false", "--authorization-mode=AlwaysAllow",
            "--authorization-mode=RBAC"}}) {
    EXPECT_EQ(BrokenByFlags("kube-apiserver", good, bad), 1U) << bad.front() << bad.back();
  }
}

TEST(ValueRules, AFlagTakenAwayCountsWithWhatItMeansThen) {
  EXPECT_EQ(
      BrokenByFlags("kube-apiserver", {"--anonymous-auth=false", "--authorization-mode=RBAC"}, {}),
      2U);
  EXPECT_EQ(BrokenByFlags("etcd", {"--client-cert-auth=true", "--peer-client-cert-auth"}, {}), 2U);
  EXPECT_EQ(BrokenByFlags("kube-apiserver", {"--authorization-mode=RBAC"},
                          {"--authorization-config=/etc/kubernetes/authz.yaml"}),
            1U)
      << "and nobody knows what";
}

TEST(ValueRules, WhatIsSoAlreadyIsNotTheStepsDoing) {
  EXPECT_EQ(BrokenByFlags("kube-apiserver", {}, {"--profiling=false"}), 0U);
  EXPECT_EQ(BrokenByFlags("kube-apiserver", {},
                          {"--anonymous-auth=true", "--authorization-mode=AlwaysAllow"}),
            0U);
  EXPECT_EQ(BrokenByFlags("kube-apiserver", {"--anonymous-auth=true"}, {"--anonymous-auth=false"}),
            0U);
}

TEST(ValueRules, ARuleWithoutAValueLetsTheFlagGoButNotCome) {
  EXPECT_EQ(BrokenByFlags("kube-apiserver", {}, {"--token-auth-file=/x"}), 1U);
  EXPECT_EQ(BrokenByFlags("kube-apiserver", {"--token-auth-file=/x"}, {"--token-auth-file=/y"}),
            1U);
  EXPECT_EQ(
      BrokenByFlags("kube-apiserver", {"--token-auth-file=/x"}, {"--token-auth-file=/x", "--v=2"}),
      0U);
  EXPECT_EQ(BrokenByFlags("kube-apiserver", {"--token-auth-file=/x"}, {}), 0U);
  EXPECT_EQ(BrokenByFlags("kube-scheduler", {}, {"--token-auth-file=/x"}), 0U) << "of another";
}

constexpr const char* kKubelet =
    "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";

TEST(ValueRules, AKeyOfAConfigFileIsFoundWhetherSetAloneOrWithTheWholeFile) {
  const std::string head = kKubelet;
  const std::string good = head + "authentication: {anonymous: {enabled: false}}\n";
  EXPECT_EQ(BrokenByFile(good, good + "v: 1\n"), 0U);
  EXPECT_EQ(BrokenByFile(good, head + "authentication: {anonymous: {enabled: true}}\n"), 1U);
  EXPECT_EQ(BrokenByFile(good, head + "authentication: {anonymous: {enabled: yes}}\n"), 1U)
      << "YAML 1.1, as kubelet reads it";
  EXPECT_EQ(
      BrokenByFile(
          "",
          "{\"kind\": \"KubeletConfiguration\", \"authorization\": {\"mode\": \"AlwaysAllow\"}}"),
      1U);
  EXPECT_EQ(BrokenByFile("", "kind: Other\n---\n" + head + "authorization: {mode: AlwaysAllow}\n"),
            1U);
  EXPECT_EQ(BrokenByFile("", "kind: Other\nauthorization: {mode: AlwaysAllow}\n"), 0U);
  EXPECT_EQ(
      BrokenByFile(
          "",
          "kind: AuthorizationConfiguration\nauthorizers: [{type: Node}, {type: AlwaysAllow}]\n"),
      1U);
}

TEST(ValueRules, QuotesHideNoItemOfAList) {
  for (const char* value : {"Node,\"AlwaysAllow\"", "\"AlwaysAllow\"", "Node,\"AlwaysAllow\"x"}) {
    const std::string yaml_value = std::string("--authorization-mode=") + value;
    std::string escaped;
    for (const char c : yaml_value) escaped += c == '"' ? std::string("\\\"") : std::string(1, c);
    EXPECT_EQ(
        BrokenByFlags("kube-apiserver", {"--anonymous-auth=false", "--authorization-mode=Node"},
                      {"--anonymous-auth=false", escaped}),
        1U)
        << value;
  }
}

TEST(ValueRules, ARiddleIsNotTakenForAnInnocentFile) {
  const std::vector<std::string> rule = {"AuthorizationConfiguration authorizers.type=AlwaysAllow"};
  for (const char* text :
       {"kind: AuthorizationConfiguration\nauthorizers: [{type: !!str AlwaysAllow}]\n",
        "kind: AuthorizationConfiguration\nx: &a AlwaysAllow\nauthorizers: [{type: *a}]\n",
        "!!binary a2luZA==: AuthorizationConfiguration\nauthorizers: [{type: AlwaysAllow}]\n",
        "? \"k\\u0069nd\"\n: !!str AuthorizationConfiguration\nauthorizers: [{type: "
        "AlwaysAllow}]\n"}) {
    EXPECT_EQ(BrokenByFile("", text, rule), 1U) << text;
  }
  EXPECT_EQ(
      BrokenByFile("", "-----BEGIN CERTIFICATE-----\nMIIB: {\n-----END CERTIFICATE-----\n", rule),
      0U);
  EXPECT_EQ(BrokenByFile("", "global: [\n  not yaml\n", rule), 0U);
}

TEST(ValueRules, AFileInsteadOfAFlagMustSayIt) {
  const std::vector<std::string> open = {"--authentication-config=/etc/kubernetes/authn.yaml",
                                         "--authorization-mode=RBAC"};
  const PathChange pod =
      Of("kube-apiserver",
         Pod("kube-apiserver", {"--anonymous-auth=false", "--authorization-mode=RBAC"}),
         Pod("kube-apiserver", open));
  std::vector<ValueRule> rules;
  for (const std::string& text : DefaultForbiddenValues()) rules.push_back(*ParseValueRule(text));
  const auto with = [&](const std::string& file) {
    return FindForbiddenValues({Of("", "", file), pod}, rules).size();
  };
  const std::string head = "kind: AuthenticationConfiguration\n";
  EXPECT_EQ(FindForbiddenValues({pod}, rules).size(), 1U) << "nobody knows what the file says";
  EXPECT_EQ(with(head + "jwt: []\n"), 1U) << "without the section the flag's default is in force";
  EXPECT_EQ(with(head + "anonymous: {enabled: false}\n"), 0U);
  EXPECT_EQ(with(head + "anonymous: {enabled: true}\n"), 1U);
  EXPECT_EQ(with(head + "anonymous: {enabled: true, conditions: [{path: /livez}]}\n"), 0U);
  EXPECT_EQ(BrokenByFlags("kube-apiserver", open, {open[0], open[1], "--v=2"}), 0U);
  EXPECT_EQ(BrokenByFlags("etcd", {"--client-cert-auth=true"},
                          {"--client-cert-auth=true", "--config-file=/etc/kubernetes/etcd.yaml"},
                          {"etcd --config-file"}),
            1U)
      << "etcd reads its flags no more";
}

TEST(ValueRules, NotARuleIsRefused) {
  for (const char* text : {"", "kube-apiserver", "--anonymous-auth=true", "kube-apiserver --",
                           "a  --b", "a -b=c d", "kube-apiserver --x\n=1"}) {
    EXPECT_FALSE(ParseValueRule(text).ok()) << text;
  }
  EXPECT_EQ(*ParseValueRule("kube-apiserver --anonymous-auth=T")->value, "true");
  EXPECT_TRUE(ParseValueRule("etcd --name=")->value.has_value());
  for (const std::string& text : DefaultForbiddenValues()) EXPECT_TRUE(ParseValueRule(text).ok());
}

TEST(ValueRules, TheRefusalNamesTheFileTheRuleAndWhereItStands) {
  const std::vector<std::string> said =
      FindForbiddenValues({Of("kube-apiserver", Pod("kube-apiserver", {"--anonymous-auth=false"}),
                              Pod("kube-apiserver", {"--anonymous-auth=true"}))},
                          {*ParseValueRule("kube-apiserver --anonymous-auth=true")});
  ASSERT_EQ(said.size(), 1U);
  for (const char* word : {"/etc/kubernetes/file", "\"kube-apiserver --anonymous-auth=true\"",
                           "forbidden_values", "agent.yaml"}) {
    EXPECT_NE(said[0].find(word), std::string::npos) << word;
  }
}

}  // namespace
}  // namespace belay
