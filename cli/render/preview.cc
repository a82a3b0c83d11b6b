#include "cli/render/preview.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/render/table.h"
#include "cli/render/words.h"
#include "common/base/safe_text.h"

namespace belay {
namespace {

constexpr int kSomethingWouldChange = 2;

bool Changes(const v1::RolloutPreviewNode& node) {
  for (const v1::StepDiff& step : node.diff().steps()) {
    if (!step.files().empty()) return true;
  }
  return false;
}

std::string WhatOf(const v1::RolloutPreviewNode& node) {
  if (node.place() == 0) return "-";
  if (!node.missing().empty()) return absl::StrCat("not known: ", node.missing());
  if (!node.diff().refused().empty()) return absl::StrCat("REFUSED: ", node.diff().refused());
  std::vector<std::string> steps;
  for (const v1::StepDiff& step : node.diff().steps()) {
    if (step.files().empty()) continue;
    std::vector<std::string> files;
    for (const v1::FileDiff& file : step.files()) files.push_back(file.path());
    steps.push_back(absl::StrCat(step.phase(), step.phase().empty() ? "" : "/", step.step(), ": ",
                                 absl::StrJoin(files, ", ")));
  }
  return steps.empty() ? "nothing" : absl::StrJoin(steps, "; ");
}

std::string PhasesOf(const v1::RemediationPlan& plan) {
  if (plan.phases().empty()) return "";
  std::string text;
  for (int i = 0; i < plan.phases_size(); ++i) {
    absl::StrAppend(&text, i == 0 ? "phases   " : "         ", i + 1, " \"",
                    SafeLine(plan.phases(i).name()), "\", ", plan.phases(i).steps(),
                    plan.phases(i).steps() == 1 ? " step" : " steps",
                    i == 0 ? ", on every node in the order below\n"
                           : ", when every node has committed the one before\n");
  }
  return text;
}

}  // namespace

std::string RenderPreview(const v1::StartRolloutReply& reply, const v1::RemediationPlan& plan,
                          const std::string& cluster) {
  const v1::RolloutPreview& preview = reply.preview();
  std::vector<std::vector<std::string>> rows;
  for (const v1::RolloutPreviewNode& node : preview.nodes()) {
    rows.push_back({node.place() == 0 ? "-" : absl::StrCat(node.place()), node.name(),
                    node.not_ready().empty() ? "ready" : node.not_ready(), node.place_reason(),
                    WhatOf(node)});
  }
  return absl::StrCat(
      "nothing was started; this is what would be done, and in which order\nplan     ",
      SafeLine(plan.name()), "\n", PhasesOf(plan), "cluster  ", SafeLine(cluster), "\norder    ",
      SafeLine(reply.order_reason()), "\nbegins   ",
      preview.hold().empty() ? "when every node is ready"
                             : absl::StrCat("not before ", SafeLine(preview.hold())),
      "\n\n", RenderTable({"#", "NODE", "NOW", "PLACE", "WOULD CHANGE"}, rows));
}

int DetailedExitCode(const v1::StartRolloutReply& reply) {
  bool changes = false;
  for (const v1::RolloutPreviewNode& node : reply.preview().nodes()) {
    if (node.place() == 0) continue;
    if (!node.missing().empty() || !node.diff().refused().empty()) return kExitOther;
    changes = changes || Changes(node);
  }
  return changes ? kSomethingWouldChange : kExitDone;
}

}  // namespace belay
