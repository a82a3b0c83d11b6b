#include "node-agent/health/endpoint.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/status_macros.h"

namespace belay {
namespace {

// What Go's strconv.ParseBool takes for false.
bool IsFalse(const std::string& value) {
  return value == "0" || value == "f" || value == "F" || value == "false" || value == "False" ||
         value == "FALSE";
}

bool IsTrue(const std::string& value) {
  return value == "1" || value == "t" || value == "T" || value == "true" || value == "True" ||
         value == "TRUE";
}

absl::StatusOr<v1::HealthEndpoint> SecureServing(const std::vector<std::string>& argv,
                                                 std::uint32_t port) {
  v1::HealthEndpoint endpoint;
  if (const auto given = FlagValue(argv, "secure-port");
      given && (!absl::SimpleAtoi(*given, &port) || port == 0 || port > 65535)) {
    return absl::FailedPreconditionError(
        absl::StrCat("--secure-port=", *given, " is not a port that can be asked"));
  }
  endpoint.set_port(port);
  const std::string bind = FlagValue(argv, "bind-address").value_or("");
  const bool any = bind.empty() || bind == "0.0.0.0" || bind == "::";
  endpoint.set_dial_address(any ? "127.0.0.1" : bind);
  endpoint.set_anonymous(true);
  return endpoint;
}

absl::StatusOr<v1::HealthEndpoint> Controller(const ContainerFacts& container, std::uint32_t port) {
  const std::vector<std::string> argv = Argv(container);
  ASSIGN_OR_RETURN(v1::HealthEndpoint endpoint, SecureServing(argv, port));
  endpoint.set_kind(v1::HealthEndpoint::OWNER);
  endpoint.set_path("/healthz");
  const auto allowed = FlagValue(argv, "authorization-always-allow-paths");
  if (allowed) {
    const std::vector<std::string> paths = absl::StrSplit(*allowed, ',');
    const bool open = std::any_of(paths.begin(), paths.end(), [](const std::string& path) {
      return path == "/healthz" || path == "/*" || path == "/healthz*" || path == "*";
    });
    if (!open) {
      return absl::FailedPreconditionError(
          absl::StrCat("--authorization-always-allow-paths=", *allowed,
                       " keeps its health from everybody; add /healthz to it"));
    }
  }
  // Where none is named it makes one in memory, and only the owner of the listener says who it is.
  const auto certificate = FlagValue(argv, "tls-cert-file");
  if (certificate && !certificate->empty()) {
    endpoint.set_certificate_file(HostPathOf(container, *certificate).value_or(""));
  }
  return endpoint;
}

// "https://127.0.0.1:2379"; nothing when it is no URL with an IP address and a port.
struct EtcdUrl {
  bool tls = false;
  std::string host;
  std::uint32_t port = 0;
  bool loopback() const { return absl::StartsWith(host, "127.") || host == "::1"; }
};

std::optional<EtcdUrl> ParseEtcdUrl(absl::string_view text) {
  EtcdUrl url;
  url.tls = absl::ConsumePrefix(&text, "https://");
  if (!url.tls && !absl::ConsumePrefix(&text, "http://")) return std::nullopt;
  text = absl::StripSuffix(text, "/");
  const std::size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos || !absl::SimpleAtoi(text.substr(colon + 1), &url.port) ||
      url.port > 65535 || url.port == 0) {
    return std::nullopt;
  }
  absl::string_view host = text.substr(0, colon);
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  url.host = host == "0.0.0.0" || host == "localhost" ? "127.0.0.1"
             : host == "::"                           ? "::1"
                                                      : std::string(host);
  return url;
}

absl::StatusOr<std::string> FileOf(const ContainerFacts& container, const std::string& flag,
                                   const std::string& path) {
  const auto on_host = HostPathOf(container, path);
  if (on_host) return *on_host;
  return absl::FailedPreconditionError(
      absl::StrCat("--", flag, "=", path,
                   " is on no mount of the host's, so its health cannot be asked as a client; "
                   "mount it from the host"));
}

// A pair that etcd itself uses as a client where its members share the clients' CA, otherwise its
// serving pair, which its own gateway uses as a client.
absl::Status SetEtcdClient(const ContainerFacts& container, v1::HealthEndpoint* endpoint) {
  const std::vector<std::string> argv = Argv(container);
  const auto ca = FlagValue(argv, "trusted-ca-file");
  const bool peer = ca && FlagValue(argv, "peer-trusted-ca-file") == ca &&
                    FlagValue(argv, "peer-cert-file") && FlagValue(argv, "peer-key-file");
  const std::string certificate = peer ? "peer-cert-file" : "cert-file";
  const std::string key = peer ? "peer-key-file" : "key-file";
  for (const auto& [flag, set] :
       {std::make_pair(certificate, &v1::HealthEndpoint::set_client_certificate_file<std::string>),
        std::make_pair(key, &v1::HealthEndpoint::set_client_key_file<std::string>)}) {
    ASSIGN_OR_RETURN(std::string path, FileOf(container, flag, FlagValue(argv, flag).value_or("")));
    (endpoint->*set)(std::move(path));
  }
  endpoint->set_anonymous(false);
  return absl::OkStatus();
}

absl::StatusOr<v1::HealthEndpoint> Etcd(const ContainerFacts& container) {
  const std::vector<std::string> argv = Argv(container);
  const std::string given = FlagValue(argv, "listen-client-urls").value_or("http://127.0.0.1:2379");
  std::optional<EtcdUrl> chosen;
  for (const absl::string_view text : absl::StrSplit(given, ',')) {
    const std::optional<EtcdUrl> url = ParseEtcdUrl(text);
    if (url && (!chosen || (url->loopback() && !chosen->loopback()))) chosen = url;
  }
  if (!chosen || (!chosen->tls && !chosen->loopback())) {
    return absl::FailedPreconditionError(
        absl::StrCat("--listen-client-urls=", given,
                     " has no address that can be asked from the node: https with an IP address, "
                     "or loopback"));
  }
  v1::HealthEndpoint endpoint;
  endpoint.set_kind(v1::HealthEndpoint::ETCD);
  endpoint.set_path("/health");
  endpoint.set_dial_address(chosen->host);
  endpoint.set_port(chosen->port);
  endpoint.set_anonymous(true);
  if (!chosen->tls) return endpoint;
  const auto ca = FlagValue(argv, "trusted-ca-file");
  if (!ca || ca->empty()) {
    return absl::FailedPreconditionError(
        "etcd serves TLS and names no --trusted-ca-file, so nobody can verify it; this form is not "
        "supported");
  }
  ASSIGN_OR_RETURN(*endpoint.mutable_ca_file(), FileOf(container, "trusted-ca-file", *ca));
  if (IsTrue(FlagValue(argv, "client-cert-auth").value_or("false"))) {
    RETURN_IF_ERROR(SetEtcdClient(container, &endpoint));
  }
  return endpoint;
}

}  // namespace

