// Whether, and after how long, `belay-agent apply` tries a run again that was rolled back.  Pure.
//
// In a rollout nothing is ever tried again: the first fall stops it (I6).
#pragma once
#include <cstdint>
#include <optional>

#include "belay/v1/journal.pb.h"
#include "belay/v1/plan.pb.h"

namespace belay {

// How long to wait before the attempt after `attempt` (from 1), which has ended with `verdict`;
// nothing: there is none.  Full jitter, so that operators at several nodes who met one cause do not
// meet again in the same second: `random` from 0 to below 1.
std::optional<std::int64_t> RetryWaitMs(const v1::RemediationPlan& plan, std::uint32_t attempt,
                                        v1::Verdict verdict, double random);

}  // namespace belay
