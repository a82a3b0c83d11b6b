#include "node-agent/driver/plan_question.h"

#include <cstddef>
#include <optional>

#include "common/base/utf8.h"
#include "node-agent/change/plan_changes.h"
#include "node-agent/driver/plan_admission.h"

namespace belay {
namespace {

constexpr std::int64_t kMillisecondsInSecond = 1000;
constexpr std::size_t kMostBytes = std::size_t{1} << 20;  // of one message's 8 MiB

}  // namespace

v1::NodeDiff AnswerPlanQuestion(const v1::SignedPlan& plan, const PlanQuestionOptions& options,
                                const FileSystem& files, const Clock& clock) {
  v1::RemediationPlan admitted;
  const std::optional<PlanRefusal> refusal =
      FindPlanRefusal(plan, options.trust, options.policy,
                      clock.WallNowUnixMs() / kMillisecondsInSecond, &admitted);
  if (refusal) {
    v1::NodeDiff refused;
    refused.set_refused(ValidUtf8(refusal->reason));
    return refused;
  }
  return DiffOf(ChangesOfPlan(admitted, options.policy.manifest_dir, files, options.forbidden),
                options.shown, kMostBytes);
}

}  // namespace belay
