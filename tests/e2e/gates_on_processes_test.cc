// The gate of every component against real processes: a real etcd, and TLS servers that carry the
// controllers' names.  The test is their kubelet: it starts and ends them while the gate looks.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/os/curl_health_probe.h"
#include "common/os/descriptor.h"
#include "common/os/exit_watch.h"
#include "common/os/pause.h"
#include "common/os/posix_file_system.h"
#include "common/os/proc_process_table.h"
#include "common/os/system_clock.h"
#include "node-agent/health/component_gatekeeper.h"
#include "node-agent/health/endpoint.h"
#include "node-agent/transaction/file_image.h"

extern char** environ;  // NOLINT: the name is POSIX's

namespace belay {
namespace {

constexpr const char* kPython = "/usr/bin/python3";
constexpr std::int64_t kSecond = 1'000'000'000;

// Serves HTTPS on --secure-port with the answer --status; --silent does not listen, --die ends.
constexpr const char* kServer = R"py(
import http.server, os, ssl, sys, time
flags = dict((a.lstrip("-").split("=", 1) + [""])[:2] for a in sys.argv[1:])
if "die" in flags: time.sleep(0.2); sys.exit(1)
if "silent" in flags: time.sleep(600)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(flags.get("status", 200))); self.end_headers()
    def log_message(self, *args): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(flags["secure-port"])), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(flags["pair"] + ".pem", flags["pair"] + ".key")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
)py";

std::uint32_t FreePort() {
  const Descriptor fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  if (bind(fd.get(), reinterpret_cast<struct sockaddr*>(&address), length) != 0) return 0;
  getsockname(fd.get(), reinterpret_cast<struct sockaddr*>(&address), &length);
  return ntohs(address.sin_port);
}

// A process with these arguments, ended with this object.
class Running {
 public:
  Running(const std::string& program, std::vector<std::string> argv) {
    std::vector<char*> raw;
    for (std::string& element : argv) raw.push_back(element.data());
    raw.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (const int fd : {1, 2}) {
      posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_WRONLY, 0);
    }
    if (posix_spawnp(&pid_, program.c_str(), &actions, nullptr, raw.data(), environ) != 0)
      pid_ = -1;
    posix_spawn_file_actions_destroy(&actions);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  // A child that nobody reaps is a zombie, which the process table leaves out.
  bool ended() const {
    siginfo_t info = {};
    return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
           info.si_pid != 0;
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
};

// Lets the test act while the gate waits.
class KubeletPause : public Pause {
 public:
  bool For(std::int64_t ns) override {
    if (act) act();
    return stopper_.For(ns);
  }
  bool stopped() const override { return stopper_.stopped(); }
  std::function<void()> act;

