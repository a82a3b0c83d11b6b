// What is known of a changed manifest before it is published, and what is refused.
#include "node-agent/health/expectation.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "node-agent/health/host_paths.h"

namespace belay {
namespace {

ContainerFacts Container(const std::vector<std::string>& argv) {
  ContainerFacts container;
  container.name = argv[0];
  container.command = argv;
  container.mounts = {{"/etc/kubernetes/pki", "/srv/pki"}, {"/etc/kubernetes/pki/own", ""}};
  return container;
}

struct Processes : ProcessTable {
  std::vector<Process> List(const std::string&) const override { return list; }
  bool OwnsListener(std::int64_t pid, const std::string&, std::uint32_t) const override {
    return pid == listener;
  }
  std::int64_t listener = 0;
  std::vector<Process> list;
};

class Expectations : public ::testing::Test {
 protected:
  Expectations() {
    change_.manifest = "kube-scheduler";
    change_.path = "/m/kube-scheduler.yaml";
    change_.before.name = change_.manifest;
    change_.before.name_space = "kube-system";
    change_.before.host_network = true;
    change_.before.containers = {Container({"kube-scheduler", "--profiling=true"})};
    change_.after = change_.before;
  }
  void NewArguments() { change_.after.containers[0].command.back() = "--profiling=false"; }
  absl::StatusOr<v1::ComponentExpectation> Expect() { return ExpectationOf(change_, processes_); }

