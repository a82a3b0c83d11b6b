#include "server/driver/authorize.h"

#include <algorithm>
#include <array>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace belay {
namespace {

constexpr unsigned kViewer = 1;
constexpr unsigned kOperator = 2;
constexpr unsigned kApprover = 4;
constexpr unsigned kAdmin = 8;
constexpr unsigned kAnyRole = kViewer | kOperator | kApprover | kAdmin;
constexpr unsigned kNode = 16;

struct Rule {
  std::string_view method;
  unsigned who;
  bool reads = false;
};

constexpr std::array<Rule, 37> kRules = {{
    {kAgentConnect, kNode},
    {kRenew, kNode},

    {kListNodes, kAnyRole, true},
    {kListRollouts, kAnyRole, true},
    {kGetRollout, kAnyRole, true},
    {kWatchRollout, kAnyRole, true},
    {kGetReport, kAnyRole, true},
    {kListFleets, kAnyRole, true},
    {kGetFleet, kAnyRole, true},
    {kListLocks, kAnyRole, true},
    {kListClusters, kAnyRole, true},
    {kListAuditTrail, kAnyRole, true},
    // The nodes have work with it, and whoever approves a plan wants to see what it would do.
    {kDiffPlan, kOperator | kApprover | kAdmin, true},

    {kStartRollout, kOperator | kAdmin},
    {kPauseRollout, kOperator | kAdmin},
    {kResumeRollout, kOperator | kAdmin},
    {kAbortRollout, kOperator | kAdmin},
    {kRetryRollout, kOperator | kAdmin},
    {kRevertRollout, kOperator | kAdmin},
    {kStartFleet, kOperator | kAdmin},
    {kChangeFleet, kOperator | kAdmin},
    {kTakeLock, kOperator | kAdmin},
    {kReleaseLock, kOperator | kAdmin},
    {kLabelNode, kOperator | kAdmin},
    {kLabelCluster, kOperator | kAdmin},
    {kClearEmergency, kOperator | kAdmin},

    {kApproveRollout, kApprover | kAdmin},
    {kApproveFleet, kApprover | kAdmin},

    {kBreakLock, kAdmin},
    {kCreateToken, kAdmin},
    {kListTokens, kAdmin, true},
    {kRevokeToken, kAdmin},
    {kListCertificates, kAdmin, true},
    {kRevokeCertificate, kAdmin},
    {kListRoles, kAdmin, true},
    {kGrantRole, kAdmin},
    {kRevokeRole, kAdmin},
}};

const Rule* RuleOf(std::string_view method) {
  const auto* const rule = std::find_if(kRules.begin(), kRules.end(),
                                        [&](const Rule& each) { return each.method == method; });
  return rule == kRules.end() ? nullptr : rule;
}

unsigned BitOf(v1::Role role) {
  switch (role) {
    case v1::ROLE_VIEWER:
      return kViewer;
    case v1::ROLE_OPERATOR:
      return kOperator;
    case v1::ROLE_APPROVER:
      return kApprover;
    case v1::ROLE_ADMIN:
      return kAdmin;
    default:  // what a newer belay-server has written, too
      return 0;
  }
}

// As what one of these may do it; empty: as none.
std::string AllowedAs(const Identity& identity, const Roles& roles, unsigned who) {
  if (std::holds_alternative<NodeIdentity>(identity)) return (who & kNode) != 0 ? "node" : "";
  if (!std::holds_alternative<OperatorIdentity>(identity)) return "";
  for (const v1::Role role : roles) {
    if ((who & kAnyRole & BitOf(role)) != 0) return RoleName(role);
  }
  return "";
}

std::string NamesOf(unsigned who) {
  std::vector<std::string> names;
  for (const v1::Role role : EveryRole()) {
    if ((who & BitOf(role)) != 0) names.push_back(RoleName(role));
  }
  return absl::StrJoin(names, " or ");
}

std::string NamesOf(const Roles& roles) {
  std::vector<std::string> names;
  for (const v1::Role role : roles) names.push_back(RoleName(role));
  return names.empty() ? "no role" : absl::StrCat("the role ", absl::StrJoin(names, ", "));
}

std::string WhatHelps(const Identity& identity, const Roles& roles, const Rule* rule) {
  const auto* person = std::get_if<OperatorIdentity>(&identity);
  if (rule == nullptr || person == nullptr || (rule->who & kAnyRole) == 0) {
    return "Operators administer, agents connect: use the certificate made for this";
  }
  return absl::StrCat(person->name, " has ", NamesOf(roles), ", and this is for the role ",
                      NamesOf(rule->who), "; an admin grants it: belayctl role grant ",
                      person->name, " ROLE");
}

}  // namespace

Roles EveryRole() {
  return {v1::ROLE_VIEWER, v1::ROLE_OPERATOR, v1::ROLE_APPROVER, v1::ROLE_ADMIN};
}

std::string RoleName(v1::Role role) {
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

absl::StatusOr<v1::Role> ParseRole(const std::string& name) {
  for (const v1::Role role : EveryRole()) {
    if (RoleName(role) == name) return role;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("'", name, "' is not a role; there are viewer, operator, approver and admin"));
}

absl::StatusOr<std::string> Authorize(const Identity& identity, const Roles& roles,
                                      std::string_view method) {
  const Rule* const rule = RuleOf(method);
  std::string as = rule == nullptr ? "" : AllowedAs(identity, roles, rule->who);
  if (!as.empty()) return as;
  return absl::PermissionDeniedError(absl::StrCat(
      IdentityUri(identity), " may not call ", absl::string_view(method.data(), method.size()),
      "; nothing was done. ", WhatHelps(identity, roles, rule)));
}

bool OnlyReads(std::string_view method) {
  const Rule* const rule = RuleOf(method);
  return rule != nullptr && rule->reads;
}

}  // namespace belay
