#include "tests/support/standin/apiserver_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/support/standin/posix.h"

namespace belay::standin {
namespace {

// Since the start of the process.
constexpr std::int64_t kSilentUntilMs = 800;
constexpr std::int64_t kForbiddenUntilMs = 900;
constexpr std::int64_t kHooksUntilMs = 1000;
// The real one gives up on etcd after 20 s.
constexpr std::int64_t kEtcdPatienceMs = 20'000;
constexpr std::int64_t kLastWordsMs = 1000;

const char* Reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    default:
      return "Internal Server Error";
  }
}

}  // namespace

ApiServer::ApiServer(Flags flags, ContainerView view)
    : flags_(std::move(flags)), view_(std::move(view)), started_ms_(MonotonicMs()) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

std::string ApiServer::File(const std::string& flag) const {
  return view_.Resolve(FlagOr(flags_, flag, ""));
}

absl::Status ApiServer::Listen() {
  std::uint32_t port = 0;
  const std::string text = FlagOr(flags_, "secure-port", "6443");
  if (!absl::SimpleAtoi(text, &port) || port == 0 || port > 65535)
    return absl::InvalidArgumentError(
        absl::StrCat("--secure-port ", text, " must be between 1 and 65535"));
  listener_ = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  const int off = 0;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(listener_, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(static_cast<std::uint16_t>(port));
  const std::string bind_address = FlagOr(flags_, "bind-address", "0.0.0.0");
  const std::string wanted = bind_address == "0.0.0.0" || bind_address == "::" ? "::"
                             : absl::StrContains(bind_address, ":")
                                 ? bind_address
                                 : absl::StrCat("::ffff:", bind_address);
  if (inet_pton(AF_INET6, wanted.c_str(), &address.sin6_addr) != 1)
    return absl::InvalidArgumentError(
        absl::StrCat("invalid argument \"", bind_address, "\" for \"--bind-address\""));
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener_, 128) != 0)
    return absl::UnavailableError(
        absl::StrCat("failed to create listener: failed to listen on ", bind_address, ":", port,
                     ": listen tcp ", bind_address, ":", port, ": bind: address already in use"));

  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  if (SSL_CTX_use_certificate_chain_file(context, File("tls-cert-file").c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, File("tls-private-key-file").c_str(),
                                  SSL_FILETYPE_PEM) != 1)
    return absl::InvalidArgumentError(
        "tls: failed to find any PEM data in certificate or key input");
  if (const std::string ca = File("client-ca-file"); !ca.empty()) {
    if (SSL_CTX_load_verify_locations(context, ca.c_str(), nullptr) != 1)
      return absl::InvalidArgumentError(
          "unable to load client CA file: data does not contain any valid RSA or ECDSA "
          "certificates");
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  }
  tls_ = context;
  return absl::OkStatus();
}

absl::Status ApiServer::AwaitEtcd() {
  const std::vector<std::string> urls = absl::StrSplit(FlagOr(flags_, "etcd-servers", ""), ',');
  etcd_ = {urls.front(), File("etcd-cafile"), File("etcd-certfile"), File("etcd-keyfile")};
  if (etcd_.url.empty()) return absl::InvalidArgumentError("--etcd-servers must be specified");
  while (!EtcdHealthy(etcd_)) {
    if (MonotonicMs() - started_ms_ > kEtcdPatienceMs)
      return absl::DeadlineExceededError("context deadline exceeded");
    SleepMs(200);
  }
  return absl::OkStatus();
}

ApiServer::Answer ApiServer::Decide(const std::string& path, bool authenticated) const {
  const std::int64_t age = MonotonicMs() - started_ms_;
  if (!authenticated && !BoolFlag(flags_, "anonymous-auth", true)) return {401, "Unauthorized"};
  const bool health = path == "/livez" || path == "/readyz" || path == "/healthz";
  if (!authenticated && (!health || age < kForbiddenUntilMs))
    return {403,
            absl::StrCat("forbidden: User \"system:anonymous\" cannot get path \"", path, "\"")};
  if (health) {
    if (age < kHooksUntilMs)
      return {500, "[-]poststarthook/rbac/bootstrap-roles failed: reason withheld\n"};
    if (!EtcdHealthy(etcd_)) return {500, "[-]etcd failed: reason withheld\n"};
    return {200, "ok"};
  }
  if (path == "/version") return {200, "{\"gitVersion\": \"v1.20.2-standin\"}\n"};
  if (path == "/debug/pprof/" && BoolFlag(flags_, "profiling", true)) return {200, "stand-in\n"};
  return {404, "404 page not found\n"};
}

