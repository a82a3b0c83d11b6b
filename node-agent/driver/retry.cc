#include "node-agent/driver/retry.h"

#include <algorithm>

namespace belay {

std::optional<std::int64_t> RetryWaitMs(const v1::RemediationPlan& plan, std::uint32_t attempt,
                                        v1::Verdict verdict, double random) {
  const v1::Retry& retry = plan.retry();
  // Only behind a rollback the node is proved to be as it was before.
  if (verdict != v1::VERDICT_ROLLED_BACK || attempt >= retry.attempts()) return std::nullopt;
  const std::int64_t most = retry.max_backoff_ms();
  std::int64_t bound = retry.backoff_ms();
  for (std::uint32_t i = 1; i < attempt && bound < most; ++i) bound *= 2;
  bound = std::min(bound, most);
  return static_cast<std::int64_t>(static_cast<double>(bound) * std::clamp(random, 0.0, 1.0));
}

}  // namespace belay
