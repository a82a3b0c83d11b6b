#include "cli/render/access.h"

#include <array>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/render/table.h"
#include "common/base/time_text.h"

namespace belay {
namespace {
constexpr std::array kRoles = {v1::ROLE_VIEWER, v1::ROLE_OPERATOR, v1::ROLE_APPROVER,
                               v1::ROLE_ADMIN};
}  // namespace

std::string RoleWord(v1::Role role) {
  switch (role) {
    case v1::ROLE_VIEWER:
      return "viewer";
    case v1::ROLE_OPERATOR:
      return "operator";
    case v1::ROLE_APPROVER:
      return "approver";
    case v1::ROLE_ADMIN:
      return "admin";
    default:
      return absl::StrCat("unknown-", static_cast<int>(role));
  }
}

v1::Role RoleNamed(const std::string& word) {
  for (const v1::Role role : kRoles) {
    if (RoleWord(role) == word) return role;
  }
  return v1::ROLE_UNSPECIFIED;
}

std::string RoleWords(const v1::OperatorRoles& person) {
  std::vector<std::string> words;
  for (const int role : person.roles()) words.push_back(RoleWord(static_cast<v1::Role>(role)));
  return words.empty() ? "nothing" : absl::StrJoin(words, ", ");
}

std::string RenderRoles(const v1::ListRolesReply& roles) {
  std::vector<std::vector<std::string>> rows;
  for (const v1::OperatorRoles& person : roles.operators()) {
    rows.push_back({person.name(), RoleWords(person), person.changed_by(),
                    FormatUnixSeconds(person.changed_unix_ms() / 1000)});
  }
  std::string text = RenderTable({"OPERATOR", "ROLES", "CHANGED BY", "AT"}, rows);
  if (roles.unlisted_until_unix() == 0) return text;
  absl::StrAppend(
      &text, "\nwhoever is not listed and has a certificate issued until ",
      FormatUnixSeconds(roles.unlisted_until_unix()),
      " may do everything;\nlist them, then end that: belayctl role revoke --unlisted\n");
  return text;
}

}  // namespace belay
