#include "node-agent/shadow/shadow_init.h"

#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "common/os/curl_health_probe.h"
#include "common/os/descriptor.h"
#include "common/os/errno_status.h"
#include "common/os/system_clock.h"
#include "node-agent/shadow/shadow_files.h"
#include "node-agent/shadow/shadow_process.h"
#include "node-agent/shadow/shadow_root.h"
#include "node-agent/shadow/shadow_tree.h"

namespace belay {
namespace {

constexpr unsigned kNobodyElse = 2'000'000'000;  // as of argument_trial.cc
constexpr int kEtcdMs = 15'000;
constexpr int kLookEveryMs = 200;
constexpr int kProbeMs = 2000;
constexpr std::size_t kMostLog = std::size_t{64} << 10;
constexpr double kMsInSecond = 1000.0;
constexpr std::int64_t kNsInMs = 1'000'000;
constexpr const char* kEtcdData = "/belay-shadow-etcd";
// etcd sets two segments of 64 MB aside.
constexpr const char* kEtcdRoom = "mode=0755,size=256m,nr_inodes=100k";
constexpr const char* kServerRoom = "mode=0755,size=192m,nr_inodes=100k";

absl::Status RaiseLoopback() {
  const Descriptor any(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  struct ifreq request = {};
  std::strncpy(request.ifr_name, "lo", IFNAMSIZ - 1);
  if (!any.valid() || ioctl(any.get(), SIOCGIFFLAGS, &request) != 0) {
    return ErrnoStatus("look at", "the loopback interface", errno);
  }
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP | IFF_RUNNING);
  if (ioctl(any.get(), SIOCSIFFLAGS, &request) != 0) {
    return ErrnoStatus("raise", "the loopback interface", errno);
  }
  return absl::OkStatus();
}

// A namespace that was not made would be the machine's own: nothing is done in that one.
absl::Status RequireOwnNamespaces(std::int64_t agent_pid) {
  for (const char* kind : {"mnt", "pid", "net", "ipc", "uts"}) {
    const std::string theirs = absl::StrCat("/proc/", agent_pid, "/ns/", kind);
    const std::string ours = absl::StrCat("/proc/self/ns/", kind);
    struct stat agent = {};
    struct stat self = {};
    if (stat(theirs.c_str(), &agent) != 0 || stat(ours.c_str(), &self) != 0) {
      return ErrnoStatus("compare", theirs, errno);
    }
    if (agent.st_dev == self.st_dev && agent.st_ino == self.st_ino) {
      return absl::InternalError(absl::StrCat("it has no ", kind, " namespace of its own"));
    }
  }
  return absl::OkStatus();
}

class Boot {
 public:
  explicit Boot(const v1::ShadowRequest& request) : request_(request) {}

  absl::StatusOr<v1::ShadowResult> Run() {
    RETURN_IF_ERROR(RequireOwnNamespaces(request_.agent_pid()));
    RETURN_IF_ERROR(Prepare());
    RETURN_IF_ERROR(StartEtcd());
    RETURN_IF_ERROR(StartServer());
    return Watch();
  }

 private:
  std::string Ours(const std::string& name) const { return absl::StrCat(scratch_, "/", name); }
  std::int64_t NowMs() const { return clock_->BootNowNs() / kNsInMs; }

  absl::Status Prepare() {
    ASSIGN_OR_RETURN(clock_, SystemClock::Open());
    std::array<char, PATH_MAX> scratch{};
    if (realpath(request_.scratch().c_str(), scratch.data()) == nullptr) {
      return ErrnoStatus("look at", request_.scratch(), errno);
    }
    scratch_ = scratch.data();
    CurlHealthProbeOptions options;
    options.ca_file = request_.ca_file();
    options.client_certificate_file = request_.client_certificate_file();
    options.client_key_file = request_.client_key_file();
    ASSIGN_OR_RETURN(probe_, CurlHealthProbe::Open(options));
    if (mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
      return ErrnoStatus("make private", "all mounts", errno);
    }
    RETURN_IF_ERROR(RaiseLoopback());
    // Before the scratch folder is covered, and before the processes can end.
    ASSIGN_OR_RETURN(server_look_, LookAtProcess(request_.server()));
    if (!request_.etcd().program().empty()) {
      etcd_look_.program = request_.etcd().program();
      const std::string root = request_.host_root().empty() ? "/" : request_.host_root();
      ASSIGN_OR_RETURN(etcd_look_.tree, CopyMounts(root));
    } else {
      ASSIGN_OR_RETURN(etcd_look_, LookAtProcess(request_.etcd().process()));
    }
    if (mount("belay-shadow", scratch_.c_str(), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
              "mode=0700,size=64m") != 0) {
      return ErrnoStatus("mount a file system in memory at", scratch_, errno);
    }
    for (const char* name : {"server", "etcd", "server-root", "etcd-root"}) {
      if (mkdir(Ours(name).c_str(), 0700) != 0) return ErrnoStatus("make", Ours(name), errno);
    }
    RETURN_IF_ERROR(AttachMounts(server_look_.tree, Ours("server")));
    return AttachMounts(etcd_look_.tree, Ours("etcd"));
  }

