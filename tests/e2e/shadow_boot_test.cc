// NamespaceShadowBoot with real namespaces, a real etcd and the API server's stand-in: what it
// proves, what it leaves alone, and what is left of it.  Where namespaces may not be made it says
// that it did not run.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/os/descriptor.h"
#include "common/os/proc_process_table.h"
#include "node-agent/shadow/namespace_boot.h"
#include "node-agent/shadow/shadow_arguments.h"
#include "tests/support/test_pki.h"

extern char** environ;  // NOLINT: the name is POSIX's

namespace belay {
namespace {

constexpr std::int64_t kDay = 86'400;

std::string Slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void Spill(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

class Running {
 public:
  explicit Running(std::vector<std::string> argv) {
    std::vector<char*> raw;
    for (std::string& element : argv) raw.push_back(element.data());
    raw.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (const int fd : {1, 2}) {
      posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_WRONLY, 0);
    }
    if (posix_spawnp(&pid_, raw[0], &actions, nullptr, raw.data(), environ) != 0) pid_ = -1;
    posix_spawn_file_actions_destroy(&actions);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
};

// Of the host; counts who connects to it.
class Listener {
 public:
  Listener() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    EXPECT_EQ(bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(listen(fd_.get(), 8), 0);
    getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
  }
  int port() const { return port_; }
  bool anybody_came() const { return accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC) >= 0; }

 private:
  Descriptor fd_;
  int port_ = 0;
};

int FreePort() { return Listener().port(); }

class ShadowBootTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = absl::StrCat(pki_.directory(), "/node");
    for (const std::string& path : {folder_, State(), In("pki"), In("log")}) {
      ASSERT_EQ(mkdir(path.c_str(), 0755), 0);
    }
    Forgery names;
    names.common_name = "kube-apiserver";
    names.dns_names = {"kubernetes"};
    names.not_before_unix = TestPki::Now() - kDay;
    names.not_after_unix = TestPki::Now() + kDay;
    files_ = pki_.Write(Forge(pki_.ca(), names));
    Spill(In("pki/apiserver.crt"), Slurp(files_.certificate));
    Spill(In("pki/apiserver.key"), Slurp(files_.key));
    Spill(In("log/audit.log"), "what was logged before\n");
    const std::string etcd = "http://127.0.0.1:";
    etcd_ = std::make_unique<Running>(std::vector<std::string>{
        "etcd", "--data-dir=" + In("etcd"), absl::StrCat("--listen-client-urls=", etcd, FreePort()),
        absl::StrCat("--advertise-client-urls=", etcd, 1),
        absl::StrCat("--listen-peer-urls=", etcd, FreePort())});
    server_ = std::make_unique<Running>(Argv(
        {absl::StrCat("--etcd-servers=", etcd, 1), absl::StrCat("--secure-port=", FreePort())}));
    ASSERT_GT(server_->pid(), 0);
  }

  std::string In(const std::string& name) const { return absl::StrCat(folder_, "/", name); }
  std::string State() const { return pki_.directory() + "/state"; }

  std::vector<std::string> Argv(const std::vector<std::string>& more) const {
    std::vector<std::string> argv = {BELAY_STANDIN, "--secure-port=16443",
                                     "--audit-log-path=" + In("log/audit.log"),
                                     "--tls-cert-file=" + In("pki/apiserver.crt"),
                                     "--tls-private-key-file=" + In("pki/apiserver.key")};
    argv.insert(argv.end(), more.begin(), more.end());
    return argv;
  }

  static v1::ShadowProcess ShadowOf(const Process& process) {
    v1::ShadowProcess out;
    out.set_pid(process.pid);
    out.set_started_boottime_ns(process.started_boottime_ns);
    out.set_overrides(true);
    return out;
  }

  // A program that has just been started has no name for a moment.
  std::optional<Process> Find(const std::string& name, pid_t pid) const {
    constexpr int kMostLooks = 1000;
    for (int look = 0; look < kMostLooks; ++look) {
      for (Process& process : processes_.List(name)) {
        if (process.pid == pid) return std::move(process);
      }
      poll(nullptr, 0, 5);
    }
    return std::nullopt;
  }

