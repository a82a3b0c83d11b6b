#include "server/driver/operators.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"
#include "server/driver/authorize.h"

namespace belay {

absl::Status Note(store::Store& store, const NewOperator& known) {
  ASSIGN_OR_RETURN(const auto listed, store.FindOperator(known.name));
  v1::OperatorRoles person = listed.value_or(v1::OperatorRoles());
  Roles roles;
  for (const int role : person.roles()) roles.insert(static_cast<v1::Role>(role));
  for (const std::string& name : known.roles) {
    ASSIGN_OR_RETURN(const v1::Role role, ParseRole(name));
    roles.insert(role);
  }
  person.set_name(known.name);
  person.clear_roles();
  for (const v1::Role role : roles) person.add_roles(role);
  person.set_changed_by("belay-server");
  person.set_changed_unix_ms(known.issued_unix * 1000);
  v1::AuditRecord record;
  record.set_wall_unix_ms(known.issued_unix * 1000);
  record.set_method("belay-server operator");
  record.set_decision(v1::AuditRecord::ALLOWED);
  record.set_reason("whoever may read the CA's key");
  record.set_target(absl::StrCat("name=", known.name, " roles=", absl::StrJoin(known.roles, ",")));
  RETURN_IF_ERROR(store.AppendAudit({std::move(record)}));
  return store.SetOperator(person, store::OperatorCertificateRow{
                                       known.certificate_sha256, known.name, known.certificate_pem,
                                       known.issued_unix, known.not_after_unix});
}

absl::StatusOr<std::string> DatabaseWith(const NewOperator& first) {
  return store::Store::NewImage([&](store::Store& store) { return Note(store, first); });
}

}  // namespace belay