  absl::Status StartEtcd() {
    ASSIGN_OR_RETURN(ShadowRoot root, ShadowRoot::Make(Ours("etcd"), Ours("etcd-root"), kEtcdRoom));
    RETURN_IF_ERROR(root.Give(kEtcdData, kNobodyElse));
    RETURN_IF_ERROR(root.ShowProcesses());
    ShadowProgram program;
    program.root = root.at();
    program.path = etcd_look_.program;
    const std::string client = "http://127.0.0.1:2379";
    const std::string peer = "http://127.0.0.1:2380";
    program.argv = {"etcd",
                    "--name=shadow",
                    absl::StrCat("--data-dir=", kEtcdData, "/data"),
                    absl::StrCat("--listen-client-urls=", client),
                    absl::StrCat("--advertise-client-urls=", client),
                    absl::StrCat("--listen-peer-urls=", peer),
                    absl::StrCat("--initial-advertise-peer-urls=", peer),
                    absl::StrCat("--initial-cluster=shadow=", peer)};
    program.log = Ours("etcd.log");
    program.uid = kNobodyElse;
    program.gid = kNobodyElse;
    ASSIGN_OR_RETURN(etcd_, StartInShadow(program));
    ProbeTarget target;
    target.dial_address = "127.0.0.1";
    target.port = 2379;
    target.path = "/health";
    target.trust = ProbeTarget::Trust::Plain;
    target.timeout_ms = kProbeMs;
    const std::int64_t until_ms = NowMs() + kEtcdMs;
    while (NowMs() < until_ms) {
      if (EndOfChild(etcd_)) break;
      const ProbeResult answer = probe_->Ask(target);
      if (answer.kind == ProbeResult::Kind::Answered && answer.status == 200) {
        return absl::OkStatus();
      }
      Wait(etcd_);
    }
    const std::string log = EndOf(Ours("etcd.log"), kMostLog);
    const std::vector<std::string> lines = absl::StrSplit(log, '\n', absl::SkipEmpty());
    return absl::UnavailableError(absl::StrCat("the throw-away etcd does not come up: ",
                                               lines.empty() ? "it wrote nothing" : lines.back()));
  }

  absl::Status LayOver(ShadowRoot* root) const {
    for (const v1::ShadowMount& mount : request_.mounts()) {
      RETURN_IF_ERROR(root->Show(absl::StrCat(request_.host_root(), mount.host_path()),
                                 mount.path(), mount.file()));
    }
    for (const std::string& path : request_.hidden()) RETURN_IF_ERROR(root->Hide(path));
    for (const v1::ShadowFile& file : request_.files()) RETURN_IF_ERROR(root->Put(file));
    for (const std::string& path : request_.writable()) RETURN_IF_ERROR(root->Open(path));
    return root->ShowProcesses();
  }

  absl::Status StartServer() {
    ASSIGN_OR_RETURN(ShadowRoot root,
                     ShadowRoot::Make(Ours("server"), Ours("server-root"), kServerRoom));
    RETURN_IF_ERROR(LayOver(&root));
    struct stat entry = {};
    if (stat(absl::StrCat(root.at(), server_look_.program).c_str(), &entry) != 0 ||
        entry.st_dev != server_look_.device || entry.st_ino != server_look_.inode) {
      return absl::FailedPreconditionError(absl::StrCat("the program that runs is not the one at ",
                                                        server_look_.program,
                                                        " of its file system any more"));
    }
    const v1::ShadowProcess& original = request_.server();
    ShadowProgram program;
    program.root = root.at();
    program.path = server_look_.program;
    program.folder = server_look_.folder;
    program.argv = {request_.argv().begin(), request_.argv().end()};
    program.environment = server_look_.environment;
    program.log = Ours("server.log");
    program.uid = original.uid();
    program.gid = original.gid();
    program.groups = {original.groups().begin(), original.groups().end()};
    program.overrides = original.overrides();
    server_started_ms_ = NowMs();
    ASSIGN_OR_RETURN(server_, StartInShadow(program));
    return absl::OkStatus();
  }

