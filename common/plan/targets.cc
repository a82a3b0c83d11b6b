#include "common/plan/targets.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/ids.h"

namespace belay {
namespace {

using Patterns = google::protobuf::RepeatedPtrField<std::string>;

constexpr int kMostPatterns = 1000;

bool IsPattern(const std::string& text) {
  if (!absl::EndsWith(text, "*")) return IsValidName(text);
  // What follows is not known: "prod-" is no name by itself, and "prod-0" is.
  return text.size() > 1 && IsValidName(text.substr(0, text.size() - 1) + "0");
}

bool Fits(const std::string& pattern, const std::string& name) {
  if (!absl::EndsWith(pattern, "*")) return pattern == name;
  return absl::StartsWith(name, absl::string_view(pattern).substr(0, pattern.size() - 1));
}

bool FitsAny(const Patterns& patterns, const std::string& name) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&name](const std::string& pattern) { return Fits(pattern, name); });
}

void Check(const std::string& path, const Patterns& patterns, std::vector<BrokenRule>& broken) {
  if (patterns.size() > kMostPatterns) {
    broken.push_back({path, absl::StrCat("has more than ", kMostPatterns, " names; use a '*'")});
    return;
  }
  for (int i = 0; i < patterns.size(); ++i) {
    if (IsPattern(patterns[i])) continue;
    broken.push_back({absl::StrCat(path, "[", i, "]"),
                      "must be a name, or the beginning of one with '*' behind it (prod-*)"});
  }
}

}  // namespace

std::vector<BrokenRule> FindTargetErrors(const v1::RemediationPlan& plan) {
  std::vector<BrokenRule> broken;
  if (!plan.has_targets()) return broken;
  const v1::Targets& targets = plan.targets();
  if (targets.clusters().empty() && targets.nodes().empty()) {
    broken.push_back({"spec.targets",
                      "names neither clusters nor nodes, so that the plan could be carried out "
                      "nowhere: name some, or leave targets away"});
  }
  Check("spec.targets.clusters", targets.clusters(), broken);
  Check("spec.targets.nodes", targets.nodes(), broken);
  return broken;
}

std::string WhyNotFor(const v1::RemediationPlan& plan, const std::string& cluster,
                      const std::string& node) {
  if (!plan.has_targets()) return "";
  const v1::Targets& targets = plan.targets();
  if (targets.clusters().empty() && targets.nodes().empty())
    return "the plan is signed for nothing";
  if (!targets.clusters().empty() && !FitsAny(targets.clusters(), cluster)) {
    return absl::StrCat("the plan is signed for ", DescribeTargets(plan), ", and this is cluster ",
                        cluster);
  }
  if (!node.empty() && !targets.nodes().empty() && !FitsAny(targets.nodes(), node)) {
    return absl::StrCat("the plan is signed for ", DescribeTargets(plan), ", and this is node ",
                        node);
  }
  return "";
}

std::string DescribeTargets(const v1::RemediationPlan& plan) {
  static constexpr int kShown = 10;
  const auto some = [](const char* what, const Patterns& patterns) {
    if (patterns.empty()) return std::string();
    const int shown = std::min(patterns.size(), kShown);
    return absl::StrCat(
        what, absl::StrJoin(patterns.begin(), patterns.begin() + shown, ", "),
        shown < patterns.size() ? absl::StrCat(" and ", patterns.size() - shown, " more") : "");
  };
  const std::string clusters = some("clusters ", plan.targets().clusters());
  const std::string nodes = some("nodes ", plan.targets().nodes());
  return absl::StrCat(clusters, clusters.empty() || nodes.empty() ? "" : ", ", nodes);
}

}  // namespace belay
