#include "common/rpc/pinned_ca.h"

#include <fcntl.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/status_macros.h"
#include "common/crypto/openssl.h"
#include "common/crypto/x509.h"
#include "common/rpc/tls.h"

namespace belay {
namespace {

constexpr int kTimeoutSeconds = 10;
constexpr absl::string_view kPinPrefix = "sha256:";
constexpr std::size_t kPinHexDigits = 64;

using SslContextPtr = openssl::Owned<SSL_CTX, SSL_CTX_free>;
using SslPtr = openssl::Owned<SSL, SSL_free>;
using AddressesPtr = openssl::Owned<addrinfo, freeaddrinfo>;

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

// OpenSSL writes with write(2): a server that hangs up must be an error, not the end of the
// process.
class NoSigpipe {
 public:
  NoSigpipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;
  ~NoSigpipe() {
    const timespec at_once{};
    if (sigismember(&before_, SIGPIPE) == 0) sigtimedwait(&pipe_, nullptr, &at_once);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_{};
  sigset_t before_{};
};

absl::Status CheckPin(absl::string_view pin) {
  absl::string_view hex = pin;
  const bool prefixed = absl::ConsumePrefix(&hex, kPinPrefix);
  bool good = prefixed && hex.size() == kPinHexDigits;
  for (const char c : hex) good = good && ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "the CA hash is not 'sha256:' and 64 lower-case hex digits; belay-server init has printed "
      "it");
}

absl::StatusOr<Socket> Connect(const std::string& host, std::uint16_t port) {
  const std::string where = absl::StrCat(host, ":", port);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(host.c_str(), absl::StrCat(port).c_str(), &hints, &found);
  if (code != 0) {
    return absl::UnavailableError(absl::StrCat("find ", host, ": ", gai_strerror(code)));
  }
  const AddressesPtr addresses(found);
  int last_error = ETIMEDOUT;
  for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
    Socket socket(::socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol));
    if (socket.fd() < 0) {
      last_error = errno;
      continue;
    }
    // Bounds connect(2) as well as every read and write of the handshake.
    const timeval limit{.tv_sec = kTimeoutSeconds, .tv_usec = 0};
    setsockopt(socket.fd(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    setsockopt(socket.fd(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (connect(socket.fd(), a->ai_addr, a->ai_addrlen) == 0) return socket;
    last_error = errno == EINPROGRESS ? ETIMEDOUT : errno;
  }
  return absl::UnavailableError(
      absl::StrCat("connect to ", where, ": ", std::strerror(last_error),
                   "; is belay-server running there, and is this its enrolment port?"));
}

absl::StatusOr<SslPtr> Handshake(SSL_CTX* context, const Socket& socket, const std::string& where) {
  SslPtr ssl(SSL_new(context));
  if (ssl == nullptr || SSL_set_fd(ssl.get(), socket.fd()) != 1) return openssl::Error("TLS");
  // The macro SSL_set_tlsext_host_name casts in the old style.
  if (SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
               const_cast<char*>(kServerName)) != 1) {
    return openssl::Error("TLS");
  }
  const NoSigpipe no_sigpipe;
  if (SSL_connect(ssl.get()) == 1) return ssl;
  return absl::UnavailableError(
      absl::StrCat("TLS 1.3 handshake with ", where, ": ", openssl::Error("refused").message()));
}

absl::StatusOr<SslContextPtr> MakeContext() {
  SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  constexpr unsigned char kHttp2[] = {2, 'h', '2'};  // gRPC servers insist on it
  if (context == nullptr || SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) != 1 ||
      SSL_CTX_set_alpn_protos(context.get(), kHttp2, sizeof kHttp2) != 0) {
    return openssl::Error("TLS");
  }
  // Nothing is sent over this connection; the chain is judged after the handshake, by the pin.
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  return context;
}

absl::StatusOr<X509*> FindPinned(const std::vector<X509*>& chain, const std::string& pin) {
  for (X509* certificate : chain) {
    ASSIGN_OR_RETURN(const std::string pem, openssl::CertificateToPem(certificate));
    const absl::StatusOr<std::string> hash = CaHash(pem);  // not ok: not a CA
    if (hash.ok() && *hash == pin) return certificate;
  }
  return absl::PermissionDeniedError(
      "the server does not present the CA with the given hash: either this is another server, or "
      "the hash belongs to another one. Nothing was sent to it. Compare with 'belayctl token "
      "create'"
      " or the output of 'belay-server init'");
}

}  // namespace

absl::StatusOr<std::string> FetchPinnedCa(const std::string& host, std::uint16_t port,
                                          const std::string& ca_hash) {
  RETURN_IF_ERROR(CheckPin(ca_hash));
  const std::string where = absl::StrCat(host, ":", port);
  ASSIGN_OR_RETURN(const SslContextPtr context, MakeContext());
  ASSIGN_OR_RETURN(const Socket socket, Connect(host, port));
  ASSIGN_OR_RETURN(const SslPtr ssl, Handshake(context.get(), socket, where));
  const openssl::X509Ptr leaf(SSL_get1_peer_certificate(ssl.get()));
  STACK_OF(X509)* presented = SSL_get_peer_cert_chain(ssl.get());
  if (leaf == nullptr || presented == nullptr) {
    return absl::PermissionDeniedError(absl::StrCat(where, " presents no certificate"));
  }
  std::vector<X509*> chain;
  chain.reserve(static_cast<std::size_t>(sk_X509_num(presented)));
  for (int i = 0; i < sk_X509_num(presented); ++i) chain.push_back(sk_X509_value(presented, i));
  ASSIGN_OR_RETURN(X509 * ca, FindPinned(chain, ca_hash));
  const std::vector<X509*> roots{ca};
  const absl::Status verified = openssl::VerifyChain({.leaf = leaf.get(),
                                                      .roots = roots,
                                                      .intermediates = chain,
                                                      .now_unix = std::time(nullptr),
                                                      .purpose = X509_PURPOSE_SSL_SERVER});
  if (!verified.ok()) {
    return absl::PermissionDeniedError(absl::StrCat(
        where,
        ": the server's certificate is not vouched for by the pinned CA: ", verified.message()));
  }
  if (X509_check_host(leaf.get(), kServerName, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, nullptr) !=
      1) {
    ERR_clear_error();
    return absl::PermissionDeniedError(
        absl::StrCat(where, ": the server's certificate is not for '", kServerName, "'"));
  }
  return openssl::CertificateToPem(ca);
}

}  // namespace belay
