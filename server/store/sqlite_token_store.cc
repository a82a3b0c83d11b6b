#include "server/store/sqlite_token_store.h"

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace belay::store {

absl::StatusOr<std::unique_ptr<SqliteTokenStore>> SqliteTokenStore::Open(const std::string& path) {
  ASSIGN_OR_RETURN(auto database, Database::Open(path));
  return std::unique_ptr<SqliteTokenStore>(new SqliteTokenStore(std::move(database)));
}

absl::Status SqliteTokenStore::CreateToken(const TokenRow& token) {
  return database_
      ->Prepare(
          "INSERT INTO tokens(id, secret_sha256, cluster, node, expires_unix, created_by) "
          "VALUES(?, ?, ?, ?, ?, ?)")
      .Text(token.id)
      .Text(token.secret_sha256)
      .Text(token.cluster)
      .Text(token.node)
      .Integer(token.expires_unix)
      .Text(token.created_by)
      .Run();
}

absl::StatusOr<TokenRow> SqliteTokenStore::FindToken(const std::string& id) {
  Statement statement = database_->Prepare(
      "SELECT secret_sha256, cluster, node, created_by, expires_unix, public_key_sha256, "
      "certificate_pem, spent, revoked_unix_ms FROM tokens WHERE id = ?");
  statement.Text(id);
  ASSIGN_OR_RETURN(const bool row, statement.Step());
  if (!row) return absl::NotFoundError("no such join token");
  TokenRow token;
  token.id = id;
  token.secret_sha256 = statement.TextAt(0);
  token.cluster = statement.TextAt(1);
  token.node = statement.TextAt(2);
  token.created_by = statement.TextAt(3);
  token.expires_unix = statement.IntegerAt(4);
  token.public_key_sha256 = statement.TextAt(5);
  token.certificate_pem = statement.TextAt(6);
  token.spent = statement.IntegerAt(7) != 0;
  token.revoked = statement.IntegerAt(8) != 0;
  return token;
}

absl::Status SqliteTokenStore::BindToken(const std::string& id,
                                         const std::string& public_key_sha256,
                                         const std::string& certificate_pem) {
  RETURN_IF_ERROR(database_
                      ->Prepare("UPDATE tokens SET public_key_sha256 = ?, certificate_pem = ? "
                                "WHERE id = ? AND spent = 0 AND revoked_unix_ms = 0 AND "
                                "public_key_sha256 = ''")
                      .Text(public_key_sha256)
                      .Text(certificate_pem)
                      .Text(id)
                      .Run());
  if (database_->Changes() == 1) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "the join token is spent, revoked or already bound to a key");
}

absl::Status SqliteTokenStore::SpendToken(const std::string& id,
                                          const CertificateRow& certificate) {
  ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(*database_));
  RETURN_IF_ERROR(database_
                      ->Prepare("UPDATE tokens SET spent = 1 "
                                "WHERE id = ? AND spent = 0 AND revoked_unix_ms = 0 AND "
                                "public_key_sha256 != ''")
                      .Text(id)
                      .Run());
  if (database_->Changes() != 1) {
    return absl::FailedPreconditionError("the join token is spent, revoked or not bound to a key");
  }
  RETURN_IF_ERROR(AddCertificate(certificate));
  RETURN_IF_ERROR(
      database_->Prepare("INSERT INTO nodes(cluster, node) VALUES(?, ?) ON CONFLICT DO NOTHING")
          .Text(certificate.cluster)
          .Text(certificate.node)
          .Run());
  return transaction.Commit();
}

absl::Status SqliteTokenStore::AddCertificate(const CertificateRow& certificate) {
  return database_->Prepare("INSERT INTO certificates VALUES(?, ?, ?, ?, ?, ?)")
      .Text(certificate.sha256)
      .Text(certificate.cluster)
      .Text(certificate.node)
      .Text(certificate.pem)
      .Integer(certificate.issued_unix)
      .Integer(certificate.not_after_unix)
      .Run();
}

absl::StatusOr<std::vector<CertificateRow>> SqliteTokenStore::CertificatesOf(const NodeId& node) {
  std::vector<CertificateRow> certificates;
  Statement statement = database_->Prepare(
      "SELECT sha256, pem, issued_unix, not_after_unix FROM certificates "
      "WHERE cluster = ? AND node = ? ORDER BY issued_unix");
  statement.Text(node.cluster).Text(node.node);
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return certificates;
    certificates.push_back({statement.TextAt(0), node.cluster, node.node, statement.TextAt(1),
                            statement.IntegerAt(2), statement.IntegerAt(3)});
  }
}

}  // namespace belay::store