 private:
  Stopper stopper_;
};

class GatesOnProcesses : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "belay-gates-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    const std::string make =
        "set -e; cd " + directory_ +
        "; key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'"
        "; openssl req -x509 $key -keyout ca.key -out ca.pem -subj /CN=ca -days 2"
        "; openssl req $key -new -keyout server.key -out server.csr -subj /CN=server"
        "; printf 'subjectAltName=IP:127.0.0.1\\nextendedKeyUsage=serverAuth,clientAuth\\n' > ext"
        "; openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 "
        "-extfile ext -out server.pem";
    ASSERT_EQ(std::system(("( " + make + " ) > " + directory_ + "/log 2>&1").c_str()), 0);
    auto clock = SystemClock::Open();
    auto files = PosixFileSystem::Open(directory_);
    auto probe = CurlHealthProbe::Open({.ca_file = directory_ + "/ca.pem"});
    ASSERT_TRUE(clock.ok() && files.ok() && probe.ok());
    clock_ = *std::move(clock);
    files_ = *std::move(files);
    probe_ = *std::move(probe);
    port_ = FreePort();
    peer_port_ = FreePort();
    ASSERT_TRUE(files_->Create("/m.yaml", "new", {}).ok());
    Describe();
  }
  void TearDown() override {
    old_.reset();
    new_.reset();
    other_.reset();
    EXPECT_EQ(std::system(("rm -rf " + directory_).c_str()), 0);
  }

  bool etcd() const { return GetParam() == "etcd"; }
  std::vector<std::string> Argv(bool new_configuration,
                                const std::vector<std::string>& more = {}) const {
    std::vector<std::string> argv;
    if (etcd()) {
      const std::string client = absl::StrCat("https://127.0.0.1:", port_);
      const std::string peer = absl::StrCat("http://127.0.0.1:", peer_port_);
      argv = {"etcd",
              "--name=one",
              "--data-dir=" + directory_ + "/data",
              "--listen-client-urls=" + client,
              "--advertise-client-urls=" + client,
              "--listen-peer-urls=" + peer,
              "--initial-advertise-peer-urls=" + peer,
              "--initial-cluster=one=" + peer,
              "--client-cert-auth=true",
              "--trusted-ca-file=" + directory_ + "/ca.pem",
              "--cert-file=" + directory_ + "/server.pem",
              "--key-file=" + directory_ + "/server.key",
              "--unsafe-no-fsync",
              new_configuration ? "--snapshot-count=20000" : "--snapshot-count=10000"};
    } else {
      argv = {GetParam(),
              "-c",
              kServer,
              absl::StrCat("--secure-port=", port_),
              "--pair=" + directory_ + "/server",
              new_configuration ? "--profiling=false" : "--profiling=true"};
    }
    argv.insert(argv.end(), more.begin(), more.end());
    return argv;
  }
  void Describe(const std::vector<std::string>& more = {}) {
    request_.prepared.Clear();
    v1::FileChange& change = *request_.prepared.add_changes();
    change.set_path("/m.yaml");
    change.set_is_manifest(true);
    *change.mutable_before() = ImageOf("old", {});
    *change.mutable_after() = ImageOf("new", {});
    ContainerFacts container;
    container.name = GetParam();
    container.mounts = {{"/", "/"}};
    v1::ComponentExpectation& component = *request_.prepared.add_components();
    component.set_component(GetParam());
    for (const std::string& element : Argv(false)) component.add_argv_before(element);
    for (const std::string& element : Argv(true, more)) component.add_argv_after(element);
    container.command = Argv(true, more);
    const auto endpoint = HealthEndpointOf(GetParam(), container);
    ASSERT_TRUE(endpoint.ok()) << endpoint.status();
    *component.mutable_health_before() = *endpoint;
    *component.mutable_health_after() = *endpoint;
    v1::Gate& gate = *request_.prepared.mutable_gate();
    gate.set_deadline_ms(6'000);
    gate.set_rollback_deadline_ms(6'000);
    gate.set_stable_ms(1'000);
    gate.set_interval_ms(50);
  }
  std::unique_ptr<Running> Start(const std::vector<std::string>& argv) const {
    return std::make_unique<Running>(etcd() ? "etcd" : kPython, argv);
  }
  void Publish() {
    // Processes that start in the same tick would not count as new.
    const std::int64_t now = clock_->BootNowNs();
    request_.applied_boottime_ns = now - now % 10'000'000;
    pause_.For(20'000'000);
  }
  GateResult Run() {
    ComponentGatekeeper gatekeeper({*files_, processes_, *probe_, *clock_, pause_, exits_},
                                   [](const std::string&) { return absl::OkStatus(); });
    return gatekeeper.Run(request_, [](const std::string&) {});
  }
  absl::Status Provable() {
    return ComponentGatekeeper({*files_, processes_, *probe_, *clock_, pause_, exits_},
                               [](const std::string&) { return absl::OkStatus(); })
        .RequireProvable(request_.prepared);
  }

  std::string directory_;
  std::uint32_t port_ = 0;
  std::uint32_t peer_port_ = 0;
  std::unique_ptr<SystemClock> clock_;
  std::unique_ptr<PosixFileSystem> files_;
  std::unique_ptr<CurlHealthProbe> probe_;
  const ProcProcessTable processes_;
  PidfdExitWatch exits_;
  KubeletPause pause_;
  GateRequest request_;
  std::unique_ptr<Running> old_;
  std::unique_ptr<Running> new_;
  std::unique_ptr<Running> other_;
};

using Kind = GateResult::Kind;

TEST_P(GatesOnProcesses, TheNewConfigurationPassesAndIsProvableBackward) {
  old_ = Start(Argv(false));
  ASSERT_TRUE(Provable().ok()) << Provable();
  Publish();
  old_.reset();
  new_ = Start(Argv(true));
  const GateResult result = Run();
  ASSERT_EQ(result.kind, Kind::Passed) << result.reason;
  ASSERT_EQ(result.report.adoptions_size(), 1);
  EXPECT_EQ(result.report.adoptions(0).pid(), new_->pid());
}

TEST_P(GatesOnProcesses, TheOldOneThatGoesOnIsNotAdopted) {
  old_ = Start(Argv(false));
  ASSERT_TRUE(Provable().ok());
  Publish();
  const GateResult result = Run();
  EXPECT_EQ(result.kind, Kind::Failed);
  EXPECT_EQ(result.reason.rfind("not adopted", 0), 0U) << result.reason;
}

TEST_P(GatesOnProcesses, ACrashLoopEndsItLongBeforeTheDeadline) {
  const std::vector<std::string> bad = {etcd() ? "--no-such-flag" : "--die"};
  Describe(bad);
  request_.prepared.mutable_gate()->set_deadline_ms(60'000);
  Publish();
  const std::int64_t began = clock_->BootNowNs();
  // etcd lives for less than an interval then: only kubelet's log folders show its attempts.
  const std::string logs =
      absl::StrCat("/var/log/pods/kube-system_", GetParam(), "-node_", std::string(32, 'b'));
  ASSERT_EQ(std::system(("mkdir -p " + directory_ + logs + "/" + GetParam()).c_str()), 0);
  request_.prepared.mutable_components(0)->set_pod("kube-system_" + GetParam());
  request_.prepared.mutable_components(0)->set_container(GetParam());
  int attempt = 0;
  pause_.act = [this, &bad, &logs, &attempt] {
    if (new_ && !new_->ended()) return;
    const std::string log = absl::StrCat(logs, "/", GetParam(), "/", attempt++, ".log");
    ASSERT_TRUE(
        files_->Create(log, "2026-01-01T00:00:00Z stderr F Error: unknown flag\n", {}).ok());
    new_.reset();
    new_ = Start(Argv(true, bad));
  };
  const GateResult result = Run();
  EXPECT_EQ(result.kind, Kind::Failed);
  EXPECT_EQ(result.reason.rfind("crash loop", 0), 0U) << result.reason;
  EXPECT_LT(clock_->BootNowNs() - began, 10 * kSecond);
  ASSERT_EQ(result.report.notes_size(), 1);
  EXPECT_EQ(result.report.notes(0),
            absl::StrCat("last words of ", GetParam(), ": Error: unknown flag"));
}

TEST_P(GatesOnProcesses, AnUnhealthyOneFails) {
  std::vector<std::string> unwell = {"--status=500"};
  if (etcd()) {  // a member of a cluster that is not there: no leader
    const std::string peer = absl::StrCat("http://127.0.0.1:", peer_port_);
    unwell = {absl::StrCat("--initial-cluster=one=", peer, ",two=http://127.0.0.1:", FreePort(),
                           ",three=http://127.0.0.1:", FreePort())};
  }
  Describe(unwell);
  Publish();
  new_ = Start(Argv(true, unwell));
  const GateResult result = Run();
  EXPECT_EQ(result.kind, Kind::Failed);
  EXPECT_NE(result.reason.rfind("crash loop", 0), 0U) << result.reason;
}

TEST_P(GatesOnProcesses, AnotherProgramOnThePortProvesNothing) {
  std::vector<std::string> silent = Argv(true);
  if (etcd()) {
    silent = {"etcd", "-c", kServer};
    for (const std::string& element : Argv(true)) {
      if (element != "etcd") silent.push_back(element);
    }
  }
  silent.push_back("--silent");
  request_.prepared.mutable_components(0)->mutable_argv_after()->Assign(silent.begin(),
                                                                        silent.end());
  other_ = std::make_unique<Running>(
      kPython,
      std::vector<std::string>{"impostor", "-c", kServer, absl::StrCat("--secure-port=", port_),
                               "--pair=" + directory_ + "/server"});
  Publish();
  new_ = std::make_unique<Running>(kPython, silent);
  const GateResult result = Run();
  EXPECT_EQ(result.kind, Kind::Failed);
  EXPECT_EQ(result.reason.rfind("not adopted", 0), 0U) << result.reason;
  EXPECT_NE(result.reason.find("ok"), std::string::npos) << "the impostor did not answer";
}

INSTANTIATE_TEST_SUITE_P(Components, GatesOnProcesses,
                         ::testing::Values("kube-controller-manager", "kube-scheduler", "etcd"),
                         [](const auto& name) {
                           std::string text = name.param;
                           for (char& c : text) c = c == '-' ? '_' : c;
                           return text;
                         });

}  // namespace
}  // namespace belay
