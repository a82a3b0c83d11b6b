#include "common/os/curl_health_probe.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/utf8.h"

namespace belay {
namespace {

constexpr std::size_t kMostBody = std::size_t{64} << 10;
constexpr std::size_t kMostFetched = std::size_t{8} << 20;
constexpr std::size_t kMostDetail = 400;

using Handle = std::unique_ptr<CURL, void (*)(CURL*)>;
using List = std::unique_ptr<curl_slist, void (*)(curl_slist*)>;

struct Body {
  std::string bytes;
  std::size_t limit = 0;
};

// Takes everything and keeps the beginning: a long body must not look like a broken connection.
std::size_t Keep(char* data, std::size_t size, std::size_t count, void* out) {
  Body* const body = static_cast<Body*>(out);
  const std::size_t length = size * count;
  const std::size_t room = body->limit - std::min(body->limit, body->bytes.size());
  body->bytes.append(data, std::min(length, room));
  return length;
}

void SetCommon(CURL* curl, const std::string& url, int timeout_ms, Body* body, char* error) {
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_ms));
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Keep);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
}

std::string Printable(absl::string_view text) {
  std::string clean;
  for (const char c : text.substr(0, kMostDetail)) {
    clean.push_back(absl::ascii_iscntrl(static_cast<unsigned char>(c)) ? ' ' : c);
  }
  return ValidUtf8(clean);  // goes into messages, and may be cut inside of a character
}

ProbeResult::Kind KindOf(CURLcode code, long os_error) {
  switch (code) {
    case CURLE_OK:
      return ProbeResult::Kind::Answered;
    case CURLE_COULDNT_CONNECT:
      return os_error == ECONNREFUSED ? ProbeResult::Kind::Refused : ProbeResult::Kind::Failed;
    case CURLE_OPERATION_TIMEDOUT:
      return ProbeResult::Kind::TimedOut;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
      return ProbeResult::Kind::TlsFailed;
    default:  // libcurl's enum, not ours
      return ProbeResult::Kind::Failed;
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<CurlHealthProbe>> CurlHealthProbe::Open(
    CurlHealthProbeOptions options) {
  if (options.ca_file.empty()) {
    return absl::InvalidArgumentError("the health probe needs the file of the cluster's CA");
  }
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    return absl::InternalError("libcurl cannot be initialised");
  }
  return std::unique_ptr<CurlHealthProbe>(new CurlHealthProbe(std::move(options)));
}

CurlHealthProbe::~CurlHealthProbe() { curl_global_cleanup(); }

ProbeResult CurlHealthProbe::Ask(const ProbeTarget& target) {
  ProbeResult result;
  const Handle curl(curl_easy_init(), &curl_easy_cleanup);
  if (curl == nullptr) {
    result.detail = "libcurl has no memory";
    return result;
  }
  const bool v6 = absl::StrContains(target.dial_address, ':');
  const std::string dial = v6 ? absl::StrCat("[", target.dial_address, "]") : target.dial_address;
  const bool plain = target.trust == ProbeTarget::Trust::Plain;
  const bool cluster = target.trust == ProbeTarget::Trust::Cluster;
  const std::string& host = cluster ? options_.verify_as : dial;
  const List connect_to(
      curl_slist_append(nullptr,
                        absl::StrCat(host, ":", target.port, ":", dial, ":", target.port).c_str()),
      &curl_slist_free_all);
  const std::string url =
      absl::StrCat(plain ? "http://" : "https://", host, ":", target.port, target.path);
  std::array<char, CURL_ERROR_SIZE> error{};
  Body body{"", target.keep_body ? kMostFetched : kMostBody};
  SetCommon(curl.get(), url, target.timeout_ms, &body, error.data());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, plain ? "http" : "https");
  curl_easy_setopt(curl.get(), CURLOPT_CONNECT_TO, connect_to.get());
  if (!plain) SetTrust(curl.get(), target);
  const CURLcode code = curl_easy_perform(curl.get());
  long os_error = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_OS_ERRNO, &os_error);
  result.kind = KindOf(code, os_error);
  if (code != CURLE_OK) {
    result.detail = Printable(error[0] != '\0' ? error.data() : curl_easy_strerror(code));
    return result;
  }
  if (!target.certificate_file.empty() && !ServesFile(curl.get(), target.certificate_file)) {
    result.kind = ProbeResult::Kind::TlsFailed;
    result.detail =
        absl::StrCat("another certificate is served than that of ", target.certificate_file);
    return result;
  }
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  result.status = static_cast<int>(status);
  if (status != 200) result.detail = FailingChecks(body.bytes);
  if (status == 200 && target.keep_body) result.body = std::move(body.bytes);
  return result;
}