  v1::ShadowRequest Request(const std::vector<std::string>& more) const {
    v1::ShadowRequest request;
    const auto server = Find("kube-apiserver", server_->pid());
    EXPECT_TRUE(server) << "the stand-in has ended";
    if (server) *request.mutable_server() = ShadowOf(*server);
    const std::vector<std::string> argv = *ShadowArguments(Argv(more));
    request.mutable_argv()->Assign(argv.begin(), argv.end());
    request.mutable_etcd()->set_program("/usr/bin/etcd");
    request.mutable_health()->set_port(16443);
    request.mutable_health()->set_anonymous(true);
    request.set_timeout_ms(20'000);
    return request;
  }

  v1::ShadowResult Boot(const v1::ShadowRequest& request) {
    NamespaceBootOptions options;
    options.scratch = State();
    options.ca_file = files_.ca;
    options.client_certificate_file = files_.certificate;
    options.client_key_file = files_.key;
    options.min_memory_mib = min_memory_mib_;
    const absl::StatusOr<v1::ShadowResult> result = NamespaceShadowBoot(options).Boot(request);
    if (result.ok()) return *result;
    v1::ShadowResult failed;
    failed.set_why(std::string(result.status().message()));
    return failed;
  }

  TestPki pki_;
  TlsFiles files_;
  std::string folder_;
  std::unique_ptr<Running> etcd_;
  std::unique_ptr<Running> server_;
  ProcProcessTable processes_;
  std::uint64_t min_memory_mib_ = 0;
};

TEST_F(ShadowBootTest, AGoodServerIsReadyAndNothingIsLeftOfIt) {
  const std::string mounts = Slurp("/proc/self/mountinfo");
  const v1::ShadowResult result = Boot(Request({}));
  EXPECT_EQ(result.end(), v1::ShadowResult::READY) << result.DebugString();
  EXPECT_GT(result.seconds(), 0);
  EXPECT_EQ(Slurp("/proc/self/mountinfo"), mounts);
  for (const Process& process : processes_.List("kube-apiserver")) {
    const bool ours = absl::StrContains(absl::StrJoin(process.argv, " "), folder_);
    EXPECT_TRUE(!ours || process.pid == server_->pid()) << "a server was left";
  }
}

TEST_F(ShadowBootTest, NewFilesAreSeenByTheServerAndByNobodyElse) {
  v1::ShadowRequest request = Request({"--audit-policy-file=" + In("pki/new/policy.yaml")});
  v1::ShadowFile& policy = *request.add_files();
  policy.set_path(In("pki/new/policy.yaml"));
  policy.set_content("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n");
  policy.set_mode(0600);
  request.add_writable(In("log"));
  request.add_hidden(In("log/audit.log"));
  const v1::ShadowResult good = Boot(request);
  EXPECT_EQ(good.end(), v1::ShadowResult::READY) << good.DebugString();
  EXPECT_EQ(Slurp(In("log/audit.log")), "what was logged before\n");
  EXPECT_NE(access(In("pki/new").c_str(), F_OK), 0);

  policy.set_content("apiVersion: v1\nkind: ConfigMap\n");
  const v1::ShadowResult bad = Boot(request);
  EXPECT_EQ(bad.end(), v1::ShadowResult::EXITED) << bad.DebugString();
  EXPECT_EQ(bad.exit_code(), 1);
  EXPECT_TRUE(absl::StrContains(bad.log(), "loading audit policy file")) << bad.log();
}

TEST_F(ShadowBootTest, NothingOfTheHostCanBeWrittenThrough) {
  v1::ShadowRequest request = Request({"--audit-policy-file=" + In("pki/policy.yaml")});
  v1::ShadowFile& policy = *request.add_files();
  policy.set_path(In("pki/policy.yaml"));
  policy.set_content("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n");
  // Its log is where it was: read-only, since nobody has opened the folder.
  const v1::ShadowResult result = Boot(request);
  EXPECT_EQ(result.end(), v1::ShadowResult::READY) << result.DebugString();
  EXPECT_EQ(Slurp(In("log/audit.log")), "what was logged before\n");
}

TEST_F(ShadowBootTest, ANewMountIsNotWrittenThroughEither) {
  v1::ShadowRequest request = Request({"--audit-policy-file=" + In("pki/policy.yaml"),
                                       "--audit-log-path=" + In("shown/audit.log")});
  v1::ShadowFile& policy = *request.add_files();
  policy.set_path(In("pki/policy.yaml"));
  policy.set_content("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n");
  v1::ShadowMount& mount = *request.add_mounts();
  mount.set_path(In("shown"));
  mount.set_host_path(In("log"));
  const v1::ShadowResult result = Boot(request);
  EXPECT_EQ(result.end(), v1::ShadowResult::READY) << result.DebugString();
  EXPECT_EQ(Slurp(In("log/audit.log")), "what was logged before\n");
}

TEST_F(ShadowBootTest, ItReachesNobodyOutside) {
  const Listener outside;
  v1::ShadowRequest request = Request({});
  for (std::string& element : *request.mutable_argv()) {
    if (absl::StartsWith(element, "--etcd-servers=")) {
      element = absl::StrCat("--etcd-servers=http://127.0.0.1:", outside.port());
    }
  }
  request.set_timeout_ms(3000);
  const v1::ShadowResult result = Boot(request);
  EXPECT_EQ(result.end(), v1::ShadowResult::SILENT) << result.DebugString();
  EXPECT_FALSE(outside.anybody_came());
}

TEST_F(ShadowBootTest, TheProgramOfARunningEtcdWillDo) {
  const auto etcd = Find("etcd", etcd_->pid());
  ASSERT_TRUE(etcd) << "no etcd runs";
  v1::ShadowRequest request = Request({});
  request.mutable_etcd()->clear_program();
  *request.mutable_etcd()->mutable_process() = ShadowOf(*etcd);
  const v1::ShadowResult result = Boot(request);
  EXPECT_EQ(result.end(), v1::ShadowResult::READY) << result.DebugString();
}

TEST_F(ShadowBootTest, WhatIsMissingIsSaid) {
  v1::ShadowRequest request = Request({});
  request.mutable_etcd()->set_program("/usr/bin/no-such-etcd");
  EXPECT_TRUE(absl::StrContains(Boot(request).why(), "no-such-etcd")) << Boot(request).why();
  request = Request({});
  request.mutable_server()->set_started_boottime_ns(1);
  EXPECT_TRUE(absl::StrContains(Boot(request).why(), "has ended"));
  min_memory_mib_ = std::uint64_t{1} << 40;
  EXPECT_TRUE(absl::StrContains(Boot(Request({})).why(), "memory"));
}

TEST_F(ShadowBootTest, AServerThatMayNotReadAFileIsToldSo) {
  v1::ShadowRequest request = Request({});
  request.mutable_server()->set_uid(1234);
  request.mutable_server()->set_gid(1234);
  request.mutable_server()->set_overrides(false);
  ASSERT_EQ(chmod(pki_.directory().c_str(), 0755), 0);
  ASSERT_EQ(chmod(In("pki/apiserver.key").c_str(), 0600), 0);
  const v1::ShadowResult result = Boot(request);
  EXPECT_EQ(result.end(), v1::ShadowResult::EXITED) << result.DebugString();
}

bool NamespacesCanBeMade() {
  const pid_t pid = fork();
  if (pid == 0) {
    _exit(unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) == 0
              ? 0
              : 1);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace
}  // namespace belay

int main(int argc, char** argv) {
  if (argc == 2 && std::string(argv[1]) == belay::kShadowCommand) return belay::ShadowMain();
  testing::InitGoogleTest(&argc, argv);
  if (!belay::NamespacesCanBeMade()) {
    std::cout << "the shadow boot did NOT run: new namespaces may not be made here\n";
    return std::getenv("BELAY_REQUIRE_LAB") != nullptr ? 1 : 77;
  }
  return RUN_ALL_TESTS();
}
