// Certificates, what has been revoked of them, and join tokens as operators see them.
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/crypto/x509.h"
#include "server/store/store.h"

namespace belay::store {
namespace {

v1::Revocation RevocationIn(const Statement& row) {
  v1::Revocation revocation;
  revocation.set_sha256(row.TextAt(0));
  revocation.set_identity(row.TextAt(1));
  revocation.set_reason(row.TextAt(2));
  revocation.set_revoked_by(row.TextAt(3));
  revocation.set_revoked_unix_ms(row.IntegerAt(4));
  return revocation;
}

v1::Token TokenIn(const Statement& row) {
  v1::Token token;
  token.set_id(row.TextAt(0));
  token.set_cluster(row.TextAt(1));
  token.set_node(row.TextAt(2));
  token.set_created_by(row.TextAt(3));
  token.set_expires_unix(row.IntegerAt(4));
  token.set_bound(!row.TextAt(5).empty());
  token.set_spent(row.IntegerAt(6) != 0);
  token.set_revoked_by(row.TextAt(7));
  token.set_revoked_unix_ms(row.IntegerAt(8));
  return token;
}

constexpr char kTokenColumns[] =
    "SELECT id, cluster, node, created_by, expires_unix, public_key_sha256, spent, revoked_by, "
    "revoked_unix_ms, certificate_pem FROM tokens ";

absl::StatusOr<std::vector<v1::Revocation>> All(Statement& statement) {
  std::vector<v1::Revocation> revocations;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return revocations;
    revocations.push_back(RevocationIn(statement));
  }
}

}  // namespace

absl::StatusOr<std::vector<v1::Certificate>> Store::Certificates() {
  std::vector<v1::Certificate> certificates;
  Statement statement = database_->Prepare(
      "SELECT sha256, cluster, node, issued_unix, not_after_unix FROM certificates "
      "UNION ALL SELECT sha256, '', operator, issued_unix, not_after_unix "
      "FROM operator_certificates ORDER BY 2, 3, 4 DESC");
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return certificates;
    v1::Certificate& certificate = certificates.emplace_back();
    certificate.set_sha256(statement.TextAt(0));
    const std::string cluster = statement.TextAt(1);
    const std::string name = statement.TextAt(2);
    certificate.set_identity(IdentityUri(cluster.empty() ? Identity(OperatorIdentity{name})
                                                         : Identity(NodeIdentity{cluster, name})));
    certificate.set_issued_unix(statement.IntegerAt(3));
    certificate.set_not_after_unix(statement.IntegerAt(4));
  }
}

absl::StatusOr<std::optional<std::int64_t>> Store::IssuedUnix(const std::string& sha256) {
  Statement statement = database_->Prepare(
      "SELECT issued_unix FROM certificates WHERE sha256 = ?1 "
      "UNION ALL SELECT issued_unix FROM operator_certificates WHERE sha256 = ?1");
  statement.Text(sha256);
  ASSIGN_OR_RETURN(const bool row, statement.Step());
  if (!row) return std::nullopt;
  return statement.IntegerAt(0);
}

absl::Status Store::AddRevocation(const v1::Revocation& revocation) {
  return database_
      ->Prepare(
          "INSERT INTO revocations(sha256, identity, reason, revoked_by, revoked_unix_ms) "
          "VALUES(?, ?, ?, ?, ?)")
      .Text(revocation.sha256())
      .Text(revocation.identity())
      .Text(revocation.reason())
      .Text(revocation.revoked_by())
      .Integer(revocation.revoked_unix_ms())
      .Run();
}

absl::StatusOr<std::vector<v1::Revocation>> Store::Revocations() {
  Statement statement = database_->Prepare(
      "SELECT sha256, identity, reason, revoked_by, revoked_unix_ms FROM revocations "
      "ORDER BY number DESC");
  return All(statement);
}

absl::StatusOr<std::vector<v1::Revocation>> Store::RevocationsOf(const std::string& sha256,
                                                                 const std::string& identity) {
  Statement statement = database_->Prepare(
      "SELECT sha256, identity, reason, revoked_by, revoked_unix_ms FROM revocations "
      "WHERE (sha256 != '' AND sha256 = ?) OR (identity != '' AND identity = ?) "
      "ORDER BY number DESC");
  statement.Text(sha256).Text(identity);
  return All(statement);
}

absl::StatusOr<std::vector<v1::Token>> Store::Tokens() {
  std::vector<v1::Token> tokens;
  Statement statement =
      database_->Prepare(absl::StrCat(kTokenColumns, "ORDER BY expires_unix DESC, id"));
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return tokens;
    tokens.push_back(TokenIn(statement));
  }
}

absl::StatusOr<v1::Token> Store::RevokeToken(const std::string& id, const std::string& by,
                                             std::int64_t unix_ms) {
  ASSIGN_OR_RETURN(Transaction transaction, Begin());
  v1::Token token;
  std::string certificate_pem;
  {
    Statement statement = database_->Prepare(absl::StrCat(kTokenColumns, "WHERE id = ?"));
    statement.Text(id);
    ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) {
      return absl::NotFoundError(
          "there is no token of that id; nothing was changed. See: belayctl token list");
    }
    token = TokenIn(statement);
    certificate_pem = statement.TextAt(9);
  }
  if (token.spent()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the token is spent: ", token.cluster(), "/", token.node(),
        " has its certificate; nothing was changed. Revoke that: belayctl cert revoke --node ",
        token.cluster(), "/", token.node(), " --reason REASON"));
  }
  if (token.revoked_unix_ms() != 0) return token;
  RETURN_IF_ERROR(
      database_->Prepare("UPDATE tokens SET revoked_by = ?, revoked_unix_ms = ? WHERE id = ?")
          .Text(by)
          .Integer(unix_ms)
          .Text(id)
          .Run());
  token.set_revoked_by(by);
  token.set_revoked_unix_ms(unix_ms);
  if (!certificate_pem.empty()) {  // it is out, and good in itself
    ASSIGN_OR_RETURN(const CertificateFacts facts, ReadCertificate(certificate_pem));
    v1::Revocation revocation;
    revocation.set_sha256(facts.sha256);
    revocation.set_reason(absl::StrCat("given for token ", id, ", which is revoked"));
    revocation.set_revoked_by(by);
    revocation.set_revoked_unix_ms(unix_ms);
    RETURN_IF_ERROR(AddRevocation(revocation));
  }
  RETURN_IF_ERROR(transaction.Commit());
  return token;
}

}  // namespace belay::store
