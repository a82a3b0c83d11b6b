#include "tests/support/standin/etcd_health.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace belay::standin {
namespace {

std::string Converse(BIO* bio) {
  const timeval patience{.tv_sec = 1, .tv_usec = 0};
  if (BIO_do_connect(bio) <= 0) return "";
  int fd = -1;
  BIO_get_fd(bio, &fd);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  constexpr char kRequest[] = "GET /health HTTP/1.0\r\n\r\n";
  if (BIO_write(bio, kRequest, sizeof kRequest - 1) <= 0) return "";
  std::string answer;
  char buffer[4096];
  int got = 0;
  while ((got = BIO_read(bio, buffer, sizeof buffer)) > 0)
    answer.append(buffer, static_cast<size_t>(got));
  return answer;
}

}  // namespace

bool EtcdHealthy(const EtcdEndpoint& endpoint) {
  const bool tls = absl::StartsWith(endpoint.url, "https://");
  const std::string address(
      absl::StripPrefix(absl::StripPrefix(endpoint.url, "https://"), "http://"));
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(nullptr, SSL_CTX_free);
  std::unique_ptr<BIO, void (*)(BIO*)> bio(nullptr, BIO_free_all);
  if (tls) {
    context.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    if (SSL_CTX_load_verify_locations(context.get(), endpoint.ca.c_str(), nullptr) != 1 ||
        SSL_CTX_use_certificate_file(context.get(), endpoint.certificate.c_str(),
                                     SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(context.get(), endpoint.key.c_str(), SSL_FILETYPE_PEM) != 1)
      return false;
    bio.reset(BIO_new_ssl_connect(context.get()));
    BIO_set_conn_hostname(bio.get(), address.c_str());
  } else {
    bio.reset(BIO_new_connect(address.c_str()));
  }
  return bio != nullptr && absl::StrContains(Converse(bio.get()), "\"health\":\"true\"");
}

}  // namespace belay::standin
