// What a whole plan would make of a node's files, each step over what the steps before it leave.
// Reads only.  What a node checks besides when it begins (its policy, its processes, its health) is
// not looked at here.
#pragma once
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "belay/v1/agent_link.pb.h"
#include "belay/v1/plan.pb.h"
#include "common/os/file_system.h"
#include "node-agent/change/change.h"
#include "node-agent/change/value_rules.h"

namespace belay {

struct NamedStepChanges {
  std::string step;
  StepChanges changes;
  std::string restarts = "";  // the service that the step restarts when anything changes
  std::string phase = "";     // of the plan; empty: it has none
};

struct PlanChanges {
  std::vector<NamedStepChanges> steps;  // those before the one that is refused
  absl::Status refused;                 // ok, or which step it is and why; as of ChangesOf
};

// `plan` has passed FindPlanErrors; `manifest_dir` as for ChangesOf.
// Refused is also what breaks one of the rules.
PlanChanges ChangesOfPlan(const v1::RemediationPlan& plan, const std::string& manifest_dir,
                          const FileSystem& files, const std::vector<ValueRule>& forbidden = {});

// Whose content is shown: everything is for the one who could read the files himself; to others
// goes only what every user of the node may read, and static pods' manifests.
enum class Shown { All, Public };

// For people, and for the link: files that would not change are left out.  A restart is a line that
// begins with "#" above the last file of its step.  Text beyond `most_bytes`
// is cut off and says so.
v1::NodeDiff DiffOf(const PlanChanges& changes, Shown shown, std::size_t most_bytes);

}  // namespace belay
