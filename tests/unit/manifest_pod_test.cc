// Reading pods and command lines as kubelet and the programs do.
#include <gtest/gtest.h>

#include "node-agent/manifest/pod.h"

namespace belay {
namespace {

TEST(ReadPod, GivesWhatBelayNeedsToKnow) {
  const auto pod = ReadPod(
      "kind: Pod\nmetadata: {name: a, namespace: kube-system}\nspec:\n  hostNetwork: true\n  "
      "containers:\n"
      "  - name: x\n    command: [kube-apiserver]\n    args: [--v=1, 2]\n"
      "    livenessProbe: {httpGet: {path: /livez, port: 1, httpHeaders: [{name: authorization, "
      "value: b}]}}\n"
      "    startupProbe: {httpGet: {path: /livez2}}\n    readinessProbe: {tcpSocket: {port: 1}}\n"
      "    volumeMounts: [{mountPath: /m, name: n}]\n");
  ASSERT_TRUE(pod.ok()) << pod.status();
  EXPECT_EQ(pod->name, "a");
  EXPECT_EQ(pod->name_space, "kube-system");
  EXPECT_TRUE(pod->host_network);
  ASSERT_EQ(pod->containers.size(), 1U);
  const ContainerFacts& container = pod->containers[0];
  EXPECT_EQ(Argv(container), (std::vector<std::string>{"kube-apiserver", "--v=1", "2"}));
  ASSERT_EQ(container.http_probes.size(), 2U);
  EXPECT_EQ(container.http_probes[0].which, "livenessProbe");
  EXPECT_TRUE(container.http_probes[0].sends_authorization);
  EXPECT_EQ(container.http_probes[1].path, "/livez2");
  EXPECT_FALSE(container.http_probes[1].sends_authorization);
  EXPECT_EQ(container.mount_paths, std::vector<std::string>{"/m"});
}

TEST(ReadPod, PutsPodsWithoutNamespaceIntoDefault) {
  EXPECT_EQ(ReadPod("kind: Pod\nmetadata: {name: a}\nspec: {}\n")->name_space, "default");
}

TEST(ReadPod, RefusesWhatIsNoPod) {
  for (const char* const bytes :
       {"", "kind: Service\nspec: {}\n", "- a\n", "kind: Pod\n", "kind: Pod\nspec: []\n"}) {
    EXPECT_FALSE(ReadPod(bytes).ok()) << bytes;
  }
}

TEST(FlagValue, ReadsFlagsAsTheProgramDoes) {
  const std::vector<std::string> argv = {"/go-runner", "--v=9",       "/usr/bin/kube-apiserver",
                                         "--v=1",      "--profiling", "--etcd_servers",
                                         "a,b",        "--x=k=v",     "--x=",
                                         "-y=3",       "--z",         "--",
                                         "--w=1"};
  EXPECT_EQ(FlagValue(argv, "v"), "1");
  EXPECT_EQ(FlagValue(argv, "profiling"), "true");
  EXPECT_EQ(FlagValue(argv, "etcd-servers"), "a,b");
  EXPECT_EQ(FlagValue(argv, "x"), "");
  EXPECT_EQ(FlagValue(argv, "y"), "3");
  EXPECT_EQ(FlagValue(argv, "z"), "true");
  EXPECT_EQ(FlagValue(argv, "w"), std::nullopt);
  EXPECT_EQ(FlagValue(argv, "etcd"), std::nullopt);
  EXPECT_EQ(FlagValue({"kube-apiserver", "--profiling", "false"}, "profiling"), "true");
}

TEST(ArgvMatches, NeedsEveryArgumentBehindTheBinary) {
  const std::vector<std::string> argv = {"kube-apiserver", "--a=1", "--b=2"};
  EXPECT_TRUE(ArgvMatches(argv, argv, "kube-apiserver"));
  EXPECT_FALSE(ArgvMatches(argv, {"kube-apiserver", "--a=1"}, "kube-apiserver"));
  EXPECT_FALSE(ArgvMatches(argv, {"kube-apiserver", "--b=2", "--a=1"}, "kube-apiserver"));
  EXPECT_FALSE(ArgvMatches(argv, {"kube-apiserver", "--a=1", "--b=2", "--c=3"}, "kube-apiserver"));
  EXPECT_FALSE(ArgvMatches(argv, {"kube-apiserver", "--a=1", "--b=3"}, "kube-apiserver"));
  EXPECT_FALSE(ArgvMatches({}, {}, "kube-apiserver"));
}

TEST(ArgvMatches, SeesThroughWrappersAndEntryPoints) {
  EXPECT_TRUE(ArgvMatches({"/go-runner", "--x", "/bin/kube-apiserver", "--a"},
                          {"/bin/kube-apiserver", "--a"}, "kube-apiserver"));
  EXPECT_FALSE(ArgvMatches({"/go-runner", "--x", "/bin/kube-apiserver", "--a"},
                           {"/bin/kube-apiserver", "--b"}, "kube-apiserver"));
  EXPECT_FALSE(ArgvMatches({"/go-runner", "--x", "--a"}, {"--a"}, "kube-apiserver"));
  EXPECT_TRUE(ArgvMatches({"--a"}, {"/bin/etcd", "--a"}, "etcd"));
  EXPECT_FALSE(ArgvMatches({"--a"}, {"/bin/other", "--a"}, "etcd"));
}

TEST(ArgvMatches, ReadsTheWordsOfAScript) {
  const std::vector<std::string> argv = {"/bin/sh", "-c",
                                         "exec /bin/kube-apiserver --v=2 --x=$IP 2>&1"};
  EXPECT_TRUE(ArgvMatches(argv, {"/bin/kube-apiserver", "--v=2", "--x=1"}, "kube-apiserver"));
  EXPECT_FALSE(ArgvMatches(argv, {"/bin/kube-apiserver", "--v=3", "--x=1"}, "kube-apiserver"));
  EXPECT_FALSE(ArgvMatches(argv, {"/bin/kube-apiserver", "--v=2"}, "kube-apiserver"));
  EXPECT_EQ(FlagValue(argv, "v"), "2");
}

TEST(ArgvMatches, EndsQuicklyWhateverTheVariables) {
  std::string item;
  for (int i = 0; i < 5000; ++i) item += "$(A)a";
  EXPECT_FALSE(ArgvMatches({"etcd", item + "b"}, {"etcd", std::string(100000, 'a')}, "etcd"));
  EXPECT_TRUE(ArgvMatches({"etcd", item}, {"etcd", std::string(100000, 'a')}, "etcd"));
}

TEST(ReadPod, WritesAliasesOut) {
  const auto pod = ReadPod(
      "x: &base {hostNetwork: yes}\nkind: Pod\nspec:\n  <<: *base\n  containers:\n  - name: a\n    "
      "command: "
      "&c [a, --v=1]\n  - name: b\n    command: *c\n");
  ASSERT_TRUE(pod.ok()) << pod.status();
  EXPECT_TRUE(pod->host_network);
  EXPECT_EQ(pod->containers[1].command, (std::vector<std::string>{"a", "--v=1"}));
}

TEST(ReadPod, ReadsBooleansAsKubeletDoes) {
  EXPECT_TRUE(ReadPod("kind: Pod\nspec: {hostNetwork: yes}\n")->host_network);
  EXPECT_TRUE(ReadPod("kind: Pod\nspec: {hostNetwork: On}\n")->host_network);
  EXPECT_FALSE(ReadPod("kind: Pod\nspec: {hostNetwork: off}\n")->host_network);
  EXPECT_FALSE(ReadPod("kind: Pod\nspec: {hostNetwork: tRue}\n")->host_network);
}

TEST(ArgvMatches, LetsVariablesBeAnythingInTheirPlace) {
  EXPECT_TRUE(ArgvMatches({"etcd", "--ip=$(IP):1"}, {"etcd", "--ip=10.0.0.1:1"}, "etcd"));
  EXPECT_FALSE(ArgvMatches({"etcd", "--ip=$(IP):1"}, {"etcd", "--ip=10.0.0.1:2"}, "etcd"));
  EXPECT_TRUE(ArgvMatches({"etcd", "--x=$$(IP)"}, {"etcd", "--x=$(IP)"}, "etcd"));
  EXPECT_FALSE(ArgvMatches({"etcd", "--x=$$(IP)"}, {"etcd", "--x=1"}, "etcd"));
}

}  // namespace
}  // namespace belay