  v1::ShadowResult Watch() {
    v1::ShadowResult result;
    result.set_end(v1::ShadowResult::SILENT);
    const std::int64_t until_ms = server_started_ms_ + request_.timeout_ms();
    while (NowMs() < until_ms) {
      const ProbeResult answer = AskServer();
      if (const std::optional<int> status = EndOfChild(server_)) {
        SetExit(*status, &result);
        break;
      }
      if (EndOfChild(etcd_)) {
        result.set_end(v1::ShadowResult::NOT_BOOTED);
        result.set_why("the throw-away etcd has ended");
        break;
      }
      if (answer.kind == ProbeResult::Kind::Answered && answer.status == 200) {
        result.set_end(v1::ShadowResult::READY);
        break;
      }
      Remember(answer, &result);
      Wait(server_);
    }
    result.set_seconds(static_cast<double>(NowMs() - server_started_ms_) / kMsInSecond);
    result.set_log(EndOf(Ours("server.log"), kMostLog));
    return result;
  }

  // The last of its questions; the others were answered well.
  ProbeResult AskServer() {
    const v1::HealthEndpoint& health = request_.health();
    ProbeTarget target;
    target.dial_address = "127.0.0.1";
    target.port = health.port();
    target.path = health.path().empty() ? "/readyz" : health.path();
    target.anonymous = health.anonymous();
    target.timeout_ms = kProbeMs;
    ProbeResult answer = probe_->Ask(target);
    if (!health.lets_client_in() || !health.anonymous() || answer.status != 200) return answer;
    target.anonymous = false;
    return probe_->Ask(target);
  }

  static void Remember(const ProbeResult& answer, v1::ShadowResult* result) {
    if (answer.kind == ProbeResult::Kind::Answered) {
      result->set_end(v1::ShadowResult::NOT_READY);
      result->set_answer(ValidUtf8(absl::StrCat("status ", answer.status,
                                                answer.detail.empty() ? "" : ": ", answer.detail)));
    } else if (answer.kind == ProbeResult::Kind::TlsFailed) {
      result->set_end(v1::ShadowResult::NOT_READY);
      result->set_answer(ValidUtf8(absl::StrCat("no answer that is believed: ", answer.detail)));
    }
  }

  static void SetExit(int status, v1::ShadowResult* result) {
    result->set_exit_code(WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    // Nobody sends it that signal but a kernel that is short of memory.
    const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (killed || result->exit_code() == kShadowNotStarted) {
      result->set_end(v1::ShadowResult::NOT_BOOTED);
      result->set_why(killed ? "the server was killed, for want of memory it seems"
                             : "the server could not be started with its own rights");
      return;
    }
    result->set_end(v1::ShadowResult::EXITED);
  }

  static void Wait(const ShadowChild& child) {
    pollfd end = {child.pidfd.get(), POLLIN, 0};
    poll(&end, 1, kLookEveryMs);
  }

  const v1::ShadowRequest& request_;
  std::string scratch_;
  std::unique_ptr<SystemClock> clock_;
  std::unique_ptr<CurlHealthProbe> probe_;
  ProcessLook server_look_;
  ProcessLook etcd_look_;
  ShadowChild etcd_;
  ShadowChild server_;
  std::int64_t server_started_ms_ = 0;
};

}  // namespace

v1::ShadowResult BootHere(const v1::ShadowRequest& request) {
  absl::StatusOr<v1::ShadowResult> result = Boot(request).Run();
  if (result.ok()) return *std::move(result);
  v1::ShadowResult not_booted;
  not_booted.set_end(v1::ShadowResult::NOT_BOOTED);
  not_booted.set_why(ValidUtf8(std::string(result.status().message())));
  return not_booted;
}

}  // namespace belay
