// Who may call what, in one function.  Everything that is not named here is denied, for everybody.
#pragma once
#include <string_view>

#include "absl/status/status.h"
#include "common/crypto/x509.h"

namespace belay {

inline constexpr char kAgentConnect[] = "/belay.v1.AgentLink/Connect";
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
inline constexpr char kListLocks[] = "/belay.v1.Admin/ListLocks";
inline constexpr char kTakeLock[] = "/belay.v1.Admin/TakeLock";
inline constexpr char kReleaseLock[] = "/belay.v1.Admin/ReleaseLock";
inline constexpr char kBreakLock[] = "/belay.v1.Admin/BreakLock";
inline constexpr char kListClusters[] = "/belay.v1.Admin/ListClusters";
inline constexpr char kLabelNode[] = "/belay.v1.Admin/LabelNode";
inline constexpr char kLabelCluster[] = "/belay.v1.Admin/LabelCluster";
inline constexpr char kRevertRollout[] = "/belay.v1.Admin/RevertRollout";

// `method` is the full path of the call.  PERMISSION_DENIED names who and what.
absl::Status Authorize(const Identity& identity, std::string_view method);

}  // namespace belay
