#include "common/plan/compile.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/plan/decode.h"
#include "common/plan/decode_edit.h"
#include "common/plan/edit_rules.h"
#include "common/plan/gated.h"
#include "common/plan/phases.h"
#include "common/plan/retry.h"
#include "common/plan/rules.h"
#include "common/plan/yaml_tree.h"

namespace belay {
namespace {

// Kubelet lists its directory every 20 s: what goes wrong at that listing shows after it only.
constexpr std::uint32_t kKubeletListingMs = 20'000;

std::string ParentPath(const std::string& path) {
  const std::size_t cut = path.find_last_of(".[");
  return cut == std::string::npos ? "" : path.substr(0, cut);
}

Place PlaceOfPath(const DecodedPlan& decoded, std::string path) {
  for (;; path = ParentPath(path)) {
    if (const auto it = decoded.places.find(path); it != decoded.places.end()) return it->second;
    if (path.empty()) return {};
  }
}

bool IsBroken(const DecodedPlan& decoded, std::string path) {
  for (;; path = ParentPath(path)) {
    if (decoded.broken.count(path) != 0) return true;
    if (path.empty()) return false;
  }
}

void Sort(std::vector<Mistake>& mistakes) {
  std::stable_sort(mistakes.begin(), mistakes.end(), [](const Mistake& a, const Mistake& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
}

// Each where it stands in the document, but for those about values that could not be read anyway.
void AddPlaced(const DecodedPlan& decoded, std::vector<BrokenRule> broken,
               std::vector<Mistake>& mistakes) {
  for (BrokenRule& rule : broken) {
    if (IsBroken(decoded, rule.path)) continue;
    const Place place = PlaceOfPath(decoded, rule.path);
    mistakes.push_back({place.line, place.column, std::move(rule.message)});
  }
}

// A changed config file changes nothing until its reader starts again.
void FindUnread(const DecodedPlan& decoded, int index, std::vector<Mistake>& warnings) {
  const v1::Step& step = decoded.plan.steps(index);
  if (StartsSomething(step)) return;
  for (int i = 0; i < step.edits_size(); ++i) {
    if (!step.edits(i).has_set_config_key() && !step.edits(i).has_unset_config_key()) continue;
    const Place place =
        PlaceOfPath(decoded, absl::StrCat(StepPath(decoded.plan, index), ".edits[", i, "]"));
    warnings.push_back({place.line, place.column,
                        "this step restarts nothing: the program that reads this file takes the "
                        "change up when it is started the next time (for kubelet: add "
                        "restartService: kubelet)"});
    return;
  }
}

void FindWarnings(const DecodedPlan& decoded, std::vector<Mistake>& warnings) {
  if (std::string retry = RetryWarning(decoded.plan); !retry.empty()) {
    const Place place = PlaceOfPath(decoded, "spec.retry");
    warnings.push_back({place.line, place.column, std::move(retry)});
  }
  for (int i = 0; i < decoded.plan.steps_size(); ++i) {
    const v1::Step& step = decoded.plan.steps(i);
    FindUnread(decoded, i, warnings);
    if (!StartsSomething(step) || step.gate().stable_ms() >= kKubeletListingMs) continue;
    const Place place =
        PlaceOfPath(decoded, absl::StrCat(StepPath(decoded.plan, i), ".gate.stable"));
    warnings.push_back(
        {place.line, place.column,
         "stable is shorter than 20s: kubelet lists its manifests every 20 s, and what "
         "goes wrong at that listing would come after the verdict"});
  }
}

}  // namespace

CompiledPlan CompilePlan(std::string_view yaml) {
  CompiledPlan compiled;
  YamlDocument document = ReadYaml(yaml);
  compiled.mistakes = std::move(document.mistakes);
  if (!document.readable) return compiled;
  DecodedPlan decoded = DecodePlan(document.root);
  for (Mistake& mistake : decoded.mistakes) compiled.mistakes.push_back(std::move(mistake));
  AddPlaced(decoded, FindBrokenRules(decoded.plan), compiled.mistakes);
  FindWarnings(decoded, compiled.warnings);
  Sort(compiled.mistakes);
  Sort(compiled.warnings);
  compiled.plan = std::move(decoded.plan);
  return compiled;
}

CompiledEdit CompileEdit(std::string_view text, EditScope scope) {
  CompiledEdit compiled;
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    compiled.mistakes.push_back(
        {1, 1, "there is no edit: give one as in a plan, like {unsetFlag: {flag: profiling}}"});
    return compiled;
  }
  YamlDocument document = ReadYaml(text);
  compiled.mistakes = std::move(document.mistakes);
  if (!document.readable) return compiled;
  DecodedPlan decoded;
  DecodeEdit(document.root, "", scope, compiled.edit, decoded);
  for (Mistake& mistake : decoded.mistakes) compiled.mistakes.push_back(std::move(mistake));
  std::vector<BrokenRule> broken;
  CheckEdit(compiled.edit, "", scope, broken);
  AddPlaced(decoded, std::move(broken), compiled.mistakes);
  Sort(compiled.mistakes);
  return compiled;
}

std::vector<std::string> FindPlanErrors(const v1::RemediationPlan& plan) {
  std::vector<std::string> errors;
  for (const BrokenRule& rule : FindBrokenRules(plan)) {
    errors.push_back(absl::StrCat(rule.path, ": ", rule.message));
  }
  return errors;
}

std::string CanonicalBytes(const v1::RemediationPlan& plan) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    plan.SerializeToCodedStream(&coded);
  }
  return bytes;
}

}  // namespace belay
