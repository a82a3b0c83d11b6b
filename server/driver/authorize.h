// Who may call what, in one function over one table.  Everything that is not named there is denied,
// for everybody.  docs/authorisation.md shows the table and says why.  Pure.
#pragma once
#include <set>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "belay/v1/access.pb.h"
#include "common/crypto/x509.h"

namespace belay {

inline constexpr char kAgentConnect[] = "/belay.v1.AgentLink/Connect";
inline constexpr char kRenew[] = "/belay.v1.AgentLink/Renew";
inline constexpr char kCreateToken[] = "/belay.v1.Admin/CreateToken";
inline constexpr char kListNodes[] = "/belay.v1.Admin/ListNodes";
inline constexpr char kClearEmergency[] = "/belay.v1.Admin/ClearEmergency";
inline constexpr char kStartRollout[] = "/belay.v1.Admin/StartRollout";
inline constexpr char kListRollouts[] = "/belay.v1.Admin/ListRollouts";
inline constexpr char kGetRollout[] = "/belay.v1.Admin/GetRollout";
inline constexpr char kWatchRollout[] = "/belay.v1.Admin/WatchRollout";
inline constexpr char kGetReport[] = "/belay.v1.Admin/GetReport";
inline constexpr char kDiffPlan[] = "/belay.v1.Admin/DiffPlan";

inline constexpr char kPauseRollout[] = "/belay.v1.Admin/PauseRollout";
inline constexpr char kResumeRollout[] = "/belay.v1.Admin/ResumeRollout";
inline constexpr char kAbortRollout[] = "/belay.v1.Admin/AbortRollout";
inline constexpr char kApproveRollout[] = "/belay.v1.Admin/ApproveRollout";
inline constexpr char kRetryRollout[] = "/belay.v1.Admin/RetryRollout";
inline constexpr char kStartFleet[] = "/belay.v1.Admin/StartFleet";
inline constexpr char kListFleets[] = "/belay.v1.Admin/ListFleets";
inline constexpr char kGetFleet[] = "/belay.v1.Admin/GetFleet";
inline constexpr char kChangeFleet[] = "/belay.v1.Admin/ChangeFleet";
// One method with several verbs; this one of them is an approver's.
inline constexpr char kApproveFleet[] = "/belay.v1.Admin/ChangeFleet#approve";
inline constexpr char kListLocks[] = "/belay.v1.Admin/ListLocks";
inline constexpr char kTakeLock[] = "/belay.v1.Admin/TakeLock";
inline constexpr char kReleaseLock[] = "/belay.v1.Admin/ReleaseLock";
inline constexpr char kBreakLock[] = "/belay.v1.Admin/BreakLock";
inline constexpr char kListClusters[] = "/belay.v1.Admin/ListClusters";
inline constexpr char kLabelNode[] = "/belay.v1.Admin/LabelNode";
inline constexpr char kLabelCluster[] = "/belay.v1.Admin/LabelCluster";
inline constexpr char kRevertRollout[] = "/belay.v1.Admin/RevertRollout";

inline constexpr char kListRoles[] = "/belay.v1.Admin/ListRoles";
inline constexpr char kGrantRole[] = "/belay.v1.Admin/GrantRole";
inline constexpr char kRevokeRole[] = "/belay.v1.Admin/RevokeRole";
inline constexpr char kListTokens[] = "/belay.v1.Admin/ListTokens";
inline constexpr char kRevokeToken[] = "/belay.v1.Admin/RevokeToken";
inline constexpr char kListCertificates[] = "/belay.v1.Admin/ListCertificates";
inline constexpr char kRevokeCertificate[] = "/belay.v1.Admin/RevokeCertificate";
inline constexpr char kListAuditTrail[] = "/belay.v1.Admin/ListAuditTrail";

using Roles = std::set<v1::Role>;

std::string RoleName(v1::Role role);                          // "admin"
absl::StatusOr<v1::Role> ParseRole(const std::string& name);  // INVALID_ARGUMENT names them all
Roles EveryRole();

// `roles` are those of an operator; nobody else's are looked at.  `method` is the full path of the
// call.  As what it is allowed ("operator"); PERMISSION_DENIED names who, what, and which role may.
absl::StatusOr<std::string> Authorize(const Identity& identity, const Roles& roles,
                                      std::string_view method);
// Whether it only looks; such calls are summarised in the audit trail.  What is unknown changes.
bool OnlyReads(std::string_view method);

}  // namespace belay