absl::StatusOr<v1::HealthEndpoint> HealthEndpointFor(const std::vector<std::string>& argv) {
  ASSIGN_OR_RETURN(v1::HealthEndpoint endpoint, SecureServing(argv, 6443));
  endpoint.set_anonymous(!IsFalse(FlagValue(argv, "anonymous-auth").value_or("true")));
  return endpoint;
}

absl::StatusOr<v1::HealthEndpoint> HealthEndpointOf(std::string_view component,
                                                    const ContainerFacts& container) {
  if (component == "kube-apiserver") return HealthEndpointFor(Argv(container));
  if (component == "kube-controller-manager") return Controller(container, 10257);
  if (component == "kube-scheduler") return Controller(container, 10259);
  if (component == "etcd") return Etcd(container);
  return absl::FailedPreconditionError(
      absl::StrCat("there is no gate for ", std::string(component)));
}

std::vector<v1::KubeletProbe> KubeletProbesOf(const ContainerFacts& container) {
  std::vector<v1::KubeletProbe> probes;
  for (const HttpProbeFacts& facts : container.http_probes) {
    if (facts.which == "readinessProbe" || facts.sends_authorization) continue;
    if (facts.host.empty() || facts.port == 0) continue;
    v1::KubeletProbe probe;
    probe.set_which(facts.which);
    probe.set_https(facts.https);
    probe.set_address(facts.host == "localhost" ? "127.0.0.1" : facts.host);
    probe.set_port(facts.port);
    probe.set_path(facts.path);
    probe.set_period_ms(std::max(1U, facts.period_seconds) * 1000);
    probe.set_failure_threshold(std::max(1U, facts.failure_threshold));
    probes.push_back(std::move(probe));
  }
  return probes;
}

}  // namespace belay
