// What a boot in the shadow is given, and what follows from it.
#include "node-agent/shadow/shadow_decision.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "node-agent/shadow/shadow_arguments.h"
#include "node-agent/shadow/shadow_request.h"

namespace belay {
namespace {

std::string Rewritten(const std::vector<std::string>& argv) {
  const auto out = ShadowArguments(argv);
  return out.ok() ? absl::StrJoin(*out, " ") : std::string(out.status().message());
}

TEST(ShadowArguments, TheRealEtcdIsReplacedInEverySpelling) {
  for (const std::vector<std::string>& etcd : std::vector<std::vector<std::string>>{
           {"--etcd-servers=https://10.0.0.1:2379"},
           {"--etcd-servers", "https://10.0.0.1:2379"},
           {"-etcd_servers=https://10.0.0.1:2379"},
           {"--etcd_servers", "https://10.0.0.1:2379"},
           {"--etcd-servers-overrides=/events#https://10.0.0.1:2379"},
           {"--etcd-cafile=/10.0.0.1"},
           {"--etcd-certfile", "/10.0.0.1"},
           {"--etcd-keyfile=/10.0.0.1"},
           {"--egress-selector-config-file=/10.0.0.1"},
           {"--etcd-servers=x", "--etcd-servers=https://10.0.0.1:2379"}}) {
    std::vector<std::string> argv = {"kube-apiserver", "--a=b"};
    argv.insert(argv.end(), etcd.begin(), etcd.end());
    argv.emplace_back("--c=d");
    EXPECT_EQ(Rewritten(argv),
              "kube-apiserver --etcd-servers=http://127.0.0.1:2379 --endpoint-reconciler-type=none "
              "--advertise-address=127.0.0.1 --a=b --c=d")
        << etcd.front();
  }
}

// What stands behind "--" is no flag for the server either.
TEST(ShadowArguments, OursStandInFront) {
  EXPECT_EQ(Rewritten({"/go-runner", "--log", "/usr/bin/kube-apiserver",
                       "--advertise-address=10.0.0.1", "--", "x"}),
            "/usr/bin/kube-apiserver --etcd-servers=http://127.0.0.1:2379 "
            "--endpoint-reconciler-type=none --advertise-address=10.0.0.1 -- x");
}

TEST(ShadowArguments, AnAddressOfTheMachineIsEveryAddressOfAnotherNetwork) {
  const auto bound = [](const std::string& to) {
    return Rewritten({"kube-apiserver", "--bind-address=" + to, "--advertise-address=x"});
  };
  EXPECT_TRUE(absl::StrContains(bound("10.0.0.1"), "--bind-address=0.0.0.0 "));
  EXPECT_TRUE(absl::StrContains(bound("fd00::1"), "--bind-address=:: "));
  EXPECT_TRUE(absl::StrContains(bound("127.0.0.1"), "--bind-address=127.0.0.1 "));
  EXPECT_TRUE(absl::StrContains(Rewritten({"kube-apiserver", "--bind-address=10.0.0.1"}),
                                "--advertise-address=10.0.0.1"));
  EXPECT_TRUE(
      absl::StrContains(Rewritten({"kube-apiserver", "--service-cluster-ip-range=fd00::/112"}),
                        "--advertise-address=::1"));
}

TEST(ShadowArguments, WhatIsNotSeenIsNotBooted) {
  EXPECT_FALSE(ShadowArguments({"sh", "-c", "kube-apiserver --a"}).ok());
  EXPECT_FALSE(ShadowArguments({"kube-apiserver", "--advertise-address=$(IP)"}).ok());
}

v1::ComponentExpectation Component() {
  v1::ComponentExpectation component;
  component.set_component("kube-apiserver");
  for (const char* element : {"kube-apiserver", "--advertise-address=10.0.0.1", "--new=1",
                              "--audit-log-path=/var/log/audit/audit.log"}) {
    component.add_argv_after(element);
  }
  component.add_argv_before("kube-apiserver");
  component.mutable_health_after()->set_port(6443);
  component.mutable_health_before()->set_port(6444);
  return component;
}

v1::FileChange* AddFile(const std::string& path, bool exists, StepPlan* plan) {
  v1::FileChange* const change = plan->prepared.add_changes();
  change->set_path(path);
  change->mutable_after()->set_exists(exists);
  change->mutable_after()->set_mode(0100640);
  change->mutable_after()->set_uid(7);
  if (exists) plan->after_bytes[path] = "bytes of " + path;
  return change;
}

TEST(ShadowRequest, FilesAreWhereTheirMountsShowThem) {
  ContainerFacts before;
  before.mounts = {{"/pki/", "/etc/kubernetes/pki", "", true}, {"/old", "/old"}};
  ContainerFacts after;
  after.mounts = {{"/pki/", "/etc/kubernetes/pki", "", true},
                  {"/audit/deep", "/etc/audit/deep"},
                  {"/audit", "/etc/audit/"},
                  {"/one", "/etc/one.yaml", "FileOrCreate"}};
  StepPlan plan;
  AddFile("/etc/kubernetes/pki/a/ca.crt", true, &plan);
  AddFile("/etc/audit/policy.yaml", true, &plan);
  AddFile("/etc/one.yaml", true, &plan);
  AddFile("/etc/kubernetes/pki2/unseen", true, &plan);
  AddFile("/etc/audit/gone", false, &plan);
  AddFile("/etc/kubernetes/manifests/kube-apiserver.yaml", true, &plan)->set_is_manifest(true);
  const auto request = CandidateRequest(Component(), before, after, plan);
  ASSERT_TRUE(request.ok()) << request.status();
  std::vector<std::string> files;
  for (const v1::ShadowFile& file : request->files()) {
    files.push_back(file.path());
    EXPECT_EQ(file.mode(), 0640u);
    EXPECT_EQ(file.uid(), 7u);
  }
  EXPECT_EQ(files, (std::vector<std::string>{"/pki/a/ca.crt", "/audit/policy.yaml", "/one"}));
  EXPECT_EQ(request->files(1).content(), "bytes of /etc/audit/policy.yaml");
  EXPECT_EQ(absl::StrJoin(request->hidden(), " "), "/var/log/audit/audit.log /old /audit/gone");
  EXPECT_EQ(absl::StrJoin(request->writable(), " "), "/tmp /var/run/kubernetes /var/log/audit");
  std::vector<std::string> mounts;
  for (const v1::ShadowMount& mount : request->mounts()) {
    mounts.push_back(mount.path() + "<" + mount.host_path() + (mount.file() ? " file" : ""));
  }
  EXPECT_EQ(mounts, (std::vector<std::string>{"/one</etc/one.yaml file", "/audit</etc/audit",
                                              "/audit/deep</etc/audit/deep"}));
  EXPECT_EQ(request->health().port(), 6443u);
  EXPECT_TRUE(absl::StrContains(absl::StrJoin(request->argv(), " "), "--new=1"));
}

TEST(ShadowRequest, TheBaselineIsWhatIs) {
  const auto request = BaselineRequest(Component());
  ASSERT_TRUE(request.ok());
  EXPECT_FALSE(absl::StrContains(absl::StrJoin(request->argv(), " "), "--new=1"));
  EXPECT_EQ(request->health().port(), 6444u);
  EXPECT_EQ(request->files_size() + request->mounts_size(), 0);
}

v1::ShadowResult Ended(v1::ShadowResult::End end) {
  v1::ShadowResult result;
  result.set_end(end);
  result.set_seconds(end == v1::ShadowResult::NOT_READY ? 60 : 1.25);
  result.set_exit_code(1);
  result.set_why("no room");
  result.set_answer("status 500: [-]etcd");
  result.set_log("one\npanic: first\ntwo\nthree\n\x1b[2Jfour\nbad policy\n\n");
  return result;
}

TEST(ShadowDecision, TheWholeTable) {
  using End = v1::ShadowResult;
  using Kind = ShadowDecision::Kind;
  const absl::Status none = absl::UnavailableError("no namespaces");
  const std::vector<ShadowAnswer> answers = {none,
                                             Ended(End::NOT_BOOTED),
                                             Ended(End::READY),
                                             Ended(End::EXITED),
                                             Ended(End::NOT_READY),
                                             Ended(End::SILENT)};
  for (std::size_t candidate = 0; candidate < answers.size(); ++candidate) {
    const bool own = candidate == 3 || candidate == 4;
    EXPECT_EQ(NeedsBaseline(answers[candidate]), own) << candidate;
    for (std::size_t baseline = 0; baseline <= answers.size(); ++baseline) {
      const auto given = baseline == answers.size()
                             ? std::nullopt
                             : std::optional<ShadowAnswer>(answers[baseline]);
      const Kind expected = candidate == 2         ? Kind::Passed
                            : own && baseline == 2 ? Kind::Refuse
                                                   : Kind::NotDone;
      EXPECT_EQ(DecideShadow(answers[candidate], given).kind, expected)
          << candidate << " " << baseline;
    }
  }
}

TEST(ShadowDecision, WhatMayOnlyBeSlowIsNotRefused) {
  using Kind = ShadowDecision::Kind;
  v1::ShadowResult now = Ended(v1::ShadowResult::READY);
  const v1::ShadowResult never = Ended(v1::ShadowResult::NOT_READY);
  now.set_seconds(30);
  EXPECT_EQ(DecideShadow(never, now).kind, Kind::Refuse);
  now.set_seconds(30.5);
  const ShadowDecision slow = DecideShadow(never, now);
  EXPECT_EQ(slow.kind, Kind::NotDone);
  EXPECT_TRUE(absl::StrContains(slow.text, "only be slow")) << slow.text;
  EXPECT_EQ(DecideShadow(Ended(v1::ShadowResult::EXITED), now).kind, Kind::Refuse)
      << "what ends by itself is not slow";
}

TEST(ShadowDecision, ARefusalHasTheServersLastWordsAndNoControlCharacters) {
  const std::string text =
      DecideShadow(Ended(v1::ShadowResult::EXITED), Ended(v1::ShadowResult::READY)).text;
  EXPECT_TRUE(absl::StrContains(text, "panic: first | three | \\x1b[2Jfour | bad policy")) << text;
  EXPECT_FALSE(absl::StrContains(text, "| two"));
  EXPECT_TRUE(absl::StrContains(text, "with code 1"));
  EXPECT_TRUE(absl::StrContains(text, "Nothing was changed"));
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  v1::ShadowResult error = Ended(v1::ShadowResult::EXITED);
  error.set_log("one\ntwo\nError: bad policy\n");
  EXPECT_TRUE(absl::StrContains(DecideShadow(error, Ended(v1::ShadowResult::READY)).text,
                                "its last words: Error: bad policy."));
  v1::ShadowResult long_words = Ended(v1::ShadowResult::EXITED);
  long_words.set_log(std::string(100'000, 'x'));
  EXPECT_LT(DecideShadow(long_words, Ended(v1::ShadowResult::READY)).text.size(), 1000u);
  EXPECT_TRUE(absl::StrContains(
      DecideShadow(Ended(v1::ShadowResult::NOT_READY), Ended(v1::ShadowResult::READY)).text,
      "status 500: [-]etcd"));
}

}  // namespace
}  // namespace belay
