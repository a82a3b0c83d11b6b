// `belayctl rollout start --dry-run`: each node in its order, what it would wait for and what would
// change there.  Pure.
#pragma once
#include <string>

#include "belay/v1/admin.pb.h"

namespace belay {

std::string RenderPreview(const v1::StartRolloutReply& reply, const v1::RemediationPlan& plan,
                          const std::string& cluster);
// With --detailed-exitcode, as terraform plan has them: 0 nothing would change, 2 something would,
// 1 it would be refused, or a node has not said.
int DetailedExitCode(const v1::StartRolloutReply& reply);

}  // namespace belay
