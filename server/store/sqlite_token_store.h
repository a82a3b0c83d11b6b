// Join tokens and certificates in the coordinator's database.  It has a connection of its own,
// because enrolment runs beside the loop thread; SQLite orders the two, and each method is one
// transaction.
//
// Threads: one at a time (the Enroller's promise).
#pragma once
#include <memory>
#include <string>

#include "server/enrolment/token_store.h"
#include "server/store/database.h"

namespace belay::store {

class SqliteTokenStore final : public TokenStore {
 public:
  static absl::StatusOr<std::unique_ptr<SqliteTokenStore>> Open(const std::string& path);

  absl::Status CreateToken(const TokenRow& token) override;
  absl::StatusOr<TokenRow> FindToken(const std::string& id) override;
  absl::Status BindToken(const std::string& id, const std::string& public_key_sha256,
                         const std::string& certificate_pem) override;
  absl::Status SpendToken(const std::string& id, const CertificateRow& certificate) override;
  absl::Status AddCertificate(const CertificateRow& certificate) override;
  absl::StatusOr<std::vector<CertificateRow>> CertificatesOf(const NodeId& node) override;

 private:
  explicit SqliteTokenStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}
  std::unique_ptr<Database> database_;
};

}  // namespace belay::store
