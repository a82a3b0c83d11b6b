#include "common/plan/rules.h"

#include <algorithm>
#include <cstdint>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/ids.h"
#include "common/plan/edit_rules.h"
#include "common/plan/gated.h"

namespace belay {
namespace {

constexpr std::size_t kMaxPlanBytes = 1024 * 1024;  // well below the 4 MiB of one gRPC message
constexpr int kMaxSteps = 100;
constexpr int kMaxEdits = 200;
constexpr std::uint32_t kHourMs = 3600 * 1000;

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

  void Check(const v1::Gate& gate, const std::string& path,
             const std::vector<std::string>& manifests) {
    Between(absl::StrCat(path, ".deadline"), gate.deadline_ms(), 1000, kHourMs);
    Between(absl::StrCat(path, ".stable"), gate.stable_ms(), 1, kHourMs);
    Between(absl::StrCat(path, ".interval"), gate.interval_ms(), 50, 10000);
    Between(absl::StrCat(path, ".rollbackDeadline"), gate.rollback_deadline_ms(), 1000, kHourMs);
    for (int i = 0; i < gate.probes_size(); ++i) {
      const std::string at = absl::StrCat(path, ".probes[", i, "]");
      const GatedComponent* const gated = FindGatedByProbe(gate.probes(i));
      if (gated == nullptr) {
        Add(at, absl::StrCat("'", gate.probes(i), "' is not a probe: known are ", ProbesText()));
      } else if (gated != &kGatedComponents.front() &&
                 std::find(manifests.begin(), manifests.end(), gated->manifest) ==
                     manifests.end()) {
        Add(at, absl::StrCat("'", gate.probes(i), "' proves ", std::string(gated->manifest),
                             ", which this step does not edit: leave it away"));
      }
    }
    for (const std::string& manifest : manifests) {
      const GatedComponent* const gated = FindGated(manifest);
      if (gated == nullptr) continue;  // said at the edit
      const std::string probe(gated->probe);
      if (std::find(gate.probes().begin(), gate.probes().end(), probe) != gate.probes().end()) {
        continue;
      }
      Add(absl::StrCat(path, ".probes"),
          absl::StrCat("a step that changes ", manifest, " must be proved healthy: add ", probe,
                       " or leave probes away"));
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
    if (step.has_gate() || TouchesManifest(step)) {
      Check(step.gate(), absl::StrCat(path, ".gate"), TouchedManifests(step));
    }
    for (BrokenRule& rule : FindContradictions(step, path)) broken.push_back(std::move(rule));
  }
};

}  // namespace

bool TouchesManifest(const v1::Step& step) { return !TouchedManifests(step).empty(); }

std::vector<BrokenRule> FindBrokenRules(const v1::RemediationPlan& plan) {
  Checker check;
  check.Name("metadata.name", plan.name());
  if (plan.not_after_unix() != 0 && plan.not_after_unix() <= plan.not_before_unix()) {
    check.Add("spec.notAfter",
              "the plan would end before it begins: notAfter must be after notBefore");
  }
  if (plan.steps().empty()) check.Add("spec.steps", "a plan needs at least one step");
  if (plan.steps_size() > kMaxSteps) {
    check.Add("spec.steps", absl::StrCat("a plan has at most ", kMaxSteps, " steps"));
    return std::move(check.broken);
  }
  if (plan.ByteSizeLong() > kMaxPlanBytes) {
    check.Add("spec.steps", "the plan is larger than 1 MiB: split it");
    return std::move(check.broken);
  }
  std::set<std::string> names;
  for (int i = 0; i < plan.steps_size(); ++i) {
    const std::string path = absl::StrCat("spec.steps[", i, "]");
    check.Check(plan.steps(i), path);
    if (!names.insert(plan.steps(i).name()).second) {
      check.Add(absl::StrCat(path, ".name"),
                absl::StrCat("an earlier step is also named '", plan.steps(i).name(), "'"));
    }
  }
  return std::move(check.broken);
}

}  // namespace belay
