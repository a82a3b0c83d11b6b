#include "node-agent/health/adoption.h"

#include <algorithm>
#include <string>
#include <vector>

#include "node-agent/manifest/pod.h"

namespace belay {
namespace {

bool SameArguments(const v1::ComponentExpectation& component) {
  return std::equal(component.argv_before().begin(), component.argv_before().end(),
                    component.argv_after().begin(), component.argv_after().end());
}

// Kubelet may start the old manifest once more after the new one was published; where only mounts
// differ, its arguments and its start are those of the new one.
bool RightPod(const AdoptionRule& rule, const std::string& uid) {
  if (rule.component.has_service()) return uid.empty();
  const std::string& before = rule.component.pod_uid_before();
  if (before.empty()) return !SameArguments(rule.component);
  if (rule.direction == GateDirection::Backward) return uid == before;
  return !uid.empty() && uid != before;
}

}  // namespace

bool AdoptionRule::Expected(const Process& process) const {
  const auto& wanted =
      direction == GateDirection::Forward ? component.argv_after() : component.argv_before();
  return RightPod(*this, process.pod_uid) &&
         ArgvMatches({wanted.begin(), wanted.end()}, process.argv, component.component());
}

bool AdoptionRule::InTime(const Process& process) const {
  const std::int64_t started = process.started_boottime_ns;
  if (direction == GateDirection::Forward) return started > applied_boottime_ns;
  // Whenever kubelet started the old manifest, it is the old configuration, unless it has read
  // another file of the step.
  if (!component.reads_changed_files() && !component.has_service()) return true;
  const bool never_replaced = started < applied_boottime_ns - kStartTickNs;
  // No component reads its files within a tick of being started.
  return never_replaced || started > restored_boottime_ns - kStartTickNs;
}

}  // namespace belay
