#include "node-agent/change/plan_changes.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "node-agent/change/change_text.h"
#include "node-agent/change/changed_view.h"

namespace belay {
namespace {

constexpr std::uint32_t kOthersMayRead = 0004;

bool IsPublic(const FileVersion& file) {
  return !file.exists || (file.attributes.mode & kOthersMayRead) != 0;
}

// The changes of attributes as they are, and of the content only how much it is.
std::string WithoutContent(const std::string& path, const std::string& text) {
  std::string out;
  int removed = 0;
  int added = 0;
  bool in_hunk = false;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!in_hunk && !line.empty() && line.front() == '#') absl::StrAppend(&out, line, "\n");
    in_hunk = in_hunk || (line.size() >= 2 && line.substr(0, 2) == "@@");
    if (!in_hunk || line.empty()) continue;
    removed += line.front() == '-' ? 1 : 0;
    added += line.front() == '+' ? 1 : 0;
  }
  if (removed + added > 0) {
    absl::StrAppend(&out, "# ", path, ": ", removed, " lines go, ", added,
                    " lines come (not shown: not everybody on the node may read this file)\n");
  }
  return out;
}

v1::FileDiff FileDiffOf(const PathChange& change, Shown shown, std::size_t* room) {
  v1::FileDiff diff;
  diff.set_path(change.path);
  diff.set_kind(!change.before.exists  ? v1::FileDiff::CREATED
                : !change.after.exists ? v1::FileDiff::REMOVED
                                       : v1::FileDiff::CHANGED);
  std::string text = ValidUtf8(ChangeText(change));
  if (shown == Shown::Public && change.manifest.empty() &&
      !(IsPublic(change.before) && IsPublic(change.after))) {
    text = WithoutContent(change.path, text);
    diff.set_content_hidden(true);
  }
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
                          const FileSystem& files) {
  PlanChanges out;
  ChangedView view(files);
  for (const v1::Step& step : plan.steps()) {
    absl::StatusOr<StepChanges> changes = ChangesOf(step, manifest_dir, view);
    if (!changes.ok()) {
      out.refused = WithContext(changes.status(), absl::StrCat("step ", step.name()));
      return out;
    }
    view.Apply(*changes);
    out.steps.push_back({step.name(), *std::move(changes)});
  }
  return out;
}

v1::NodeDiff DiffOf(const PlanChanges& changes, Shown shown, std::size_t most_bytes) {
  v1::NodeDiff out;
  for (const NamedStepChanges& step : changes.steps) {
    v1::StepDiff& diff = *out.add_steps();
    diff.set_step(step.step);
    for (const PathChange& change : step.changes) {
      if (change.changed()) *diff.add_files() = FileDiffOf(change, shown, &most_bytes);
    }
  }
  if (!changes.refused.ok()) out.set_refused(ValidUtf8(std::string(changes.refused.message())));
  return out;
}

}  // namespace belay
