// The node's answer to "what would this plan change on you?".  Reads only, any thread; whoever may
// not have a plan carried out here learns nothing about the node's files either.
#pragma once
#include <string>
#include <vector>

#include "belay/v1/agent_link.pb.h"
#include "common/os/clock.h"
#include "common/os/file_system.h"
#include "common/plan/trust.h"
#include "node-agent/change/plan_changes.h"
#include "node-agent/change/value_rules.h"
#include "node-agent/driver/policy.h"

namespace belay {

struct PlanQuestionOptions {
  Trust trust;
  NodePolicy policy;  // of the runner
  std::vector<ValueRule> forbidden = {};
  Shown shown = Shown::Public;
};

v1::NodeDiff AnswerPlanQuestion(const v1::SignedPlan& plan, const PlanQuestionOptions& options,
                                const FileSystem& files, const Clock& clock);

}  // namespace belay
