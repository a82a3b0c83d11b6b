#include "cli/render/diff.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "cli/render/words.h"
#include "common/base/safe_text.h"

namespace belay {

std::string RenderDiff(const v1::NodeDiff& diff, bool exactly) {
  std::string text;
  for (const v1::StepDiff& step : diff.steps()) {
    if (step.files().empty()) continue;
    absl::StrAppend(&text, "# step ", SafeLine(step.step()),
                    step.phase().empty() ? "" : absl::StrCat(" of phase ", SafeLine(step.phase())),
                    "\n");
    for (const v1::FileDiff& file : step.files()) {
      const std::string shown = exactly ? file.text() : SafeLines(file.text());
      absl::StrAppend(&text, shown, !shown.empty() && shown.back() != '\n' ? "\n" : "");
    }
  }
  if (!diff.refused().empty()) {
    absl::StrAppend(&text, "# refused: ", SafeLine(diff.refused()), "\n");
  }
  return text;
}

std::string RenderDiffs(const v1::DiffPlanReply& reply) {
  std::string text;
  for (const v1::NodeDiffResult& node : reply.nodes()) {
    absl::StrAppend(&text, text.empty() ? "" : "\n", "# node ", SafeLine(node.node()), "\n");
    if (!node.missing().empty()) {
      absl::StrAppend(&text, "# no answer: ", SafeLine(node.missing()), "\n");
      continue;
    }
    const std::string diff = RenderDiff(node.diff(), false);
    text += diff.empty() ? "# nothing would change\n" : diff;
  }
  return text;
}

int DiffExitCode(const v1::NodeDiff& diff) {
  if (!diff.refused().empty()) return kExitRefused;
  const bool changes = std::any_of(diff.steps().begin(), diff.steps().end(),
                                   [](const v1::StepDiff& step) { return !step.files().empty(); });
  return changes ? kExitDifferent : kExitDone;
}

int DiffExitCode(const v1::DiffPlanReply& reply) {
  int code = reply.nodes().empty() ? kExitUsage : kExitDone;
  for (const v1::NodeDiffResult& node : reply.nodes()) {
    code = std::max(code, node.missing().empty() ? DiffExitCode(node.diff()) : kExitUsage);
  }
  return code;
}

}  // namespace belay
