#include "server/enrolment/enroller.h"

#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/digest.h"
#include "common/base/status_macros.h"
#include "server/enrolment/token.h"

namespace belay {
namespace {

// The time it takes says nothing about where the two differ.
bool SameInConstantTime(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  }
  return difference == 0;
}

absl::Status CheckClocks(std::int64_t agent_unix, std::int64_t now_unix, const char* then) {
  // Compared before subtracting: the agent's number is a stranger's and may be anything.
  const bool ahead = agent_unix > now_unix;
  if (agent_unix >= now_unix - kMaxClockSkewSeconds &&
      agent_unix <= now_unix + kMaxClockSkewSeconds) {
    return absl::OkStatus();
  }
  const std::uint64_t apart =
      ahead ? static_cast<std::uint64_t>(agent_unix) - static_cast<std::uint64_t>(now_unix)
            : static_cast<std::uint64_t>(now_unix) - static_cast<std::uint64_t>(agent_unix);
  return absl::FailedPreconditionError(
      absl::StrCat("the node's clock is ", apart, " seconds ", ahead ? "ahead of" : "behind",
                   " the coordinator's, and certificates would not be valid; at most ",
                   kMaxClockSkewSeconds, " are accepted. Set the clock (timedatectl); ", then));
}

// Issued when it was made, not when that was heard of: a revocation in between is of it too.
CertificateRow RowOf(const NodeId& node, const std::string& pem, const CertificateFacts& facts) {
  return {facts.sha256,
          node.cluster,
          node.node,
          pem,
          facts.not_before_unix + kBeginsEarlySeconds,
          facts.not_after_unix};
}

}  // namespace

absl::StatusOr<NewToken> Enroller::CreateToken(const NodeId& node, const std::string& created_by,
                                               std::int64_t valid_seconds, std::int64_t now_unix) {
  if (!IsValidName(node.cluster) || !IsValidName(node.node)) {
    return absl::InvalidArgumentError(
        "create a token: cluster and node are names of lower-case letters, digits, '-' and '.', at "
        "most 63 characters");
  }
  if (valid_seconds == 0) valid_seconds = kDefaultTokenSeconds;
  if (valid_seconds < 0 || valid_seconds > kMaxTokenSeconds) {
    return absl::InvalidArgumentError(absl::StrCat("create a token: it can be valid for 1 to ",
                                                   kMaxTokenSeconds, " seconds, not for ",
                                                   valid_seconds));
  }
  const JoinToken token = RandomJoinToken();
  TokenRow row;
  row.id = token.id;
  row.secret_sha256 = Sha256Hex(token.secret);
  row.cluster = node.cluster;
  row.node = node.node;
  row.created_by = created_by;
  row.expires_unix = now_unix + valid_seconds;
  MutexLock lock(mu_);
  RETURN_IF_ERROR(WithContext(store_.CreateToken(row), "create a token"));
  return NewToken{TokenText(token), row.expires_unix};
}

absl::Status Enroller::Failed(std::int64_t now_unix) {
  failures_.push_back(now_unix);
  return absl::PermissionDeniedError(
      "this join token is not accepted: it is unknown, expired or already used. Nothing has "
      "changed. Make another with 'belayctl token create'");
}

absl::StatusOr<TokenRow> Enroller::Check(std::string_view text, std::int64_t now_unix) {
  // A clock that was set back must not keep the door shut for longer than one window.
  while (!failures_.empty() &&
         (failures_.front() <= now_unix - kFailureWindowSeconds || failures_.front() > now_unix)) {
    failures_.pop_front();
  }
  if (failures_.size() >= kMaxFailures) {
    return absl::ResourceExhaustedError(
        absl::StrCat("too many join tokens were wrong lately; nothing is looked at for up to ",
                     kFailureWindowSeconds, " seconds. Then enrol again"));
  }
  const absl::StatusOr<JoinToken> token = ParseToken(text);
  if (!token.ok()) return Failed(now_unix);
  absl::StatusOr<TokenRow> row = store_.FindToken(token->id);
  if (!row.ok() && row.status().code() != absl::StatusCode::kNotFound) return row.status();
  const std::string expected = row.ok() ? row->secret_sha256 : std::string(64, '0');
  const bool secret_matches = SameInConstantTime(Sha256Hex(token->secret), expected);
  if (!row.ok() || !secret_matches) return Failed(now_unix);
  return row;
}

