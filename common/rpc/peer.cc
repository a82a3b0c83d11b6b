#include "common/rpc/peer.h"

#include <grpc/grpc_security_constants.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace belay {
namespace {

absl::Status Refuse(absl::string_view why) {
  return absl::UnauthenticatedError(
      absl::StrCat("the peer's certificate is refused: ", why,
                   "; it needs one that this coordinator's CA has issued for it"));
}

}  // namespace

absl::StatusOr<Identity> PeerIdentity(const grpc::AuthContext& context) {
  const std::vector<grpc::string_ref> transport =
      context.FindPropertyValues("transport_security_type");
  if (transport.size() != 1 || (transport[0] != "tls" && transport[0] != "ssl")) {
    return Refuse("the connection is not TLS");
  }
  if (!context.IsPeerAuthenticated()) return Refuse("there is none");
  const std::vector<grpc::string_ref> uris = context.FindPropertyValues("peer_uri");
  if (uris.empty()) return Refuse("it has no URI name");
  if (uris.size() > 1) return Refuse("it has more than one URI name");
  // The reference dies with the context.
  const absl::StatusOr<Identity> identity =
      ParseIdentityUri(std::string_view(uris[0].data(), uris[0].size()));
  if (!identity.ok()) return Refuse(identity.status().message());
  return *identity;
}

absl::StatusOr<Caller> PeerOf(const grpc::AuthContext& context) {
  ASSIGN_OR_RETURN(const Identity identity, PeerIdentity(context));
  const std::vector<grpc::string_ref> pem =
      context.FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (pem.size() != 1) return Refuse("it cannot be seen");
  const absl::StatusOr<CertificateFacts> facts =
      ReadCertificate(std::string_view(pem[0].data(), pem[0].size()));
  if (!facts.ok()) return Refuse("it cannot be read");
  // Both come from the same certificate; that they agree is not left to be believed.
  if (facts->uris != std::vector<std::string>{IdentityUri(identity)}) {
    return Refuse("its names are read in two ways");
  }
  return Caller{identity, facts->sha256, facts->not_before_unix, facts->not_after_unix};
}

}  // namespace belay
