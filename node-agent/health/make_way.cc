#include "node-agent/health/make_way.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "node-agent/health/adoption.h"
#include "node-agent/manifest/pod.h"

namespace belay {
namespace {

// The others end within a second or two of being told to.
constexpr const char* kLingers = "kube-apiserver";

bool RanTheOldManifest(const v1::ComponentExpectation& component, const Process& process) {
  const auto& argv = component.argv_before();
  return ArgvMatches({argv.begin(), argv.end()}, process.argv, component.component());
}

}  // namespace

std::vector<Process> InTheWay(const v1::ComponentExpectation& component,
                              std::int64_t applied_boottime_ns, const std::vector<Process>& running,
                              std::optional<bool> old_pod_listens) {
  const std::string& old_pod = component.pod_uid_before();
  // An API server closes its listener when it is told to end, and at no other time; that it had one
  // was proved when the step was prepared.
  const bool drained = old_pod_listens.has_value() && !*old_pod_listens;
  if (component.component() != kLingers || old_pod.empty() || !drained) return {};
  std::vector<Process> old;
  for (const Process& process : running) {
    if (process.pod_uid == old_pod) old.push_back(process);
  }
  const std::int64_t certainly_before = applied_boottime_ns - kStartTickNs;
  const bool fresh =
      std::any_of(old.begin(), old.end(), [certainly_before](const Process& process) {
        return process.started_boottime_ns >= certainly_before;
      });
  const bool known = std::any_of(old.begin(), old.end(), [&component](const Process& process) {
    return RanTheOldManifest(component, process);
  });
  // One that was started since is kubelet's try at the old manifest: it has no listener *yet*.  By
  // the time of another boot, which is 0, everybody was.
  if (fresh || !known) return {};
  return old;
}

std::vector<std::string> MakeWay(const v1::Prepared& prepared, std::int64_t applied_boottime_ns,
                                 const ProcessTable& processes, ProcessEnder& ender) {
  std::vector<std::string> said;
  for (const v1::ComponentExpectation& component : prepared.components()) {
    if (component.pod_uid_before().empty()) continue;
    const std::vector<Process> running = processes.List(component.component());
    for (const Process& process : InTheWay(component, applied_boottime_ns, running,
                                           ender.PodListens(component.pod_uid_before()))) {
      const absl::Status ended = ender.End(process);
      said.push_back(
          ended.ok()
              ? absl::StrCat("ended process ", process.pid, ", what was left of the old ",
                             component.component(),
                             ": it served nobody any more and kept kubelet from starting the "
                             "restored manifest")
              : absl::StrCat("the old ", component.component(),
                             " may keep kubelet from starting the restored manifest for up to "
                             "30 s: ",
                             ended.message()));
    }
  }
  return said;
}

}  // namespace belay
