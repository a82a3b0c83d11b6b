#include "common/base/status_macros.h"
#include "server/store/store.h"

namespace belay::store {
namespace {

// What is no role of this version is kept, and lets nobody do anything.
absl::Status ReadRoles(Database& database, v1::OperatorRoles* person) {
  Statement statement =
      database.Prepare("SELECT role FROM role_bindings WHERE operator = ? ORDER BY role");
  statement.Text(person->name());
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return absl::OkStatus();
    person->add_roles(static_cast<v1::Role>(statement.IntegerAt(0)));
  }
}

}  // namespace

absl::StatusOr<std::optional<v1::OperatorRoles>> Store::FindOperator(const std::string& name) {
  Statement statement =
      database_->Prepare("SELECT changed_by, changed_unix_ms FROM operators WHERE name = ?");
  statement.Text(name);
  ASSIGN_OR_RETURN(const bool row, statement.Step());
  if (!row) return std::nullopt;
  v1::OperatorRoles person;
  person.set_name(name);
  person.set_changed_by(statement.TextAt(0));
  person.set_changed_unix_ms(statement.IntegerAt(1));
  RETURN_IF_ERROR(ReadRoles(*database_, &person));
  return person;
}

absl::StatusOr<std::vector<v1::OperatorRoles>> Store::Operators() {
  std::vector<v1::OperatorRoles> people;
  Statement statement =
      database_->Prepare("SELECT name, changed_by, changed_unix_ms FROM operators ORDER BY name");
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return people;
    v1::OperatorRoles& person = people.emplace_back();
    person.set_name(statement.TextAt(0));
    person.set_changed_by(statement.TextAt(1));
    person.set_changed_unix_ms(statement.IntegerAt(2));
    RETURN_IF_ERROR(ReadRoles(*database_, &person));
  }
}

absl::Status Store::SetOperator(const v1::OperatorRoles& roles,
                                const std::optional<OperatorCertificateRow>& given) {
  ASSIGN_OR_RETURN(Transaction transaction, Begin());
  RETURN_IF_ERROR(database_->Prepare("INSERT OR REPLACE INTO operators VALUES(?, ?, ?)")
                      .Text(roles.name())
                      .Text(roles.changed_by())
                      .Integer(roles.changed_unix_ms())
                      .Run());
  RETURN_IF_ERROR(
      database_->Prepare("DELETE FROM role_bindings WHERE operator = ?").Text(roles.name()).Run());
  for (const int role : roles.roles()) {
    RETURN_IF_ERROR(database_->Prepare("INSERT OR IGNORE INTO role_bindings VALUES(?, ?)")
                        .Text(roles.name())
                        .Integer(role)
                        .Run());
  }
  if (given) {
    RETURN_IF_ERROR(database_->Prepare("INSERT INTO operator_certificates VALUES(?, ?, ?, ?, ?)")
                        .Text(given->sha256)
                        .Text(given->operator_name)
                        .Text(given->pem)
                        .Integer(given->issued_unix)
                        .Integer(given->not_after_unix)
                        .Run());
  }
  return transaction.Commit();
}

absl::StatusOr<std::int64_t> Store::UnlistedUntilUnix() {
  Statement statement =
      database_->Prepare("SELECT value FROM meta WHERE name = 'unlisted_until_unix'");
  ASSIGN_OR_RETURN(const bool row, statement.Step());
  return row ? statement.IntegerAt(0) : 0;
}

absl::Status Store::EndUnlisted() {
  return database_->Prepare("DELETE FROM meta WHERE name = 'unlisted_until_unix'").Run();
}

absl::StatusOr<std::int64_t> Store::DataVersion() {
  Statement statement = database_->Prepare("PRAGMA data_version");
  RETURN_IF_ERROR(statement.Step().status());
  return statement.IntegerAt(0);
}

}  // namespace belay::store