  ManifestChange change_;
  Processes processes_;
};

TEST_F(Expectations, HoldWhatTheGateNeeds) {
  NewArguments();
  processes_.list = {{5, 1, {"kube-scheduler", "--profiling=true"}, "a"}};
  const auto expectation = Expect();
  ASSERT_TRUE(expectation.ok()) << expectation.status();
  EXPECT_EQ(expectation->component(), "kube-scheduler");
  EXPECT_EQ(expectation->pod(), "kube-system_kube-scheduler");
  EXPECT_EQ(expectation->container(), "kube-scheduler");
  EXPECT_EQ(expectation->pod_uid_before(), "a");
  EXPECT_EQ(expectation->health_after().port(), 10259U);
  EXPECT_FALSE(expectation->reads_changed_files());
}

TEST_F(Expectations, OnlyAPodThatIsCertainIsRemembered) {
  NewArguments();
  const std::vector<std::string> old = {"kube-scheduler", "--profiling=true"};
  processes_.list = {{5, 1, old, "a"}, {6, 2, old, "b"}};
  EXPECT_EQ(Expect()->pod_uid_before(), "");
  processes_.listener = 6;  // the other one drains
  EXPECT_EQ(Expect()->pod_uid_before(), "b");
  processes_.listener = 0;
  processes_.list = {{5, 1, {"kube-scheduler", "--profiling=false"}, "b"}, {6, 2, old, "a"}};
  EXPECT_EQ(Expect()->pod_uid_before(), "a");
}

TEST_F(Expectations, AStepThatCouldNotBeToldFromTheOldIsRefused) {
  processes_.list = {{5, 1, {"kube-scheduler", "--profiling=true"}}};
  const auto refused = Expect();
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.status().message().find("set a flag in the same step"), std::string::npos);
  processes_.list[0].pod_uid = "a";
  EXPECT_TRUE(Expect().ok());
}

TEST_F(Expectations, FilesTheOldPodSeesAreRemembered) {
  NewArguments();
  change_.other_paths = {"/srv/pki2/x", "/etc/x"};
  EXPECT_FALSE(Expect()->reads_changed_files());
  for (const char* path : {"/srv/pki/x", "/srv/pki"}) {
    change_.other_paths = {path};
    EXPECT_TRUE(Expect()->reads_changed_files()) << path;
  }
}

TEST_F(Expectations, WhatCannotBeProvedIsRefused) {
  NewArguments();
  ManifestChange whole = change_;
  change_.after.host_network = false;
  EXPECT_FALSE(Expect().ok());
  change_ = whole;
  change_.after.containers[0].name = "other";
  EXPECT_FALSE(Expect().ok());
}

TEST_F(Expectations, AFileThatTheComponentWouldNotFindIsRefused) {
  ContainerFacts& after = change_.after.containers[0];
  after.mount_paths = {"/etc/kubernetes/pki", "/etc/kubernetes/pki/own/"};
  change_.will_exist = [](const std::string& path) { return path == "/srv/pki/a"; };
  const auto refused = [this](const std::string& flag, const std::string& value) {
    change_.after.containers[0].command.back() = absl::StrCat("--", flag, "=", value);
    change_.touched_flags = {flag};
    return !Expect().ok();
  };
  EXPECT_TRUE(refused("client-ca-file", "/etc/kubernetes/other/a"));
  EXPECT_TRUE(refused("client-ca-file", "/etc/kubernetes/pki2/a"));
  EXPECT_TRUE(refused("client-ca-file", "/etc/kubernetes/pki/b"));
  EXPECT_TRUE(refused("kubeconfig", "/etc/kubernetes/scheduler.conf"));
  EXPECT_TRUE(refused("service-account-key-file", "/etc/kubernetes/pki/a,/etc/x"));
  EXPECT_FALSE(refused("client-ca-file", "/etc/kubernetes/pki/a"));
  EXPECT_FALSE(refused("client-ca-file", "/etc/kubernetes/pki/own/b"));  // no volume of the host's
  EXPECT_FALSE(refused("client-ca-file", "relative"));
  EXPECT_FALSE(refused("audit-log-path", "/var/log/a"));  // written
  EXPECT_FALSE(refused("log-file", "/var/log/a"));
  refused("client-ca-file", "/etc/kubernetes/other/a");
  change_.touched_flags.clear();  // it has been so before, and runs
  EXPECT_TRUE(Expect().ok());
}

// H5f: kubelet waits for ever for a file that the mount says is there.
TEST_F(Expectations, AMountOfWhatTheNodeDoesNotHaveIsRefused) {
  NewArguments();
  processes_.list = {{5, 1, {"kube-scheduler", "--profiling=true"}, "a"}};
  change_.will_exist = [](const std::string& path) { return path != "/absent"; };
  change_.will_be_folder = [](const std::string& path) { return path == "/folder"; };
  const auto refused = [&](const std::string& source, const std::string& type) {
    ManifestChange change = change_;
    change.after.containers[0].mounts.push_back({"/x", source, type});
    return !ExpectationOf(change, processes_).ok();
  };
  EXPECT_TRUE(refused("/absent", "File"));
  EXPECT_TRUE(refused("/folder", "File"));
  EXPECT_FALSE(refused("/file", "File"));
  EXPECT_TRUE(refused("/absent", "Directory"));
  EXPECT_TRUE(refused("/file", "Directory"));
  EXPECT_FALSE(refused("/folder", "Directory"));
  for (const char* type : {"", "FileOrCreate", "DirectoryOrCreate", "Socket"}) {
    EXPECT_FALSE(refused("/absent", type)) << type;
  }
  change_.before.containers[0].mounts.push_back({"/x", "/absent", "File"});
  EXPECT_FALSE(refused("/absent", "File")) << "the step did not bring it";
}

// H5b to H5e: the server would run, look well, and keep no trail.
TEST(AuditLog, IsRefusedWhereNothingWouldBeWrittenOrKept) {
  ManifestChange change;
  change.manifest = "kube-apiserver";
  change.touched_flags = {"audit-log-path"};
  change.will_be_folder = [](const std::string& path) { return path == "/srv/log/folder"; };
  const auto said = [&](const std::string& path, const std::string& more, bool read_only = false) {
    ContainerFacts after = Container({"kube-apiserver", "--audit-log-path=" + path, more});
    after.mounts = {{"/var/log", "/srv/log", "DirectoryOrCreate", read_only}};
    return std::string(RefuseUnkeptAuditLog(change, after).message());
  };
  const std::string policy = "--audit-policy-file=/p";
  EXPECT_EQ(said("/var/log/audit.log", policy), "");
  EXPECT_EQ(said("-", policy), "") << "standard output";
  EXPECT_EQ(said("", "--x"), "") << "switched off";
  EXPECT_NE(said("/var/log/audit.log", "--x").find("never writes"), std::string::npos);
  EXPECT_NE(said("/var/logs/audit.log", policy).find("no mount"), std::string::npos);
  EXPECT_NE(said("/var/log/audit.log", policy, true).find("read-only"), std::string::npos);
  EXPECT_NE(said("/var/log/folder", policy).find("folder /srv/log/folder"), std::string::npos);
  change.touched_flags = {"profiling"};
  EXPECT_EQ(said("/var/logs/audit.log", "--x"), "") << "the step did not bring it";
}

class AnonymousProbes : public Expectations {
 protected:
  AnonymousProbes() {
    change_.manifest = "kube-apiserver";
    change_.before.containers = {Container({"kube-apiserver", "--profiling=true"})};
    change_.after = change_.before;
  }
  bool Refused(const HttpProbeFacts& probe, const std::string& flag) {
    change_.after.containers[0].http_probes = {probe};
    change_.after.containers[0].command.back() = flag;
    return !Expect().ok();
  }
};

TEST_F(AnonymousProbes, AreRefusedWhereTheServerWouldNotAnswerThem) {
  const HttpProbeFacts live{"livenessProbe", "/livez", false, "10.0.0.1", 6443, true};
  for (const char* off : {"--anonymous-auth=false", "--anonymous-auth=0", "--anonymous-auth=F"}) {
    EXPECT_TRUE(Refused(live, off)) << off;
  }
  EXPECT_FALSE(Refused(live, "--anonymous-auth=true"));
  HttpProbeFacts other = live;
  other.sends_authorization = true;
  EXPECT_FALSE(Refused(other, "--anonymous-auth=false"));
  other = live;
  other.port = 8080;  // of a helper beside it
  EXPECT_FALSE(Refused(other, "--anonymous-auth=false"));
  other.port = 0;  // a name that cannot be resolved
  EXPECT_TRUE(Refused(other, "--anonymous-auth=false"));
  change_.after.containers[0].http_probes.clear();  // tcpSocket and exec ask for no identity
  EXPECT_TRUE(Expect().ok());
}

}  // namespace
}  // namespace belay