void ApiServer::Audit(const std::string& path, bool authenticated, int status) const {
  const std::string log = FlagOr(flags_, "audit-log-path", "");
  if (log.empty() || FlagOr(flags_, "audit-policy-file", "").empty()) return;
  const std::string line = absl::StrCat(
      R"({"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","stage":"ResponseComplete","requestURI":")",
      path, R"(","user":{"username":")", authenticated ? "client" : "system:anonymous",
      R"("},"responseStatus":{"code":)", status,
      R"(},"annotations":{"belay.dev/stand-in":"true"}})", "\n");
  // Not mounted, or read-only: the real one writes into the container's own layer, where it is
  // lost.
  const std::string file = view_.Resolve(log, /*writing=*/true);
  if (file.empty()) return;
  if (const absl::Status made = MakeDirectories(file.substr(0, file.rfind('/'))); !made.ok())
    return;
  const int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return;
  if (write(fd, line.data(), line.size()) < 0) Log("audit log cannot be written");
  close(fd);
}

void ApiServer::Converse(int fd) {
  const timeval patience{.tv_sec = 5, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  std::unique_ptr<SSL, void (*)(SSL*)> tls(SSL_new(static_cast<SSL_CTX*>(tls_)), SSL_free);
  SSL_set_fd(tls.get(), fd);
  std::string request;
  if (SSL_accept(tls.get()) == 1) {
    char buffer[4096];
    int got = 0;
    while (!absl::StrContains(request, "\r\n\r\n") && request.size() < 65536 &&
           (got = SSL_read(tls.get(), buffer, sizeof buffer)) > 0)
      request.append(buffer, static_cast<size_t>(got));
    const std::vector<std::string> words =
        absl::StrSplit(request.substr(0, request.find("\r\n")), ' ');
    if (words.size() == 3) {
      const std::string path = words[1].substr(0, words[1].find('?'));
      const bool authenticated = SSL_get0_peer_certificate(tls.get()) != nullptr;
      const Answer answer = Decide(path, authenticated);
      Audit(path, authenticated, answer.status);
      const std::string reply =
          absl::StrCat("HTTP/1.1 ", answer.status, " ", Reason(answer.status),
                       "\r\nContent-Type: text/plain\r\nContent-Length: ", answer.body.size(),
                       "\r\nConnection: close\r\n\r\n", answer.body);
      SSL_write(tls.get(), reply.data(), static_cast<int>(reply.size()));
    }
    SSL_shutdown(tls.get());
  }
  close(fd);
}

absl::Status ApiServer::Run() {
  if (absl::Status listening = Listen(); !listening.ok()) return listening;
  if (absl::Status etcd = AwaitEtcd(); !etcd.ok()) return etcd;
  if (const std::int64_t age = MonotonicMs() - started_ms_; age < kSilentUntilMs)
    SleepMs(kSilentUntilMs - age);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pollfd waits[2] = {{signalfd(-1, &signals, SFD_CLOEXEC), POLLIN, 0}, {listener_, POLLIN, 0}};
  while (poll(waits, 2, -1) >= 0) {
    if ((waits[0].revents & POLLIN) != 0) break;
    if ((waits[1].revents & POLLIN) == 0) continue;
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    // Conversations end by themselves within seconds; the process does not wait for them.
    if (fd >= 0) std::thread([this, fd] { Converse(fd); }).detach();
  }
  close(listener_);
  Log("listener closed; leaving in a second");
  SleepMs(kLastWordsMs);
  return absl::OkStatus();
}

}  // namespace belay::standin
