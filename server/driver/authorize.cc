#include "server/driver/authorize.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"

namespace belay {
namespace {

constexpr std::array<std::string_view, 26> kForOperators = {
    kDiffPlan,       kCreateToken,  kListNodes,     kClearEmergency, kStartRollout,  kListRollouts,
    kGetRollout,     kWatchRollout, kGetReport,     kPauseRollout,   kResumeRollout, kAbortRollout,
    kApproveRollout, kRetryRollout, kRevertRollout, kStartFleet,     kListFleets,    kGetFleet,
    kChangeFleet,    kListLocks,    kTakeLock,      kReleaseLock,    kBreakLock,     kListClusters,
    kLabelCluster,   kLabelNode};

bool IsAllowed(const Identity& identity, std::string_view method) {
  if (std::holds_alternative<OperatorIdentity>(identity)) {
    return std::find(kForOperators.begin(), kForOperators.end(), method) != kForOperators.end();
  }
  if (std::holds_alternative<NodeIdentity>(identity)) return method == kAgentConnect;
  return false;
}

}  // namespace

absl::Status Authorize(const Identity& identity, std::string_view method) {
  if (IsAllowed(identity, method)) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat(
      IdentityUri(identity), " may not call ", absl::string_view(method.data(), method.size()),
      "; nothing was done. Operators administer, agents connect: use the "
      "certificate made for this"));
}

}  // namespace belay