void CurlHealthProbe::SetTrust(void* handle, const ProbeTarget& target) const {
  CURL* const curl = handle;
  using Trust = ProbeTarget::Trust;
  const bool files = target.trust == Trust::Files;
  const bool verified = files || target.trust == Trust::Cluster;
  const std::string ca = files ? options_.host_root + target.ca_file : options_.ca_file;
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, verified ? 1L : 0L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, verified ? 2L : 0L);
  curl_easy_setopt(curl, CURLOPT_CERTINFO, verified ? 0L : 1L);
  curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);
  curl_easy_setopt(curl, CURLOPT_CAINFO, ca.c_str());
  if (target.anonymous) return;
  const std::string certificate = files ? options_.host_root + target.client_certificate_file
                                        : options_.client_certificate_file;
  const std::string key =
      files ? options_.host_root + target.client_key_file : options_.client_key_file;
  curl_easy_setopt(curl, CURLOPT_SSLCERT, certificate.c_str());
  curl_easy_setopt(curl, CURLOPT_SSLKEY, key.c_str());
}

bool CurlHealthProbe::ServesFile(void* handle, const std::string& path) const {
  struct curl_certinfo* served = nullptr;
  if (curl_easy_getinfo(handle, CURLINFO_CERTINFO, &served) != CURLE_OK || served == nullptr ||
      served->num_of_certs < 1) {
    return false;
  }
  std::ifstream file(options_.host_root + path, std::ios::binary);
  const std::string wanted{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  for (const curl_slist* field = served->certinfo[0]; field != nullptr; field = field->next) {
    absl::string_view text = field->data;
    if (absl::ConsumePrefix(&text, "Cert:")) return SameCertificate(std::string(text), wanted);
  }
  return false;
}

bool SameCertificate(const std::string& pem_a, const std::string& pem_b) {
  const auto content = [](absl::string_view pem) -> std::string {
    constexpr absl::string_view kBegin = "-----BEGIN CERTIFICATE-----";
    const std::size_t begin = pem.find(kBegin);
    const std::size_t end = pem.find("-----END CERTIFICATE-----");
    if (begin == absl::string_view::npos || end == absl::string_view::npos || end < begin)
      return "";
    std::string text(pem.substr(begin + kBegin.size(), end - begin - kBegin.size()));
    text.erase(std::remove_if(text.begin(), text.end(),
                              [](unsigned char c) { return absl::ascii_isspace(c); }),
               text.end());
    return text;
  };
  const std::string a = content(pem_a);
  return !a.empty() && a == content(pem_b);
}

std::string FailingChecks(const std::string& body) {
  std::vector<absl::string_view> failing;
  for (const absl::string_view line : absl::StrSplit(body, '\n')) {
    if (absl::StartsWith(line, "[-]")) failing.push_back(absl::StripTrailingAsciiWhitespace(line));
  }
  return Printable(absl::StrJoin(failing, "; "));
}

absl::StatusOr<std::string> FetchFromLoopback(const std::string& url, int timeout_ms) {
  if (!absl::StartsWith(url, "http://127.0.0.1:") && !absl::StartsWith(url, "http://[::1]:")) {
    return absl::InvalidArgumentError(
        absl::StrCat("fetch ", url, ": plain HTTP is used with a loopback address only"));
  }
  const Handle curl(curl_easy_init(), &curl_easy_cleanup);
  if (curl == nullptr) return absl::ResourceExhaustedError("libcurl has no memory");
  std::array<char, CURL_ERROR_SIZE> error{};
  Body body{"", kMostFetched};
  SetCommon(curl.get(), url, timeout_ms, &body, error.data());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http");
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) {
    return absl::UnavailableError(
        absl::StrCat("fetch ", url, ": ",
                     Printable(error[0] != '\0' ? error.data() : curl_easy_strerror(code))));
  }
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) return absl::UnavailableError(absl::StrCat("fetch ", url, ": HTTP ", status));
  return std::move(body.bytes);
}

}  // namespace belay
