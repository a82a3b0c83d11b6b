#include "node-agent/change/plan_changes.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "common/plan/gated.h"
#include "common/plan/phases.h"
#include "node-agent/change/change_text.h"
#include "node-agent/change/changed_view.h"

namespace belay {
namespace {

v1::FileDiff FileDiffOf(const PathChange& change, Shown shown, std::size_t* room) {
  v1::FileDiff diff;
  diff.set_path(change.path);
  diff.set_kind(!change.before.exists  ? v1::FileDiff::CREATED
                : !change.after.exists ? v1::FileDiff::REMOVED
                                       : v1::FileDiff::CHANGED);
  diff.set_content_hidden(shown == Shown::Public && !IsForEverybody(change));
  std::string text =
      ValidUtf8(shown == Shown::Public ? PublicChangeText(change) : ChangeText(change));
  if (text.size() > *room) {
    text.resize(*room);
    text = ValidUtf8(text);  // a character may have been cut
    absl::StrAppend(&text, "\n(the rest is too long and was left out)\n");
  }
  *room -= std::min(*room, text.size());
  diff.set_text(std::move(text));
  return diff;
}

}  // namespace

PlanChanges ChangesOfPlan(const v1::RemediationPlan& plan, const std::string& manifest_dir,
                          const FileSystem& files, const std::vector<ValueRule>& forbidden) {
  PlanChanges out;
  ChangedView view(files);
  for (int i = 0; i < plan.steps_size(); ++i) {
    const v1::Step& step = plan.steps(i);
    absl::StatusOr<StepChanges> changes = ChangesOf(step, manifest_dir, view);
    if (changes.ok()) changes = WithoutForbidden(*std::move(changes), forbidden);
    if (!changes.ok()) {
      out.refused = WithContext(changes.status(), absl::StrCat("step ", step.name()));
      return out;
    }
    view.Apply(*changes);
    out.steps.push_back({step.name(), *std::move(changes), RestartedService(step),
                         PhaseName(plan, PhaseOfStep(plan, i))});
  }
  return out;
}

v1::NodeDiff DiffOf(const PlanChanges& changes, Shown shown, std::size_t most_bytes) {
  v1::NodeDiff out;
  for (const NamedStepChanges& step : changes.steps) {
    v1::StepDiff& diff = *out.add_steps();
    diff.set_step(step.step);
    diff.set_phase(step.phase);
    for (const PathChange& change : step.changes) {
      if (change.changed()) *diff.add_files() = FileDiffOf(change, shown, &most_bytes);
    }
    if (!step.restarts.empty() && !diff.files().empty()) {
      std::string& last = *diff.mutable_files(diff.files_size() - 1)->mutable_text();
      last.insert(0, absl::StrCat("# ", step.restarts, " is restarted\n"));
    }
  }
  if (!changes.refused.ok()) out.set_refused(ValidUtf8(std::string(changes.refused.message())));
  return out;
}

}  // namespace belay