absl::StatusOr<EnrolledNode> Enroller::Enrol(std::string_view token, std::string_view csr_pem,
                                             std::int64_t agent_unix, std::int64_t now_unix) {
  MutexLock lock(mu_);
  ASSIGN_OR_RETURN(const TokenRow row, Check(token, now_unix));
  if (row.spent || row.revoked || now_unix >= row.expires_unix) return Failed(now_unix);
  RETURN_IF_ERROR(CheckClocks(agent_unix, now_unix, "the token is not used up: enrol again"));
  ASSIGN_OR_RETURN(const std::string key, CsrKeySha256(csr_pem));
  EnrolledNode enrolled{{row.cluster, row.node}, row.certificate_pem, ca_.certificate_pem};
  if (!row.public_key_sha256.empty()) {
    if (row.public_key_sha256 == key) return enrolled;
    return absl::FailedPreconditionError(absl::StrCat(
        "this join token is bound to the key it was first used with, and this is another one. If "
        "the first key of node ",
        row.node,
        " is lost, make a new token with 'belayctl token create'; if nobody of yours "
        "used it before, somebody else has it"));
  }
  IssueRequest request;
  request.identity = NodeIdentity{row.cluster, row.node};
  request.now_unix = now_unix;
  request.valid_seconds = certificate_seconds_;
  ASSIGN_OR_RETURN(enrolled.certificate_pem, IssueFromCsr(ca_, csr_pem, request));
  // Bound before it is handed out: a certificate that left is always one we know.
  RETURN_IF_ERROR(WithContext(store_.BindToken(row.id, key, enrolled.certificate_pem),
                              "bind the token to the node's key"));
  return enrolled;
}

absl::Status Enroller::Confirm(std::string_view token, std::string_view certificate_sha256,
                               std::int64_t now_unix) {
  MutexLock lock(mu_);
  ASSIGN_OR_RETURN(const TokenRow row, Check(token, now_unix));
  // Expiry ends enrolling, not confirming: the certificate is out already, and must become known.
  if (row.certificate_pem.empty() || row.revoked) return Failed(now_unix);
  ASSIGN_OR_RETURN(const CertificateFacts facts, ReadCertificate(row.certificate_pem));
  if (!SameInConstantTime(facts.sha256, certificate_sha256)) return Failed(now_unix);
  if (row.spent) return absl::OkStatus();
  return WithContext(
      store_.SpendToken(row.id, RowOf({row.cluster, row.node}, row.certificate_pem, facts)),
      "spend the token");
}

absl::StatusOr<std::string> Enroller::Renew(const NodeId& node, std::string_view csr_pem,
                                            std::int64_t agent_unix, std::int64_t now_unix) {
  constexpr std::int64_t kHour = 3600;
  MutexLock lock(mu_);
  RETURN_IF_ERROR(CheckClocks(agent_unix, now_unix, "the agent renews by itself then"));
  ASSIGN_OR_RETURN(const std::string key, CsrKeySha256(csr_pem));
  ASSIGN_OR_RETURN(const auto known, store_.CertificatesOf(node));
  int lately = 0;
  for (const CertificateRow& row : known) {
    lately += row.issued_unix > now_unix - kHour ? 1 : 0;
    const absl::StatusOr<CertificateFacts> facts = ReadCertificate(row.pem);
    if (facts.ok() && facts->key_sha256 == key) {
      return absl::FailedPreconditionError(
          "a renewal needs a new key, and the node has had a certificate for this one; nothing was "
          "issued");
    }
  }
  if (lately >= kMaxRenewalsAnHour) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the node has had ", lately,
                     " certificates within an hour; nothing was issued. See what "
                     "runs there: belayctl cert list"));
  }
  IssueRequest request;
  request.identity = NodeIdentity{node.cluster, node.node};
  request.now_unix = now_unix;
  request.valid_seconds = certificate_seconds_;
  ASSIGN_OR_RETURN(std::string pem, IssueFromCsr(ca_, csr_pem, request));
  ASSIGN_OR_RETURN(const CertificateFacts facts, ReadCertificate(pem));
  RETURN_IF_ERROR(
      WithContext(store_.AddCertificate(RowOf(node, pem, facts)), "keep the new certificate"));
  return pem;
}

}  // namespace belay
