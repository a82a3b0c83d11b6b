#include "common/plan/retry.h"

#include "absl/strings/str_cat.h"

namespace belay {
namespace {

// An operator stands beside it: what has not gone well after ten times is for him to look at.
constexpr std::uint32_t kFewestAttempts = 2;
constexpr std::uint32_t kMostAttempts = 10;
constexpr std::uint32_t kLeastBackoffMs = 1000;
constexpr std::uint32_t kMostBackoffMs = 3600 * 1000;

}  // namespace

std::vector<BrokenRule> FindRetryErrors(const v1::RemediationPlan& plan) {
  std::vector<BrokenRule> broken;
  if (!plan.has_retry()) return broken;
  const v1::Retry& retry = plan.retry();
  if (retry.attempts() < kFewestAttempts || retry.attempts() > kMostAttempts) {
    broken.push_back({"spec.retry.attempts",
                      absl::StrCat("must be between ", kFewestAttempts, " and ", kMostAttempts,
                                   ", the first one counted (leave retry away for one attempt)")});
  }
  const auto between = [&broken](const char* path, std::uint32_t ms) {
    if (ms >= kLeastBackoffMs && ms <= kMostBackoffMs) return;
    broken.push_back({path, absl::StrCat("must be between ", kLeastBackoffMs / 1000, "s and ",
                                         kMostBackoffMs / 1000, "s")});
  };
  between("spec.retry.backoff", retry.backoff_ms());
  between("spec.retry.maxBackoff", retry.max_backoff_ms());
  if (retry.max_backoff_ms() < retry.backoff_ms()) {
    broken.push_back({"spec.retry.maxBackoff", "must not be shorter than backoff"});
  }
  return broken;
}

std::string RetryWarning(const v1::RemediationPlan& plan) {
  if (!plan.has_retry()) return "";
  return "retry is for belay-agent apply, at one node: a rollout of this plan stops at the first "
         "node that falls, whatever stands here";
}

std::string DescribeRetry(const v1::RemediationPlan& plan) {
  if (!plan.has_retry()) return "";
  const auto seconds = [](std::uint32_t ms) { return ms / 1000.0; };
  return absl::StrCat("belay-agent apply only: up to ", plan.retry().attempts(),
                      " attempts, a random wait of up to ", seconds(plan.retry().backoff_ms()),
                      "s before the second, doubled each time, at most ",
                      seconds(plan.retry().max_backoff_ms()), "s");
}

}  // namespace belay
