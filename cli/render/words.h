// The words for states, the same in every table, and the exit code a rollout's state means.  Pure.
#pragma once
#include <cstdint>
#include <string>

#include "belay/v1/admin.pb.h"
#include "belay/v1/journal.pb.h"
#include "belay/v1/rollout.pb.h"

namespace belay {

inline constexpr int kExitDone = 0;
inline constexpr int kExitOther = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitStopped = 3;
inline constexpr int kExitEmergency = 4;
// Of `plan diff` only: as of diff(1).
inline constexpr int kExitDifferent = 1;
// Of `edit`, `plan render` and `plan diff`.
inline constexpr int kExitNothingToDo = 10;
inline constexpr int kExitRefused = 11;

std::string Word(v1::RolloutPhase phase);
std::string Word(v1::NodePhase phase);
std::string Word(v1::StopCause cause);
std::string Word(v1::Verdict verdict);

// `phase 2 of 3, "written"`; of a revert: `..., down to "prepared"`.  Empty without phases.
std::string Words(const v1::PhaseOfPlan& phase, bool reverts);

bool IsFinished(const v1::Rollout& rollout);
// 0 while it runs and when it completed; 4 after an emergency stop; 3 after any other stop.
int ExitCodeOf(const v1::Rollout& rollout);
// The command to type next after a rollout that stopped; the coordinator's own where it gave one.
std::string NextCommand(const v1::Rollout& rollout);

std::string ShortDigest(const std::string& digest);  // the first 12 characters
std::string Seconds(double seconds);                 // "12.3 s"
std::string Age(std::int64_t milliseconds);          // "45s", "12m", "3h", "2d"; "-" when negative

}  // namespace belay
