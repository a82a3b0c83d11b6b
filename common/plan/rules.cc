#include "common/plan/rules.h"

#include <algorithm>
#include <cstdint>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/ids.h"
#include "common/plan/edit_rules.h"
#include "common/plan/gated.h"
#include "common/plan/phases.h"
#include "common/plan/retry.h"
#include "common/plan/targets.h"

namespace belay {
namespace {

// Well below the 4 MiB of one gRPC message.
constexpr std::size_t kMaxPlanBytes = std::size_t{1024} * 1024;
constexpr int kMaxSteps = 100;
constexpr int kMaxPhases = 20;
constexpr int kMaxEdits = 200;
constexpr std::uint32_t kHourMs = 3600 * 1000;

template <class List>
bool Contains(const List& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

class Checker {
 public:
  std::vector<BrokenRule> broken;

  void Add(std::string path, std::string message) {
    broken.push_back({std::move(path), std::move(message)});
  }

  void Name(const std::string& path, const std::string& name) {
    if (!IsValidName(name)) Add(path, NotAName(name));
  }

  void Between(const std::string& path, std::uint32_t ms, std::uint32_t low, std::uint32_t high) {
    if (ms < low || ms > high) {
      Add(path, absl::StrCat("must be between ", low, "ms and ", high / 1000, "s"));
    }
  }

  void Probe(const std::string& path, const std::string& probe,
             const std::vector<std::string>& manifests, bool restarts) {
    const GatedComponent* const gated = FindGatedByProbe(probe);
    const bool kubelet = probe == kKubeletProbe;
    const bool anywhere = gated == &kGatedComponents.front();
    if (gated == nullptr && !kubelet) {
      Add(path, absl::StrCat("'", probe, "' is not a probe: known are ", ProbesText()));
    } else if (kubelet ? !restarts : !anywhere && !Contains(manifests, gated->manifest)) {
      Add(path,
          absl::StrCat("'", probe, "' proves ", std::string(kubelet ? kKubelet : gated->manifest),
                       ", which this step does not ", kubelet ? "restart" : "edit",
                       ": leave it away"));
    }
  }

  void Needs(const std::string& path, const v1::Gate& gate, std::string_view probe,
             const std::string& what) {
    if (Contains(gate.probes(), probe)) return;
    Add(absl::StrCat(path, ".probes"),
        absl::StrCat("a step that ", what, " must be proved healthy: add ", std::string(probe),
                     " or leave probes away"));
  }

  void Check(const v1::Gate& gate, const std::string& path, const v1::Step& step) {
    const std::vector<std::string> manifests = TouchedManifests(step);
    const bool restarts = !RestartedService(step).empty();
    Between(absl::StrCat(path, ".deadline"), gate.deadline_ms(), 1000, kHourMs);
    Between(absl::StrCat(path, ".stable"), gate.stable_ms(), 1, kHourMs);
    Between(absl::StrCat(path, ".interval"), gate.interval_ms(), 50, 10000);
    Between(absl::StrCat(path, ".rollbackDeadline"), gate.rollback_deadline_ms(), 1000, kHourMs);
    for (int i = 0; i < gate.probes_size(); ++i) {
      Probe(absl::StrCat(path, ".probes[", i, "]"), gate.probes(i), manifests, restarts);
    }
    for (const std::string& manifest : manifests) {
      const GatedComponent* const gated = FindGated(manifest);
      if (gated != nullptr) Needs(path, gate, gated->probe, absl::StrCat("changes ", manifest));
    }
    if (restarts) Needs(path, gate, kKubeletProbe, "restarts kubelet");
  }

  // A restart belongs to a change that is taken up by it, and is proved by itself.
  void CheckRestart(const v1::Step& step, const std::string& path) {
    bool file = false;
    for (const v1::Edit& edit : step.edits()) {
      file = file || edit.has_set_config_key() || edit.has_unset_config_key() ||
             edit.has_put_file() || edit.has_remove_file();
    }
    for (int i = 0; i < step.edits_size(); ++i) {
      if (!step.edits(i).has_restart_service()) continue;
      const std::string at = absl::StrCat(path, ".edits[", i, "].restartService");
      if (!TouchedManifests(step).empty()) {
        Add(at,
            "a step that edits a static pod's manifest cannot restart kubelet too: make it two "
            "steps, so that each is proved by itself");
      } else if (!file) {
        Add(at,
            "nothing in this step would be taken up by the restart: put the edit of kubelet's "
            "configuration (setConfigKey, unsetConfigKey or putFile) into the same step");
      }
    }
  }

  void Check(const v1::Step& step, const std::string& path) {
    Name(absl::StrCat(path, ".name"), step.name());
    for (int i = 0; i < step.controls_size(); ++i) {
      const std::string& control = step.controls(i);
      if (control.empty() || control.size() > 100 || HasControlCharacter(control) ||
          absl::StrContains(control, ' ')) {
        Add(absl::StrCat(path, ".controls[", i, "]"),
            "must be a control such as cis-1.11/1.2.16, without spaces");
      }
    }
    if (step.edits().empty()) Add(absl::StrCat(path, ".edits"), "a step needs at least one edit");
    if (step.edits_size() > kMaxEdits) {
      Add(absl::StrCat(path, ".edits"), absl::StrCat("a step has at most ", kMaxEdits, " edits"));
      return;
    }
    for (int i = 0; i < step.edits_size(); ++i) {
      CheckEdit(step.edits(i), absl::StrCat(path, ".edits[", i, "]"), EditScope::Plan, broken);
    }
    if (step.has_gate() || StartsSomething(step)) {
      Check(step.gate(), absl::StrCat(path, ".gate"), step);
    }
    CheckRestart(step, path);
    for (BrokenRule& rule : FindContradictions(step, path)) broken.push_back(std::move(rule));
  }

  void CheckPhases(const v1::RemediationPlan& plan) {
    std::set<std::string> names;
    std::uint64_t steps = 0;
    for (int i = 0; i < plan.phases_size(); ++i) {
      const v1::PlanPhase& phase = plan.phases(i);
      const std::string path = absl::StrCat("spec.phases[", i, "]");
      Name(absl::StrCat(path, ".name"), phase.name());
      // belay-agent apply --phase all
      if (phase.name() == "all") {
        Add(absl::StrCat(path, ".name"), "no phase may be named 'all', which means all of them");
      }
      if (!names.insert(phase.name()).second) {
        Add(absl::StrCat(path, ".name"),
            absl::StrCat("an earlier phase is also named '", phase.name(), "'"));
      }
      if (phase.steps() == 0) Add(absl::StrCat(path, ".steps"), "a phase needs at least one step");
      steps += phase.steps();
    }
    if (!plan.phases().empty() && steps != static_cast<std::uint64_t>(plan.steps_size())) {
      Add("spec.phases",
          absl::StrCat("its phases have ", steps, " steps, but the plan has ", plan.steps_size()));
    }
  }
};

}  // namespace

std::vector<BrokenRule> FindBrokenRules(const v1::RemediationPlan& plan) {
  Checker check;
  check.Name("metadata.name", plan.name());
  if (plan.not_after_unix() != 0 && plan.not_after_unix() <= plan.not_before_unix()) {
    check.Add("spec.notAfter",
              "the plan would end before it begins: notAfter must be after notBefore");
  }
  for (BrokenRule& rule : FindRetryErrors(plan)) check.broken.push_back(std::move(rule));
  for (BrokenRule& rule : FindTargetErrors(plan)) check.broken.push_back(std::move(rule));
  const char* const all = plan.phases().empty() ? "spec.steps" : "spec.phases";
  if (plan.steps().empty()) check.Add(all, "a plan needs at least one step");
  if (plan.steps_size() > kMaxSteps) {
    check.Add(all, absl::StrCat("a plan has at most ", kMaxSteps, " steps"));
    return std::move(check.broken);
  }
  if (plan.phases_size() > kMaxPhases) {
    check.Add(all, absl::StrCat("a plan has at most ", kMaxPhases, " phases"));
    return std::move(check.broken);
  }
  if (plan.ByteSizeLong() > kMaxPlanBytes) {
    check.Add(all, "the plan is larger than 1 MiB: split it");
    return std::move(check.broken);
  }
  check.CheckPhases(plan);
  std::set<std::string> names;
  for (int i = 0; i < plan.steps_size(); ++i) {
    const std::string path = StepPath(plan, i);
    check.Check(plan.steps(i), path);
    if (!names.insert(plan.steps(i).name()).second) {
      check.Add(absl::StrCat(path, ".name"),
                absl::StrCat("an earlier step is also named '", plan.steps(i).name(), "'"));
    }
  }
  return std::move(check.broken);
}

}  // namespace belay
