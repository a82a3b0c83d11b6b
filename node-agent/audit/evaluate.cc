#include "node-agent/audit/evaluate.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "node-agent/audit/judge_files.h"
#include "node-agent/audit/judge_setting.h"
#include "node-agent/audit/judgement.h"

namespace belay {
namespace {

Judgement JudgeCheck(const Check& check, const Snapshot& snapshot);

// All: a failure decides, then what is not known.  Any: a pass decides, then what is not known.
Judgement JudgeChildren(const Check& check, const Snapshot& snapshot) {
  const bool all = check.kind == Check::Kind::All;
  const v1::AuditOutcome decides = all ? v1::FAIL : v1::PASS;
  const v1::AuditOutcome otherwise = all ? v1::PASS : v1::FAIL;
  Judgement whole;
  bool first = true;
  for (const Check& child : check.children) {
    Judgement judgement = JudgeCheck(child, snapshot);
    for (v1::Evidence& evidence : judgement.evidence) whole.evidence.push_back(std::move(evidence));
    whole.differs_from_running = whole.differs_from_running || judgement.differs_from_running;
    const bool decided = whole.outcome == decides && !first;
    const bool stronger = judgement.outcome == decides || whole.outcome == otherwise ||
                          whole.outcome == v1::NOT_APPLICABLE;
    const bool says = judgement.outcome != v1::NOT_APPLICABLE;
    if (first || (!decided && stronger && says)) {
      whole.outcome = judgement.outcome;
      whole.reason = std::move(judgement.reason);
    }
    first = false;
  }
  return whole;
}

Judgement JudgeCheck(const Check& check, const Snapshot& snapshot) {
  switch (check.kind) {
    case Check::Kind::None:
      break;
    case Check::Kind::Setting:
      return JudgeSetting(check.setting, snapshot);
    case Check::Kind::File:
      return JudgeFiles(check.file, snapshot);
    case Check::Kind::NamedFile:
      return JudgeNamedFile(check.named, snapshot);
    case Check::Kind::All:
    case Check::Kind::Any:
      return JudgeChildren(check, snapshot);
  }
  return {};
}

// Empty: the control is about this node.
Judgement NotAbout(v1::AuditOutcome outcome, std::string reason) {
  Judgement judgement;
  judgement.outcome = outcome;
  judgement.reason = std::move(reason);
  return judgement;
}

Judgement JudgeControl(const Control& control, const Snapshot& snapshot) {
  const Applicability& when = control.when;
  if (!when.component.empty() && !snapshot.Component(when.component).IsHere()) {
    return NotAbout(v1::NOT_APPLICABLE,
                    absl::StrCat("no manifest and no process of ", when.component, " is here"));
  }
  if (!(when.versions == VersionRange())) {
    if (!snapshot.kubernetes) {
      return NotAbout(v1::ERROR,
                      "the control is for some versions of Kubernetes only, and this "
                      "node's is not known");
    }
    if (!when.versions.Contains(*snapshot.kubernetes)) {
      return NotAbout(v1::NOT_APPLICABLE,
                      "not for Kubernetes " + KubernetesMinorText(*snapshot.kubernetes));
    }
  }
  if (control.check.kind == Check::Kind::None) return NotAbout(v1::MANUAL, control.fix.manual);
  Judgement judgement = JudgeCheck(control.check, snapshot);
  if (judgement.outcome == v1::ERROR && !control.automated) judgement.outcome = v1::MANUAL;
  return judgement;
}

}  // namespace

const ComponentState& Snapshot::Component(const std::string& name) const {
  static const ComponentState& none = *new ComponentState();
  const auto found = components.find(name);
  return found == components.end() ? none : found->second;
}

std::vector<v1::ControlResult> Evaluate(const Catalog& catalog, const Snapshot& snapshot) {
  std::vector<v1::ControlResult> results;
  for (const Control& control : catalog.controls) {
    Judgement judgement = JudgeControl(control, snapshot);
    v1::ControlResult& result = results.emplace_back();
    result.set_control(control.id);
    result.set_title(control.title);
    result.set_level(control.level);
    result.set_automated(control.automated);
    result.set_component(control.component);
    result.set_outcome(judgement.outcome);
    result.set_reason(std::move(judgement.reason));
    result.set_differs_from_running(judgement.differs_from_running);
    for (v1::Evidence& evidence : judgement.evidence) *result.add_evidence() = std::move(evidence);
  }
  return results;
}

v1::AuditSummary Summarize(const std::vector<v1::ControlResult>& results) {
  v1::AuditSummary summary;
  for (const v1::ControlResult& result : results) {
    switch (result.outcome()) {
      case v1::PASS:
        if (result.automated()) {
          summary.set_automated_pass(summary.automated_pass() + 1);
        } else {
          summary.set_other_pass(summary.other_pass() + 1);
        }
        break;
      case v1::FAIL:
        if (result.automated()) {
          summary.set_automated_fail(summary.automated_fail() + 1);
        } else {
          summary.set_other_fail(summary.other_fail() + 1);
        }
        break;
      case v1::MANUAL:
        summary.set_manual(summary.manual() + 1);
        break;
      case v1::NOT_APPLICABLE:
        summary.set_not_applicable(summary.not_applicable() + 1);
        break;
      case v1::WAIVED:
        summary.set_waived(summary.waived() + 1);
        break;
      default:
        summary.set_error(summary.error() + 1);
        break;
    }
  }
  summary.set_formula("automated pass / (automated pass + automated fail)");
  const unsigned judged = summary.automated_pass() + summary.automated_fail();
  summary.set_has_score(judged > 0);
  if (judged > 0) summary.set_score_percent(100.0 * summary.automated_pass() / judged);
  return summary;
}

}  // namespace belay
