#include "common/rpc/peer.h"

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

}  // namespace belay
