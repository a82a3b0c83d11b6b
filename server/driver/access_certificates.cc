// By what somebody is known: certificates, what is revoked of them, and tokens.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/ids.h"
#include "common/base/safe_text.h"
#include "common/base/status_macros.h"
#include "common/base/time_text.h"
#include "server/driver/access.h"

namespace belay {
namespace {

constexpr std::size_t kMaxReason = 1000;
constexpr std::size_t kSha256Digits = 64;

// One word is enough.  Of an identity it is of what was issued until then, the same second
// included.
const v1::Revocation* Among(const std::vector<v1::Revocation>& revocations,
                            const std::string& sha256, const std::string& identity,
                            std::int64_t issued_unix) {
  const auto it = std::find_if(revocations.begin(), revocations.end(), [&](const auto& each) {
    if (!each.sha256().empty()) return each.sha256() == sha256;
    return each.identity() == identity && issued_unix <= each.revoked_unix_ms() / 1000;
  });
  return it == revocations.end() ? nullptr : &*it;
}

bool IsSha256(const std::string& text) {
  return text.size() == kSha256Digits && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isdigit(static_cast<unsigned char>(c)) || (c >= 'a' && c <= 'f');
         });
}

}  // namespace

absl::Status Access::WhyRevoked(const Caller& caller) {
  const std::string identity = IdentityUri(caller.identity);
  ASSIGN_OR_RETURN(const auto revocations,
                   store_.RevocationsOf(caller.certificate_sha256, identity));
  if (revocations.empty()) return absl::OkStatus();
  // Of one that is not on the list it is known only that it was issued at its beginning or later.
  ASSIGN_OR_RETURN(const auto listed, store_.IssuedUnix(caller.certificate_sha256));
  const v1::Revocation* const revocation = Among(revocations, caller.certificate_sha256, identity,
                                                 listed.value_or(caller.not_before_unix));
  if (revocation == nullptr) return absl::OkStatus();
  return absl::UnauthenticatedError(absl::StrCat(
      "the certificate of ", identity, " was revoked at ",
      FormatUnixSeconds(revocation->revoked_unix_ms() / 1000), " by ", revocation->revoked_by(),
      " (", SafeLine(revocation->reason()),
      "); nothing was done. It needs a new one: a node by "
      "belayctl token create and belay-agent enrol, an operator by belay-server operator add"));
}

absl::StatusOr<v1::ListTokensReply> Access::ListTokens(bool all) {
  ASSIGN_OR_RETURN(const auto tokens, store_.Tokens());
  v1::ListTokensReply reply;
  for (const v1::Token& token : tokens) {
    const bool useful = !token.spent() && token.revoked_unix_ms() == 0 &&
                        token.expires_unix() > clock_.WallNowUnixMs() / 1000;
    if (all || useful) *reply.add_tokens() = token;
  }
  return reply;
}

absl::StatusOr<v1::Token> Access::RevokeToken(const std::string& id, const std::string& by) {
  ASSIGN_OR_RETURN(v1::Token token, store_.RevokeToken(id, by, clock_.WallNowUnixMs()));
  Changed();
  return token;
}

absl::StatusOr<v1::ListCertificatesReply> Access::ListCertificates(bool all) {
  ASSIGN_OR_RETURN(const auto certificates, store_.Certificates());
  ASSIGN_OR_RETURN(const auto revocations, store_.Revocations());
  v1::ListCertificatesReply reply;
  for (v1::Certificate certificate : certificates) {
    const v1::Revocation* const revocation =
        Among(revocations, certificate.sha256(), certificate.identity(), certificate.issued_unix());
    if (revocation != nullptr) *certificate.mutable_revocation() = *revocation;
    const bool good =
        revocation == nullptr && certificate.not_after_unix() >= clock_.WallNowUnixMs() / 1000;
    if (all || good) *reply.add_certificates() = std::move(certificate);
  }
  if (!all) return reply;
  for (const v1::Revocation& revocation : revocations) *reply.add_revocations() = revocation;
  return reply;
}

// Of somebody who is there: a word about a name that is mistyped would be believed.
absl::StatusOr<v1::Revocation> Access::WhatToRevoke(const v1::RevokeCertificateRequest& request) {
  v1::Revocation revocation;
  const bool of_node = !request.cluster().empty() || !request.node().empty();
  const int named = (request.sha256().empty() ? 0 : 1) + (of_node ? 1 : 0) +
                    (request.operator_().empty() ? 0 : 1);
  if (named != 1 || request.reason().empty() || request.reason().size() > kMaxReason) {
    return absl::InvalidArgumentError(absl::StrCat(
        "revoke a certificate: it needs one of certificate, node and operator, and a reason of at "
        "most ",
        kMaxReason, " bytes; nothing was changed"));
  }
  if (!request.sha256().empty()) {
    if (!IsSha256(request.sha256())) {
      return absl::InvalidArgumentError(
          "revoke a certificate: it is named by 64 lower-case hex digits, as belayctl cert list -o "
          "wide shows them; nothing was changed");
    }
    revocation.set_sha256(request.sha256());
    return revocation;
  }
  bool known = false;
  if (of_node) {
    ASSIGN_OR_RETURN(const auto nodes, store_.Nodes());
    known = std::any_of(nodes.begin(), nodes.end(), [&](const store::NodeRow& node) {
      return node.id == NodeId{request.cluster(), request.node()};
    });
    revocation.set_identity(IdentityUri(NodeIdentity{request.cluster(), request.node()}));
  } else {
    ASSIGN_OR_RETURN(const auto listed, store_.FindOperator(request.operator_()));
    ASSIGN_OR_RETURN(const std::int64_t unlisted_until, store_.UnlistedUntilUnix());
    known = listed || (unlisted_until > 0 && IsValidName(request.operator_()));
    revocation.set_identity(IdentityUri(OperatorIdentity{request.operator_()}));
  }
  if (known) return revocation;
  return absl::NotFoundError(absl::StrCat(
      "revoke a certificate: there is no ", of_node ? "node" : "operator",
      " of that name; nothing was changed. See: belayctl ", of_node ? "node" : "role", " list"));
}

absl::StatusOr<v1::Revocation> Access::RevokeCertificate(
    const v1::RevokeCertificateRequest& request, const std::string& by) {
  ASSIGN_OR_RETURN(v1::Revocation revocation, WhatToRevoke(request));
  revocation.set_reason(request.reason());
  revocation.set_revoked_by(by);
  revocation.set_revoked_unix_ms(clock_.WallNowUnixMs());
  RETURN_IF_ERROR(store_.AddRevocation(revocation));
  Changed();
  return revocation;
}

}  // namespace belay
