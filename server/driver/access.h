// The one place where it is decided whether somebody is let in: by whom, by which certificate, and
// by the roles that he has now.  Asked again for what is open whenever an answer may have changed.
//
// Looks at the store at each call, so that what another process has written (belay-server operator
// add) acts at once.  Loop thread only.  An error that is not UNAUTHENTICATED or PERMISSION_DENIED
// is the store's own, and nobody is let in by it.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/crypto/caller.h"
#include "common/os/clock.h"
#include "server/driver/authorize.h"
#include "server/store/store.h"

namespace belay {

class Access {
 public:
  Access(store::Store& store, const Clock& clock) : store_(store), clock_(clock) {}  // outlive this

  // As what the caller may do it now: "operator".
  absl::StatusOr<std::string> Judge(const Caller& caller, std::string_view method);
  // Whether an answer of Judge may be another one than when this was asked last.
  absl::StatusOr<bool> MayHaveChanged();
  void Changed() { changed_ = true; }  // something that Judge looks at, by this process

  absl::StatusOr<v1::ListTokensReply> ListTokens(bool all);
  absl::StatusOr<v1::Token> RevokeToken(const std::string& id, const std::string& by);
  absl::StatusOr<v1::ListCertificatesReply> ListCertificates(bool all);
  // One certificate, or all that its owner has now: what he is given later is good.
  absl::StatusOr<v1::Revocation> RevokeCertificate(const v1::RevokeCertificateRequest& request,
                                                   const std::string& by);

  absl::StatusOr<v1::ListRolesReply> ListRoles();
  // What he has then.  Of somebody who is not listed only by an earlier version's certificate,
  // granting leaves the granted role alone, and revoking leaves the others.
  absl::StatusOr<v1::OperatorRoles> Grant(const v1::ChangeRoleRequest& request,
                                          const std::string& by);
  // FAILED_PRECONDITION: nobody would be admin any more.
  absl::StatusOr<v1::OperatorRoles> Revoke(const v1::ChangeRoleRequest& request,
                                           const std::string& by);

 private:
  absl::StatusOr<Roles> RolesOf(const OperatorIdentity& person, std::int64_t not_before_unix);
  absl::Status WhyRevoked(const Caller& caller);
  absl::StatusOr<v1::Revocation> WhatToRevoke(const v1::RevokeCertificateRequest& request);
  absl::Status CheckAdminRemains(const std::string& without);
  absl::StatusOr<v1::OperatorRoles> Set(const std::string& name, const Roles& roles,
                                        const std::string& by);
  absl::StatusOr<v1::OperatorRoles> EndUnlisted(const std::string& by);

  store::Store& store_;
  const Clock& clock_;
  std::int64_t data_version_ = 0;
  bool changed_ = false;
};

}  // namespace belay
