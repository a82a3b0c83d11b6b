// What a plan says about trying again what was rolled back: its rules, and what lint tells of it.
// Who tries again, and when, is the node's (node-agent/driver/retry.h).  Pure.
#pragma once
#include <string>
#include <vector>

#include "belay/v1/plan.pb.h"
#include "common/plan/rules.h"

namespace belay {

inline constexpr std::uint32_t kRetryBackoffMs = 30'000;
inline constexpr std::uint32_t kRetryMaxBackoffMs = 300'000;

// Paths below "spec.retry".  None where the plan has no retry.
std::vector<BrokenRule> FindRetryErrors(const v1::RemediationPlan& plan);

// What its author must know; empty where the plan has no retry.
std::string RetryWarning(const v1::RemediationPlan& plan);

// "up to 3 attempts, ..." in one line; empty where the plan has no retry.
std::string DescribeRetry(const v1::RemediationPlan& plan);

}  // namespace belay
