#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/ids.h"
#include "common/crypto/x509.h"

namespace belay {
namespace {

constexpr absl::string_view kPrefix = "spiffe://belay/";

struct UriWriter {
  std::string operator()(const NodeIdentity& node) const {
    return absl::StrCat(kPrefix, "cluster/", node.cluster, "/node/", node.node);
  }
  std::string operator()(const OperatorIdentity& person) const {
    return absl::StrCat(kPrefix, "operator/", person.name);
  }
  std::string operator()(const CoordinatorIdentity&) const {
    return absl::StrCat(kPrefix, "coordinator");
  }
};

}  // namespace

std::string IdentityUri(const Identity& identity) { return std::visit(UriWriter{}, identity); }

absl::StatusOr<Identity> ParseIdentityUri(std::string_view text) {
  const absl::string_view uri(text.data(), text.size());
  if (uri.substr(0, kPrefix.size()) == kPrefix) {
    const std::vector<std::string> parts = absl::StrSplit(uri.substr(kPrefix.size()), '/');
    if (parts.size() == 4 && parts[0] == "cluster" && parts[2] == "node" && IsValidName(parts[1]) &&
        IsValidName(parts[3])) {
      return Identity(NodeIdentity{parts[1], parts[3]});
    }
    if (parts.size() == 2 && parts[0] == "operator" && IsValidName(parts[1])) {
      return Identity(OperatorIdentity{parts[1]});
    }
    if (parts.size() == 1 && parts[0] == "coordinator") return Identity(CoordinatorIdentity{});
  }
  // The text is a stranger's: it is not repeated into logs.
  return absl::InvalidArgumentError(
      "the URI is none of spiffe://belay/cluster/<cluster>/node/<node>, "
      "spiffe://belay/operator/<name> and spiffe://belay/coordinator");
}

}  // namespace belay
