#include "cli/render/words.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace belay {

// An enum of a newer coordinator shows as its number; protobuf's sentinel values keep the switches
// from being exhaustive without a default.
std::string Word(v1::RolloutPhase phase) {
  switch (phase) {
    case v1::ROLLOUT_PHASE_RUNNING:
      return "running";
    case v1::ROLLOUT_PHASE_COMPLETED:
      return "completed";
    case v1::ROLLOUT_PHASE_STOPPED:
      return "stopped";
    case v1::ROLLOUT_PHASE_AWAITING_APPROVAL:
      return "awaiting approval";
    case v1::ROLLOUT_PHASE_PAUSED:
      return "paused";
    case v1::ROLLOUT_PHASE_STOPPING:
      return "stopping";
    case v1::ROLLOUT_PHASE_UNREADABLE:
      return "UNREADABLE";
    default:
      return absl::StrCat("unknown (", static_cast<int>(phase), ")");
  }
}

std::string Word(v1::NodePhase phase) {
  switch (phase) {
    case v1::NODE_PHASE_WAITING:
      return "waiting";
    case v1::NODE_PHASE_DISPATCHED:
      return "dispatched";
    case v1::NODE_PHASE_IN_PROGRESS:
      return "in progress";
    case v1::NODE_PHASE_COMMITTED:
      return "committed";
    case v1::NODE_PHASE_ROLLED_BACK:
      return "rolled back";
    case v1::NODE_PHASE_QUARANTINED:
      return "quarantined";
    case v1::NODE_PHASE_EMERGENCY_STOP:
      return "EMERGENCY STOP";
    case v1::NODE_PHASE_REFUSED:
      return "refused";
    case v1::NODE_PHASE_SILENT:
      return "silent";
    default:
      return absl::StrCat("unknown (", static_cast<int>(phase), ")");
  }
}

std::string Word(v1::StopCause cause) {
  switch (cause) {
    case v1::STOP_CAUSE_ROLLED_BACK:
      return "rolled back";
    case v1::STOP_CAUSE_QUARANTINED:
      return "quarantined";
    case v1::STOP_CAUSE_EMERGENCY_STOP:
      return "EMERGENCY STOP";
    case v1::STOP_CAUSE_REFUSED:
      return "refused";
    case v1::STOP_CAUSE_SILENT:
      return "silent";
    case v1::STOP_CAUSE_CLUSTER_NOT_READY:
      return "cluster not ready";
    case v1::STOP_CAUSE_ABORTED:
      return "aborted";
    case v1::STOP_CAUSE_DEADLINE:
      return "deadline";
    case v1::STOP_CAUSE_DEFECT:
      return "DEFECT";
    default:
      return absl::StrCat("unknown (", static_cast<int>(cause), ")");
  }
}

std::string Word(v1::Verdict verdict) {
  switch (verdict) {
    case v1::VERDICT_COMMITTED:
      return "committed";
    case v1::VERDICT_ROLLED_BACK:
      return "rolled back";
    case v1::VERDICT_QUARANTINED:
      return "quarantined";
    case v1::VERDICT_EMERGENCY_STOP:
      return "EMERGENCY STOP";
    case v1::VERDICT_REFUSED:
      return "refused";
    case v1::VERDICT_UNSPECIFIED:
      return "no verdict yet";
    default:
      return absl::StrCat("unknown (", static_cast<int>(verdict), ")");
  }
}

std::string Words(const v1::PhaseOfPlan& phase, bool reverts) {
  if (phase.number() == 0) return "";
  std::string text = absl::StrCat("phase ", phase.number());
  if (phase.count() == 0) return text;  // of a plan that the coordinator could not read
  absl::StrAppend(&text, " of ", phase.count(), ", \"", phase.name(), "\"");
  if (reverts && phase.last() != phase.name()) {
    absl::StrAppend(&text, ", down to \"", phase.last(), "\"");
  }
  return text;
}

bool IsFinished(const v1::Rollout& rollout) {
  return rollout.phase() == v1::ROLLOUT_PHASE_COMPLETED ||
         rollout.phase() == v1::ROLLOUT_PHASE_STOPPED ||
         rollout.phase() == v1::ROLLOUT_PHASE_UNREADABLE;
}

int ExitCodeOf(const v1::Rollout& rollout) {
  if (rollout.phase() == v1::ROLLOUT_PHASE_UNREADABLE) return kExitOther;
  if (rollout.phase() != v1::ROLLOUT_PHASE_STOPPED) return kExitDone;
  return rollout.stop_cause() == v1::STOP_CAUSE_EMERGENCY_STOP ? kExitEmergency : kExitStopped;
}

std::string NextCommand(const v1::Rollout& rollout) {
  return rollout.next().empty() ? absl::StrCat("belayctl report ", rollout.id()) : rollout.next();
}

std::string ShortDigest(const std::string& digest) { return digest.substr(0, 12); }

std::string Seconds(double seconds) { return absl::StrFormat("%.1f s", seconds); }

std::string Age(std::int64_t milliseconds) {
  if (milliseconds < 0) return "-";
  const std::int64_t seconds = milliseconds / 1000;
  if (seconds < 120) return absl::StrCat(seconds, "s");
  if (seconds < std::int64_t{2} * 3600) return absl::StrCat(seconds / 60, "m");
  if (seconds < std::int64_t{48} * 3600) return absl::StrCat(seconds / 3600, "h");
  return absl::StrCat(seconds / 86400, "d");
}

}  // namespace belay
