// `belayctl role list` and what else is about who may call.  Pure.
#pragma once
#include <string>

#include "belay/v1/access.pb.h"

namespace belay {

std::string RoleWord(v1::Role role);  // "admin"
// UNSPECIFIED: there is no such role.
v1::Role RoleNamed(const std::string& word);
std::string RoleWords(const v1::OperatorRoles& person);  // "viewer, approver"; "nothing"
std::string RenderRoles(const v1::ListRolesReply& roles);

}  // namespace belay
