#include "server/driver/access.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"
#include "common/base/time_text.h"

namespace belay {
namespace {

constexpr char kEverybodyUnlisted[] = "*";

Roles RolesIn(const v1::OperatorRoles& person) {
  Roles roles;
  for (const int role : person.roles()) roles.insert(static_cast<v1::Role>(role));
  return roles;
}

}  // namespace

absl::StatusOr<Roles> Access::RolesOf(const OperatorIdentity& person,
                                      std::int64_t not_before_unix) {
  ASSIGN_OR_RETURN(const auto listed, store_.FindOperator(person.name));
  if (listed) return RolesIn(*listed);
  ASSIGN_OR_RETURN(const std::int64_t until, store_.UnlistedUntilUnix());
  const bool of_before = not_before_unix + kBeginsEarlySeconds <= until;
  return of_before ? EveryRole() : Roles{};
}

absl::StatusOr<std::string> Access::Judge(const Caller& caller, std::string_view method) {
  if (clock_.WallNowUnixMs() / 1000 > caller.not_after_unix) {
    return absl::UnauthenticatedError(
        absl::StrCat("the certificate of ", IdentityUri(caller.identity), " has expired at ",
                     FormatUnixSeconds(caller.not_after_unix), "; get another one"));
  }
  RETURN_IF_ERROR(WhyRevoked(caller));
  Roles roles;
  if (const auto* person = std::get_if<OperatorIdentity>(&caller.identity)) {
    ASSIGN_OR_RETURN(roles, RolesOf(*person, caller.not_before_unix));
  }
  return Authorize(caller.identity, roles, method);
}

absl::StatusOr<bool> Access::MayHaveChanged() {
  ASSIGN_OR_RETURN(const std::int64_t version, store_.DataVersion());
  const bool changed = changed_ || version != data_version_;
  data_version_ = version;
  changed_ = false;
  return changed;
}

absl::StatusOr<v1::ListRolesReply> Access::ListRoles() {
  v1::ListRolesReply reply;
  ASSIGN_OR_RETURN(const auto people, store_.Operators());
  for (const v1::OperatorRoles& person : people) *reply.add_operators() = person;
  ASSIGN_OR_RETURN(const std::int64_t until, store_.UnlistedUntilUnix());
  reply.set_unlisted_until_unix(until);
  return reply;
}

absl::StatusOr<v1::OperatorRoles> Access::Set(const std::string& name, const Roles& roles,
                                              const std::string& by) {
  v1::OperatorRoles person;
  person.set_name(name);
  for (const v1::Role role : roles) person.add_roles(role);
  person.set_changed_by(by);
  person.set_changed_unix_ms(clock_.WallNowUnixMs());
  RETURN_IF_ERROR(store_.SetOperator(person));
  Changed();
  return person;
}

absl::StatusOr<v1::OperatorRoles> Access::Grant(const v1::ChangeRoleRequest& request,
                                                const std::string& by) {
  if (!IsValidName(request.name()) || !EveryRole().contains(request.role())) {
    return absl::InvalidArgumentError(
        "grant a role: it needs the name of an operator and one of viewer, operator, approver and "
        "admin; nothing was changed");
  }
  ASSIGN_OR_RETURN(const auto listed, store_.FindOperator(request.name()));
  Roles roles = listed ? RolesIn(*listed) : Roles{};
  if (!roles.insert(request.role()).second) return *listed;
  return Set(request.name(), roles, by);
}

absl::Status Access::CheckAdminRemains(const std::string& without) {
  ASSIGN_OR_RETURN(const auto people, store_.Operators());
  const bool remains = std::any_of(people.begin(), people.end(), [&](const auto& person) {
    return person.name() != without && RolesIn(person).contains(v1::ROLE_ADMIN);
  });
  if (remains) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "nobody who is listed would be admin any more, and nobody could undo that; nothing was "
      "changed. Make somebody else admin first: belayctl role grant NAME admin");
}

absl::StatusOr<v1::OperatorRoles> Access::EndUnlisted(const std::string& by) {
  RETURN_IF_ERROR(CheckAdminRemains(""));
  RETURN_IF_ERROR(store_.EndUnlisted());
  Changed();
  v1::OperatorRoles everybody;
  everybody.set_name(kEverybodyUnlisted);
  everybody.set_changed_by(by);
  everybody.set_changed_unix_ms(clock_.WallNowUnixMs());
  return everybody;
}

absl::StatusOr<v1::OperatorRoles> Access::Revoke(const v1::ChangeRoleRequest& request,
                                                 const std::string& by) {
  if (request.name() == kEverybodyUnlisted && request.role() == v1::ROLE_UNSPECIFIED) {
    return EndUnlisted(by);
  }
  if (!IsValidName(request.name()) || !EveryRole().contains(request.role())) {
    return absl::InvalidArgumentError(
        "revoke a role: it needs the name of an operator and one of viewer, operator, approver and "
        "admin; nothing was changed");
  }
  ASSIGN_OR_RETURN(const auto listed, store_.FindOperator(request.name()));
  ASSIGN_OR_RETURN(const std::int64_t unlisted_until, store_.UnlistedUntilUnix());
  if (!listed && unlisted_until == 0) {
    return absl::NotFoundError(absl::StrCat("there is no operator ", request.name(),
                                            "; see them with: belayctl role list"));
  }
  Roles roles = listed ? RolesIn(*listed) : EveryRole();
  if (roles.erase(request.role()) == 0) return *listed;
  if (request.role() == v1::ROLE_ADMIN) RETURN_IF_ERROR(CheckAdminRemains(request.name()));
  return Set(request.name(), roles, by);
}

}  // namespace belay
