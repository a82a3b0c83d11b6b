// What enrolment must not forget, as a seam: join tokens and the certificates given for them.
// Real: server/store's SQLite.  Each method is one durable change when it returns ok.
//
// Threads: the Enroller calls one at a time, but from several threads; an implementation needs a
// connection of its own or a lock it shares with its other users.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/ids.h"

namespace belay {

struct TokenRow {
  std::string id;             // 16 hex digits
  std::string secret_sha256;  // 64 hex digits; the secret itself is never stored
  std::string cluster;
  std::string node;
  std::string created_by;  // the operator
  std::int64_t expires_unix = 0;
  std::string public_key_sha256;  // empty until the first Enrol binds it
  std::string certificate_pem;    // the same
  bool spent = false;
  bool revoked = false;
};

struct CertificateRow {
  std::string sha256;  // of the DER
  std::string cluster;
  std::string node;
  std::string pem;
  std::int64_t issued_unix = 0;
  std::int64_t not_after_unix = 0;
};

class TokenStore {
 public:
  virtual ~TokenStore() = default;
  virtual absl::Status CreateToken(
      const TokenRow& token) = 0;  // ALREADY_EXISTS when the id is taken
  virtual absl::StatusOr<TokenRow> FindToken(const std::string& id) = 0;  // NOT_FOUND
  // FAILED_PRECONDITION when it is spent, revoked or already bound; nothing changes then.
  virtual absl::Status BindToken(const std::string& id, const std::string& public_key_sha256,
                                 const std::string& certificate_pem) = 0;
  // FAILED_PRECONDITION when it is not bound, revoked or already spent.  Records the certificate
  // and the node in the same transaction: a node is known exactly when its token is spent.
  virtual absl::Status SpendToken(const std::string& id, const CertificateRow& certificate) = 0;
  // Of a renewal: for a node that is known.
  virtual absl::Status AddCertificate(const CertificateRow& certificate) = 0;
  virtual absl::StatusOr<std::vector<CertificateRow>> CertificatesOf(const NodeId& node) = 0;
};

}  // namespace belay
