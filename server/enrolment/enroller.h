// Turns a join token and a certificate request into a node certificate, once, and renews it.  The
// name comes from the token, never from the request; the first public key that a token is used with
// is the only one; until Confirm spends it, the same token and key get the same certificate again.
//
// Guessing: whoever is wrong about a token hears the same words whether it is unknown, expired,
// spent or has another secret, and more than kMaxFailures of them within kFailureWindowSeconds (all
// callers together) stop every answer about tokens until the window has passed.  256 bits of secret
// would do alone; the bound keeps the disk and the log out of a stranger's hands.
//
// Thread-safe; may block on the store's disk.  Times are Unix seconds, given by the caller.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/ids.h"
#include "common/base/mutex.h"
#include "common/crypto/x509.h"
#include "server/enrolment/token_store.h"

namespace belay {

inline constexpr std::int64_t kNodeCertificateSeconds = std::int64_t{30} * 86400;
inline constexpr std::int64_t kDefaultTokenSeconds = 86400;
inline constexpr std::int64_t kMaxTokenSeconds = std::int64_t{30} * 86400;
inline constexpr std::int64_t kMaxClockSkewSeconds = 300;
inline constexpr std::size_t kMaxFailures = 30;
inline constexpr int kMaxRenewalsAnHour = 12;  // of one node
inline constexpr std::int64_t kFailureWindowSeconds = 60;

struct NewToken {
  std::string text;  // shown once, to the operator
  std::int64_t expires_unix = 0;
};
struct EnrolledNode {
  NodeId node;
  std::string certificate_pem;
  std::string ca_pem;
};

class Enroller {
 public:
  Enroller(TokenStore& store, KeyPair ca,
           std::int64_t certificate_seconds = kNodeCertificateSeconds)
      : store_(store), ca_(std::move(ca)), certificate_seconds_(certificate_seconds) {}

  // valid_seconds 0 means kDefaultTokenSeconds.  INVALID_ARGUMENT: name or duration.
  absl::StatusOr<NewToken> CreateToken(const NodeId& node, const std::string& created_by,
                                       std::int64_t valid_seconds, std::int64_t now_unix);
  // PERMISSION_DENIED: the token.  FAILED_PRECONDITION: clocks too far apart, or bound to another
  // key. INVALID_ARGUMENT: the request.  RESOURCE_EXHAUSTED: too many failures.
  absl::StatusOr<EnrolledNode> Enrol(std::string_view token, std::string_view csr_pem,
                                     std::int64_t agent_unix, std::int64_t now_unix);
  // Spends the token.  A second Confirm of the same certificate is ok: the first answer was lost.
  absl::Status Confirm(std::string_view token, std::string_view certificate_sha256,
                       std::int64_t now_unix);

  // Another certificate for a node that has proved by one that it is this node.  Known before it is
  // handed out.  FAILED_PRECONDITION: a key that it has had, or clocks too far apart.
  // RESOURCE_EXHAUSTED: too many lately.
  absl::StatusOr<std::string> Renew(const NodeId& node, std::string_view csr_pem,
                                    std::int64_t agent_unix, std::int64_t now_unix);

 private:
  absl::StatusOr<TokenRow> Check(std::string_view text, std::int64_t now_unix) REQUIRES(mu_);
  absl::Status Failed(std::int64_t now_unix) REQUIRES(mu_);

  Mutex mu_;
  TokenStore& store_ GUARDED_BY(mu_);  // outlives this
  const KeyPair ca_;
  const std::int64_t certificate_seconds_;
  std::deque<std::int64_t> failures_ GUARDED_BY(mu_);  // at most kMaxFailures, oldest first
};

}  // namespace belay
