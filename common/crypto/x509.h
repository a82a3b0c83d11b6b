// Keys, certificate requests and certificates (ECDSA P-256), and the identity inside a certificate.
// Identity is exactly one URI subject alternative name, SPIFFE-shaped; a common name is never read.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"

namespace belay {

// spiffe://belay/cluster/<cluster>/node/<node>, spiffe://belay/operator/<name>,
// spiffe://belay/coordinator
struct NodeIdentity {
  std::string cluster;
  std::string node;
  bool operator==(const NodeIdentity&) const = default;
};
struct OperatorIdentity {
  std::string name;
  bool operator==(const OperatorIdentity&) const = default;
};
struct CoordinatorIdentity {
  bool operator==(const CoordinatorIdentity&) const = default;
};
using Identity = std::variant<NodeIdentity, OperatorIdentity, CoordinatorIdentity>;

std::string IdentityUri(const Identity& identity);
absl::StatusOr<Identity> ParseIdentityUri(std::string_view uri);  // strict; names by IsValidName

struct KeyPair {
  std::string private_key_pem;
  std::string certificate_pem;
};

absl::StatusOr<std::string> GenerateP256KeyPem();
absl::StatusOr<std::string> MakeCsrPem(std::string_view private_key_pem);
// Lower-case hex SHA-256 over the SubjectPublicKeyInfo of a request whose own signature is right
// and whose key is P-256.
absl::StatusOr<std::string> CsrKeySha256(std::string_view csr_pem);

struct CertificateFacts {
  std::string sha256;  // of the DER, lower-case hex
  std::vector<std::string> uris;
  std::vector<std::string> dns_names;
  std::int64_t not_before_unix = 0;
  std::int64_t not_after_unix = 0;
  bool is_ca = false;
  std::string key_sha256;  // of its SubjectPublicKeyInfo, as CsrKeySha256
};
absl::StatusOr<CertificateFacts> ReadCertificate(std::string_view pem);
// The key belongs to the certificate, the certificate to the CA, now is inside its validity.
absl::Status CheckKeyPair(const KeyPair& pair, std::string_view ca_pem, std::int64_t now_unix);

// By so much ours begin before they are issued, for clocks that go wrong.
inline constexpr std::int64_t kBeginsEarlySeconds = 300;

// Self-signed CA, ten years.
absl::StatusOr<KeyPair> MakeCa(std::string_view common_name, std::int64_t now_unix);
struct IssueRequest {
  Identity identity;
  std::vector<std::string> dns_names;  // coordinator only
  std::vector<std::string> ip_addresses;
  std::int64_t now_unix = 0;  // not_before is five minutes earlier, for clock skew
  std::int64_t valid_seconds = 0;
};
absl::StatusOr<std::string> IssueFromCsr(const KeyPair& ca, std::string_view csr_pem,
                                         const IssueRequest&);
absl::StatusOr<KeyPair> Issue(const KeyPair& ca, const IssueRequest&);  // with a fresh key

// "sha256:<hex>" over the CA certificate's SubjectPublicKeyInfo, as kubeadm writes it.
absl::StatusOr<std::string> CaHash(std::string_view ca_pem);

std::string RandomToken(std::size_t bytes);  // lower-case hex from the system's generator

}  // namespace belay
