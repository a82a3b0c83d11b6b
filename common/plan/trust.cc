#include "common/plan/trust.h"

#include <set>

#include "absl/strings/str_cat.h"

namespace belay {

std::string WhyUnusable(const Trust& trust) {
  if (trust.signatures == 0) return "at least one signature must be asked for";
  std::set<std::string> ids;
  std::map<std::string, std::uint32_t> of_role;
  for (const TrustedKey& each : trust.keys) {
    if (!ids.insert(each.key.id()).second) {
      return absl::StrCat("the key ", each.key.id(),
                          " is there twice, and would still count once; take one away");
    }
    if (!each.role.empty()) ++of_role[each.role];
  }
  if (ids.size() < trust.signatures) {
    return absl::StrCat("no plan could be trusted: ", trust.signatures,
                        " signatures are asked for and there are ", ids.size(), " trusted keys");
  }
  for (const auto& [role, wanted] : trust.roles) {
    if (of_role[role] >= wanted) continue;
    return absl::StrCat("no plan could be trusted: ", wanted, " signatures of role '", role,
                        "' are asked for and ", of_role[role], " trusted keys have it");
  }
  return "";
}

}  // namespace belay
