// A TokenStore in memory, with its rows open to the test.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "server/enrolment/token_store.h"

namespace belay {

class MemoryTokenStore final : public TokenStore {
 public:
  absl::Status CreateToken(const TokenRow& token) override {
    if (!tokens.emplace(token.id, token).second) return absl::AlreadyExistsError("token");
    return absl::OkStatus();
  }
  absl::StatusOr<TokenRow> FindToken(const std::string& id) override {
    if (!broken.ok()) return broken;
    const auto found = tokens.find(id);
    if (found == tokens.end()) return absl::NotFoundError("token");
    return found->second;
  }
  absl::Status BindToken(const std::string& id, const std::string& public_key_sha256,
                         const std::string& certificate_pem) override {
    if (!broken.ok()) return broken;
    TokenRow& token = tokens.at(id);
    if (token.spent || token.revoked || !token.public_key_sha256.empty()) {
      return absl::FailedPreconditionError("bound");
    }
    token.public_key_sha256 = public_key_sha256;
    token.certificate_pem = certificate_pem;
    return absl::OkStatus();
  }
  absl::Status SpendToken(const std::string& id, const CertificateRow& certificate) override {
    TokenRow& token = tokens.at(id);
    if (token.spent || token.revoked || token.public_key_sha256.empty()) {
      return absl::FailedPreconditionError("spent");
    }
    token.spent = true;
    return AddCertificate(certificate);
  }
  absl::Status AddCertificate(const CertificateRow& certificate) override {
    if (!broken.ok()) return broken;
    certificates.push_back(certificate);
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<CertificateRow>> CertificatesOf(const NodeId& node) override {
    std::vector<CertificateRow> found;
    for (const CertificateRow& row : certificates) {
      if (row.cluster == node.cluster && row.node == node.node) found.push_back(row);
    }
    return found;
  }

  std::map<std::string, TokenRow> tokens;
  std::vector<CertificateRow> certificates;
  absl::Status broken;  // what reading and binding answer, when not ok
};

}  // namespace belay
