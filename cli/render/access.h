// `belayctl role list` and what else is about who may call.  Pure.
#pragma once
#include <cstdint>
#include <string>

#include "belay/v1/access.pb.h"

namespace belay {

std::string RoleWord(v1::Role role);  // "admin"
// UNSPECIFIED: there is no such role.
v1::Role RoleNamed(const std::string& word);
std::string RoleWords(const v1::OperatorRoles& person);  // "viewer, approver"; "nothing"
std::string RenderRoles(const v1::ListRolesReply& roles);
std::string RenderAuditTrail(const v1::ListAuditTrailReply& trail);
std::string RenderTokens(const v1::ListTokensReply& tokens, std::int64_t now_unix);
std::string RenderCertificates(const v1::ListCertificatesReply& certificates, std::int64_t now_unix,
                               bool wide);
// "all certificates of ... until ...": what a revocation is of.
std::string RevokedWords(const v1::Revocation& revocation);

}  // namespace belay
